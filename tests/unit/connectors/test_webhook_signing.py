from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import svix.webhooks
import time_machine

from privacydesk.connectors.webhook_signing import sign

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
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
