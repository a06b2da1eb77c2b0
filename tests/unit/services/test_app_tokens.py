from __future__ import annotations

import base64
import hmac
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


@pytest.mark.parametrize("kind", ["logout+jwt", "secevent+jwt", "JOSE", ""])
def test_a_token_of_another_type_is_refused(kind: str) -> None:
    with pytest.raises(DeskError) as caught:
        CHECKER.check(_of_type(kind))
    assert caught.value.data["reason"] == "token_type"


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt"])
def test_types_of_logins_are_taken(kind: str) -> None:
    assert CHECKER.check(_of_type(kind)).account == "u-1"


def _of_type(kind: str) -> str:
    exp = int((NOW + timedelta(minutes=10)).timestamp())
    header = {"alg": "HS256", "kid": "s", "typ": kind}
    return jwt.encode(header, {"sub": "u-1", "aud": "privacydesk", "exp": exp}, SHARED)


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


def _part(value: dict[str, Any] | bytes) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


_BODY = _part({"sub": "u-1", "aud": "privacydesk", "exp": NOW.timestamp() + 60})


def _signed_with(secret: bytes, header: dict[str, Any], hash_name: str = "sha256") -> str:
    """Return a token whose signature is right for this secret, whatever its header says."""
    signing_input = f"{_part(header)}.{_BODY}"
    signature = hmac.digest(secret, signing_input.encode(), hash_name)
    return f"{signing_input}.{_part(signature)}"


def test_a_token_made_by_hand_like_the_forged_ones_is_taken() -> None:
    made = _signed_with(SHARED.raw_value, {"alg": "HS256", "kid": "s"})
    assert CHECKER.check(made).account == "u-1"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 0, ["HS256"]], ids=repr)
@pytest.mark.parametrize("more", [{}, {"kid": "s"}, {"kid": "e"}], ids=str)
def test_an_unsigned_token_is_refused(alg: Any, more: dict[str, str]) -> None:
    header = {"alg": alg, **more}
    assert refusal(f"{_part(header)}.{_BODY}.") is ErrorCode.UNAUTHENTICATED
    assert refusal(f"{_part(header)}.{_BODY}") is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize("kid", ["e", "s", "", None])
@pytest.mark.parametrize("form", ["raw", "pem", "der", "jwk"])
def test_the_public_key_is_no_shared_secret(form: str, kid: str | None) -> None:
    public = SIGNING.as_dict(private=False)
    secrets = {
        "raw": base64.urlsafe_b64decode(str(public["x"]) + "=="),
        "pem": SIGNING.as_pem(private=False),
        "der": SIGNING.as_der(private=False),
        "jwk": json.dumps(public).encode(),
    }
    header = {"alg": "HS256"} | ({} if kid is None else {"kid": kid})
    assert refusal(_signed_with(secrets[form], header)) is ErrorCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS384", "kid": "s"}, {"alg": "HS512", "kid": "s"}, {"alg": "RS256", "kid": "s"},
        {"alg": "HS256", "kid": "../../etc/passwd"}, {"alg": "HS256", "kid": "s", "b64": False},
        {"alg": "HS256", "kid": "s", "crit": ["exp"], "exp": 1},
        {"alg": "HS256", "kid": "s", "crit": ["b64"], "b64": False},
    ],
    ids=str,
)  # fmt: skip
def test_a_header_that_the_desk_does_not_know_is_refused(header: dict[str, Any]) -> None:
    hashes = {"HS384": "sha384", "HS512": "sha512"}
    made = _signed_with(SHARED.raw_value, header, hashes.get(header["alg"], "sha256"))
    assert refusal(made) is ErrorCode.UNAUTHENTICATED


def test_a_key_that_the_token_brings_along_is_not_used() -> None:
    own = OctKey.import_key(b"a secret that its sender made up.", {"kid": "own"})
    brought = {"jwk": own.as_dict(private=True), "jku": "https://evil.example/keys"}
    made = _signed_with(own.raw_value, {"alg": "HS256", "kid": "own", **brought})
    assert refusal(made) is ErrorCode.UNAUTHENTICATED


def test_a_signature_covers_every_part_of_its_token() -> None:
    header, body, signature = token().split(".")
    other = _part({"sub": "u-2", "aud": "privacydesk", "exp": NOW.timestamp() + 60})
    for forged in (
        f"{header}.{other}.{signature}",
        f"{_part({'alg': 'HS256', 'kid': 's', 'x': 1})}.{body}.{signature}",
        f"{header}.{body}.{'A' * len(signature)}",
        f"{header}.{body}.",
        f"{header}.{body}.{signature}.{body}.{signature}",
        json.dumps({"protected": header, "payload": body, "signature": signature}),
    ):
        assert refusal(forged) is ErrorCode.UNAUTHENTICATED, forged


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
