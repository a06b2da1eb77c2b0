from __future__ import annotations

import base64
import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, OKPKey
from structlog.testing import capture_logs

from privacydesk.clock import MovableClock
from privacydesk.errors import DeskError, ErrorCode, SettingsError
from privacydesk.services import app_tokens
from privacydesk.services.app_tokens import TokenChecker

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
SHARED = OctKey.import_key(b"a secret of at least 32 bytes ..", {"kid": "s"})
SIGNING = OKPKey.generate_key("Ed25519", {"kid": "e"})
CHECKER = TokenChecker(
    [SHARED.as_dict(private=True), SIGNING.as_dict(private=False)],
    "privacydesk",
    MovableClock(NOW, frozen=True),
)


def token(key: Any = SHARED, alg: str = "HS256", kid: str = "s", **claims: Any) -> str:
    exp = int((NOW + timedelta(minutes=10)).timestamp())
    made = {"sub": "u-1", "aud": "privacydesk", "exp": exp, **claims}
    made = {name: value for name, value in made.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": kid}, made, key, algorithms=[alg])


def refusal(text: str) -> ErrorCode:
    with pytest.raises(DeskError) as caught:
        CHECKER.check(text)
    return caught.value.code


@pytest.mark.parametrize("named", [{}, {"alg": "Ed25519"}, {"alg": "EdDSA"}], ids=str)
@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_both_names_of_the_signature_are_taken_without_a_word(
    alg: str, named: dict[str, str]
) -> None:
    checker = TokenChecker(
        [{**SIGNING.as_dict(private=False), **named}], "privacydesk", MovableClock(NOW, frozen=True)
    )
    with warnings.catch_warnings():
        # Signing is the app's business; what is looked at is the desk's part.
        warnings.simplefilter("ignore", SecurityWarning)
        signed = token(SIGNING, alg, "e", locale="en")
    assert checker.check(signed).locale == "en"


def test_a_token_names_its_account_and_its_end() -> None:
    claims = CHECKER.check(token())
    assert claims.account == "u-1"
    assert claims.expires_at == NOW + timedelta(minutes=10)


def test_a_token_names_itself_and_when_it_was_issued() -> None:
    issued = NOW - timedelta(minutes=5)
    claims = CHECKER.check(token(jti="a-1", iat=int(issued.timestamp())))
    assert (claims.token_id, claims.issued_at) == ("a-1", issued)


@pytest.mark.parametrize(
    "claims",
    [{}, {"iat": "today"}, {"iat": True}, {"iat": NOW.timestamp() + 31}, {"jti": 7}],
    ids=repr,
)
def test_a_token_that_does_not_say_when_it_was_issued_is_taken(claims: dict[str, Any]) -> None:
    told = CHECKER.check(token(**claims))
    assert (told.token_id, told.issued_at) == ("", None)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [("minor", "minor"), ("suspended", "suspended"), ("king", "regular"), (["minor"], "regular")],
)
def test_a_token_may_say_how_the_account_stands(claim: Any, expected: str) -> None:
    assert CHECKER.check(token(standing=claim)).standing.value == expected
    assert CHECKER.check(token()).standing.value == "regular"


def test_a_token_for_several_audiences_is_taken() -> None:
    assert CHECKER.check(token(aud=["other", "privacydesk"])).account == "u-1"


def test_half_a_minute_of_skew_is_forgiven() -> None:
    assert CHECKER.check(token(exp=NOW.timestamp() - 30)).account == "u-1"
    assert refusal(token(exp=NOW.timestamp() - 31)) is ErrorCode.TOKEN_EXPIRED


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW.timestamp() - 60}, "token_expired"),
        ({"exp": NOW.timestamp() + 90_000}, "token_lifetime"),
        ({"iat": NOW.timestamp() - 90_000}, "token_lifetime"),
        ({"nbf": NOW.timestamp() + 60}, "token_not_yet"),
        ({"aud": "other"}, "token_audience"),
        ({"sub": ""}, "token_subject"),
    ],
)
def test_a_refusal_tells_the_apps_developer_what_is_wrong_with_the_token(
    claims: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DeskError) as caught:
        CHECKER.check(token(**claims))
    assert caught.value.data["reason"] == reason


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"}, {"aud": None}, {"sub": ""}, {"sub": None}, {"sub": 7}, {"sub": "x" * 129},
        {"exp": None}, {"exp": NOW.timestamp() + 90_000}, {"nbf": NOW.timestamp() + 60},
        {"exp": float("nan")}, {"exp": float("inf")}, {"exp": 10**400}, {"exp": True},
        {"exp": "9999999999"}, {"nbf": "tomorrow"}, {"nbf": float("nan")}, {"nbf": [0]},
    ],
    ids=repr,
)  # fmt: skip
def test_a_token_that_says_the_wrong_thing_is_refused(claims: dict[str, Any]) -> None:
    assert refusal(token(**claims)) is ErrorCode.UNAUTHENTICATED


def test_a_token_that_ended_before_all_time_is_expired() -> None:
    assert refusal(token(exp=-1e300)) is ErrorCode.TOKEN_EXPIRED


def test_however_many_tokens_are_refused_the_log_has_a_line_a_minute_for_each_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A logger that was used before keeps the processors of that time.
    monkeypatch.setattr(app_tokens, "_log", structlog.get_logger())
    clock = MovableClock(NOW, frozen=True)
    checker = TokenChecker([SHARED.as_dict(private=True)], "privacydesk", clock)

    def refuse(text: str) -> None:
        with pytest.raises(DeskError):
            checker.check(text)

    with capture_logs() as logs:
        for _ in range(50):
            refuse("no token")
            refuse(token(sub=""))
        assert len(logs) == 2
        clock.move(timedelta(minutes=1))
        refuse("no token")
        assert len(logs) == 3


def test_a_token_of_another_key_is_refused() -> None:
    stranger = OctKey.import_key(b"another secret of at least 32 ..", {"kid": "s"})
    assert refusal(token(stranger)) is ErrorCode.UNAUTHENTICATED
    assert refusal(token(kid="unknown")) is ErrorCode.UNAUTHENTICATED


def test_an_unsigned_token_is_refused() -> None:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    body = part({"sub": "u-1", "aud": "privacydesk", "exp": NOW.timestamp() + 60})
    assert refusal(f"{part({'alg': 'none'})}.{body}.") is ErrorCode.UNAUTHENTICATED


@given(st.text(max_size=200) | st.just("x" * 9_000))
def test_any_other_text_is_refused_quietly(text: str) -> None:
    assert refusal(text) is ErrorCode.UNAUTHENTICATED


def test_keys_that_are_none_name_the_setting() -> None:
    with pytest.raises(SettingsError) as caught:
        TokenChecker([{"kty": "nonsense"}], "privacydesk", MovableClock(NOW, frozen=True))
    assert caught.value.data["key"] == "app_token_keys"


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "kid": "a", "k": "Y2hhbmdlbWU"},
        {"kty": "oct", "kid": "a", "k": base64.urlsafe_b64encode(b"x" * 32).decode()},
        {"kty": "oct", "kid": "a"},
        {"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"},
        {},
    ],
)
def test_a_key_that_could_be_guessed_or_not_be_used_stops_the_start(key: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="PRIVACYDESK_APP_TOKEN_KEYS") as refused:
        TokenChecker([key], "privacydesk", MovableClock(NOW, frozen=True))
    assert "Y2hhbmdlbWU" not in str(refused.value)
