"""What is refused as no secret, and what is left alone because others chose it."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import pytest
from structlog.testing import capture_logs

from privacydesk.cli.serve import _warn_of
from privacydesk.errors import SettingsError
from privacydesk.settings import Settings, load_settings, new_secret
from privacydesk.weak_secrets import WeakSecret, check_secrets, find_weak_secrets

SAMPLE = "please-change-me-1234"
WORDS = base64.b64encode(b"correct horse battery staple 123").decode()
SHARED = (
    "account_service_secret",
    "account_service_previous_secret",
    "code_gateway_secret",
    "code_gateway_previous_secret",
    "push_gateway_secret",
    "push_gateway_previous_secret",
    "translation_secret",
    "translation_previous_secret",
    "metrics_token",
)
GIVEN = (
    "captcha_secret",
    "imap_password",
    "mcp_token",
    "sign_on_client_secret",
    "smtp_password",
    "sms_access_key_secret",
    "ticketing_secret",
)


def settings(**more: Any) -> Settings:
    """Return settings with good secrets, but for some."""
    good = {"ring_keys": {"one": new_secret()}, "ring_key": "one", "hashing_secret": new_secret()}
    return load_settings(**good | more)


def refused(**more: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        check_secrets(settings(**more))
    return caught.value


def told(**more: Any) -> WeakSecret:
    """Return the one weak secret, with which the desk starts."""
    (found,) = check_secrets(settings(**more))
    return found


def test_every_secret_of_the_settings_is_looked_at() -> None:
    names = {
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert names == {*SHARED, *GIVEN, "ring_keys", "hashing_secret", "hashing_previous_secret"}


@pytest.mark.parametrize("name", [*SHARED, *GIVEN])
@pytest.mark.parametrize(
    "secret", [SAMPLE, "x" * 20, "your-secret-token-here", "aaaabbbbccccaaaa"[:8] * 2]
)
def test_placeholders_are_refused(name: str, secret: str) -> None:
    error = refused(**{name: secret})
    assert error.message.startswith(f"PRIVACYDESK_{name.upper()} looks like a placeholder: ")
    assert (error.data["key"], secret in error.message) == (name, False)


@pytest.mark.parametrize("name", ["hashing_secret", "hashing_previous_secret"])
@pytest.mark.parametrize(
    "secret", [WORDS, base64.b64encode(bytes(range(9, 41))).decode()], ids=["words", "counting"]
)
def test_keys_that_are_not_random_are_faults(name: str, secret: str) -> None:
    weak = told(**{name: secret})
    assert weak.is_fault
    assert weak.sentence.startswith(f"PRIVACYDESK_{name.upper()} is not random: ")
    assert "privacydesk keys rehash" in weak.sentence


@pytest.mark.parametrize("name", [*SHARED, *GIVEN])
@pytest.mark.parametrize("secret", ["0123456789" * 2, "bcdefghijklmnopqr"])
def test_what_counts_or_repeats_is_a_fault(name: str, secret: str) -> None:
    weak = told(**{name: secret})
    assert (weak.setting, weak.is_fault) == (name, True)


def test_each_ring_key_has_to_be_random() -> None:
    weak = told(ring_keys={"one": new_secret(), "old": WORDS})
    assert "the key 'old' in PRIVACYDESK_RING_KEYS is not random" in weak.sentence


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("secret", ["the-account-secret-of-2026", "test-bench-4f9a-shared-token"])
def test_a_word_of_examples_among_others_is_no_placeholder(name: str, secret: str) -> None:
    assert not list(find_weak_secrets(settings(**{name: secret})))


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("secret", ["fQ7-x", "abcabcaaabbbcccaabbcc"])
def test_secrets_for_services_are_long_and_varied(name: str, secret: str) -> None:
    assert refused(**{name: secret}).data["key"] == name


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("secret", ["fQ7-x", "mail-pass-word", "Secretary of 1984", "t0k3n-w0rk"])
def test_what_others_chose_is_their_choice(name: str, secret: str) -> None:
    assert not list(find_weak_secrets(settings(**{name: secret})))


def test_a_staff_channel_is_named_by_its_name() -> None:
    channel = {"name": "ops", "platform": "feishu", "url": "https://x.example", "secret": SAMPLE}
    message = refused(staff_channels=[channel]).message
    assert "the secret of 'ops' in PRIVACYDESK_STAFF_CHANNELS looks like" in message


@pytest.mark.parametrize("other", ["hashing_secret", "hashing_previous_secret", "metrics_token"])
def test_a_key_is_used_for_nothing_else(other: str) -> None:
    key = new_secret()
    weak = told(**{"ring_keys": {"one": key}, other: key})
    assert weak.is_fault
    assert f"PRIVACYDESK_RING_KEYS and PRIVACYDESK_{other.upper()} are the same" in weak.sentence


def test_services_that_share_a_secret_are_named_and_start() -> None:
    same = secrets.token_urlsafe(24)
    found = list(
        find_weak_secrets(
            settings(
                account_service_secret=same,
                account_service_previous_secret=same,
                code_gateway_secret=same,
                smtp_password="Secretary of 1984",
                imap_password="Secretary of 1984",
            )
        )
    )
    assert [(one.is_refused, one.is_fault) for one in found] == [(False, False)]
    assert "ACCOUNT_SERVICE_SECRET and PRIVACYDESK_CODE_GATEWAY_SECRET" in found[0].sentence


def test_the_start_warns_of_what_is_weak_and_shows_no_value() -> None:
    with capture_logs() as logs:
        _warn_of([told(hashing_secret=WORDS)])
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("weak_secret", "warning")
    assert entry["setting"] == "hashing_secret"
    assert WORDS not in repr(logs)
