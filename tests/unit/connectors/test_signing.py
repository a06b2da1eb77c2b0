from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import svix.webhooks
import time_machine

from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.signing import call_headers, read_signed, sign
from privacydesk.errors import SettingsError

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
Form = Callable[..., dict[str, str]]
OLD, NEW = (f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))
BODY = '{"type":"ticket.filed","data":{"number":"PD-1","note":"你好"}}'.encode()


def headers(*secrets: str, at: datetime = NOW) -> dict[str, str]:
    stamp = int(at.timestamp())
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secrets, "evt_1", stamp, BODY),
    }


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.webhooks.Webhook])
def test_the_public_libraries_take_either_secret_of_a_rotation(library: type) -> None:
    for secret in (OLD, NEW):
        library(secret).verify(BODY, headers(NEW, OLD))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        library(OLD).verify(BODY, headers(NEW))


@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.webhooks.Webhook])
def test_a_retry_a_day_later_is_signed_at_its_own_time(library: type) -> None:
    later = NOW + timedelta(days=1)
    with time_machine.travel(later, tick=False):
        library(OLD).verify(BODY, headers(OLD, at=later))
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            library(OLD).verify(BODY, headers(OLD, at=NOW))


@time_machine.travel(NOW, tick=False)
def test_a_changed_body_or_id_is_refused_by_the_libraries() -> None:
    webhook = standardwebhooks.Webhook(OLD)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        webhook.verify(BODY.replace(b"PD-1", b"PD-2"), headers(OLD))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        webhook.verify(BODY, {**headers(OLD), "webhook-id": "evt_2"})


def test_a_secret_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        sign(("whsec_!",), "evt_1", 1, BODY)


# -- calls to services, and their callbacks -------------------------------------------------------

SECRET, BEFORE = "a shared secret of any form", "the one that it had before"
STAMP = int(NOW.timestamp())
DESKS_OWN = ("Idempotency-Key", "X-Desk-Timestamp", "X-Desk-Signature")


def call(*secrets: str) -> dict[str, str]:
    return call_headers(secrets, "k-1", STAMP, BODY)


def in_desks_form(*secrets: str) -> dict[str, str]:
    return {name: value for name, value in call(*secrets).items() if name in DESKS_OWN}


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_the_public_library_takes_the_calls_of_the_desk(secret: str) -> None:
    known = secret if secret.startswith("whsec_") else secret.encode()
    webhook = standardwebhooks.Webhook(known)
    webhook.verify(BODY, call(secret))
    webhook.verify(BODY, call(NEW, secret))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        webhook.verify(BODY, call(NEW))


@pytest.mark.parametrize("form", [call, in_desks_form])
def test_a_call_is_read_in_either_form_with_either_secret(form: Form) -> None:
    for secrets in ((SECRET,), (SECRET, BEFORE), (BEFORE, SECRET)):
        assert read_signed(secrets, form(SECRET), BODY) == ("k-1", STAMP)
    assert read_signed((BEFORE,), form(SECRET), BODY) is None


@pytest.mark.parametrize("form", [call, in_desks_form])
def test_a_signature_holds_for_its_body_time_and_key_only(form: Form) -> None:
    good = form(SECRET)
    assert read_signed((SECRET,), good, BODY + b" ") is None
    for name, value in (
        ("Idempotency-Key", "k-2"), ("webhook-id", "k-2"), ("webhook-timestamp", "1"),
        ("X-Desk-Timestamp", "1"), ("webhook-timestamp", "9" * 400), ("webhook-timestamp", "½"),
        ("webhook-signature", "v1,"), ("webhook-signature", "\udcff"), ("webhook-id", "\udcff"),
        ("X-Desk-Signature", "v1=ä"), ("X-Desk-Signature", "v1="),
    ):  # fmt: skip
        if name in good and not (form is call and name.startswith("X-Desk")):
            assert read_signed((SECRET,), {**good, name: value}, BODY) is None, name
    for missing in good:
        if not (form is call and missing.startswith(("X-Desk", "Idempotency"))):
            left = {name: value for name, value in good.items() if name != missing}
            is_other_form = missing == "webhook-signature"
            assert (read_signed((SECRET,), left, BODY) is not None) is is_other_form, missing


def test_an_endless_list_of_signatures_is_not_looked_through() -> None:
    good = call(SECRET)
    many = " ".join(["v1,AAAA"] * 1000 + [good["webhook-signature"]])
    assert read_signed((SECRET,), {**good, "webhook-signature": many}, BODY) is None


def test_a_secret_of_a_service_that_is_no_base64_after_its_prefix_is_told() -> None:
    for secrets in (("whsec_!", ""), (SECRET, "whsec_!")):
        with pytest.raises(SettingsError, match="whsec_"):
            Endpoint("https://sms.example", *secrets).checked("code_gateway")
