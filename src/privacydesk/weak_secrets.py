"""Weak secrets: placeholders, patterns, words, and one secret for two things.

``serve`` refuses to start with a placeholder, and with a secret too short to be one. With other
weak ones it warns and starts: a desk that runs with a key that was typed has to go on running while
the key is replaced. ``doctor`` names them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from typing import Final

from pydantic import SecretStr

from privacydesk.errors import SettingsError
from privacydesk.settings import Settings, secret_bytes

_SHARED: Final = ("account_service", "code_gateway", "push_gateway", "translation")
_GIVEN: Final = {
    "captcha_secret": "captcha",
    "imap_password": "mail",
    "mcp_token": "mcp",
    "sign_on_client_secret": "sign_on",
    "smtp_password": "mail",
    "sms_access_key_secret": "sms",
    "ticketing_secret": "ticketing",
}
"""Settings with secrets that other systems gave out, and the purpose of each."""

_MIN_LENGTH: Final = 16
_MIN_DISTINCT: Final = 8
_MIN_DISTINCT_GIVEN: Final = 5
_MIN_REST: Final = 5
"""How many characters a password has at least besides words of examples and separators."""

_PLACEHOLDERS: Final = (
    "placeholder", "password", "replace", "default", "example", "change", "please", "secret",
    "token", "admin", "here", "with", "test", "this", "todo", "your", "key", "my", "me",
)  # fmt: skip
"""Words of which secrets in examples consist."""


class _Origin(Enum):
    KEY = auto()
    """32 random bytes of the desk's own."""
    SHARED = auto()
    """A text that the operator makes, for the desk and a service of theirs."""
    GIVEN = auto()
    """Chosen by another system, or in it."""


@dataclass(frozen=True, slots=True)
class _Secret:
    """A secret of the settings.

    Attributes:
        setting: name of the setting.
        value: the secret.
        origin: who makes it.
        purpose: what it is for; a secret and the one before it have the same purpose.
        remedy: how to replace it by a good one.
        label: what it is called, if the setting holds several.
    """

    setting: str
    value: str
    origin: _Origin
    purpose: str
    remedy: str
    label: str = ""

    @property
    def name(self) -> str:
        """The secret by its setting."""
        variable = f"PRIVACYDESK_{self.setting.upper()}"
        return f"{self.label} in {variable}" if self.label else variable


@dataclass(frozen=True, slots=True)
class WeakSecret:
    """A weak secret, or a weakness of several.

    Attributes:
        setting: name of the setting.
        sentence: what is wrong and how to make a good one; never has the value.
        is_refused: whether the desk doesn't start with it.
        is_fault: whether anybody could guess it, or use it for what it was not given for.
    """

    setting: str
    sentence: str
    is_refused: bool = False
    is_fault: bool = True


def check_secrets(settings: Settings) -> tuple[WeakSecret, ...]:
    """Return the weak secrets with which the desk starts.

    Raises:
        SettingsError: one is a placeholder, with which it does not; the message names its setting.
    """
    found = tuple(find_weak_secrets(settings))
    for weak in found:
        if weak.is_refused:
            raise SettingsError(weak.sentence, key=weak.setting)
    return found


def find_weak_secrets(settings: Settings) -> Iterator[WeakSecret]:
    """Yield the weak secrets by the names of their settings, never their values.

    Raises:
        SettingsError: ring keys or hashing secret are missing or invalid.
    """
    users: dict[str, dict[str, _Secret]] = defaultdict(dict)
    for secret in (*_keys(settings), *_shared_secrets(settings), *_given_secrets(settings)):
        if not secret.value:
            continue
        users[secret.value].setdefault(secret.purpose, secret)
        if secret.origin is not _Origin.KEY and _is_placeholder(secret):
            sentence = f"{secret.name} looks like a placeholder: {secret.remedy}"
            yield WeakSecret(secret.setting, sentence, is_refused=True)
        elif _is_guessable(secret):
            yield WeakSecret(secret.setting, f"{secret.name} is not random: {secret.remedy}")
    for secrets in users.values():
        if len(secrets) > 1:
            yield _used_twice(list(secrets.values()))


def _keys(settings: Settings) -> Iterator[_Secret]:
    settings.keys()
    settings.hashing()
    for name, key in settings.ring().items():
        yield _Secret(
            "ring_keys",
            key.get_secret_value(),
            _Origin.KEY,
            f"ring key {name}",
            "make another one with `privacydesk keys generate --ring-key`, put it in use with"
            " `privacydesk keys rotate`, and take this one out",
            f"the key {name!r}",
        )
    yield _Secret(
        "hashing_secret",
        settings.hashing_secret.get_secret_value(),
        _Origin.KEY,
        "hashing",
        "make another one with `privacydesk keys generate --hashing-secret`; in a database that"
        " is filled, put it in use with `privacydesk keys rehash`",
    )
    yield _Secret(
        "hashing_previous_secret",
        settings.hashing_previous_secret.get_secret_value(),
        _Origin.KEY,
        "hashing",
        "run `privacydesk keys rehash`, and take it out",
    )


def _shared_secrets(settings: Settings) -> Iterator[_Secret]:
    new = f"use at least {_MIN_LENGTH} random characters, such as `openssl rand -base64 32` prints"
    for service in _SHARED:
        for setting, remedy in (
            (f"{service}_secret", f"{new}, on both sides"),
            (f"{service}_previous_secret", "change the service to the present one; take it out"),
        ):
            value = getattr(settings, setting).get_secret_value()
            yield _Secret(setting, value, _Origin.SHARED, service, remedy)
    token = settings.metrics_token.get_secret_value()
    yield _Secret("metrics_token", token, _Origin.SHARED, "metrics", f"{new}, in Prometheus, too")


def _given_secrets(settings: Settings) -> Iterator[_Secret]:
    remedy = "put the one there that the other system knows, and choose a random one in it"
    for setting, purpose in _GIVEN.items():
        value = getattr(settings, setting).get_secret_value()
        yield _Secret(setting, value, _Origin.GIVEN, purpose, remedy)
    for channel in settings.staff_channels:
        yield _Secret(
            "staff_channels",
            channel.secret.get_secret_value(),
            _Origin.GIVEN,
            f"staff channel {channel.name}",
            remedy,
            f"the secret of {channel.name!r}",
        )


def _is_guessable(secret: _Secret) -> bool:
    if secret.origin is _Origin.KEY:
        raw = secret_bytes(SecretStr(secret.value), secret.setting)
        return _is_patterned(raw) or _is_text(raw)
    return _is_patterned(secret.value.encode())


def _used_twice(secrets: list[_Secret]) -> WeakSecret:
    """Return the weakness of one secret that has several purposes.

    It is a fault where it is a key of the desk, which nobody else may know.
    """
    names = " and ".join(secret.name for secret in secrets)
    keys = [secret for secret in secrets if secret.origin is _Origin.KEY]
    if keys:
        message = f"{names} are the same: use each secret for one thing alone; {keys[-1].remedy}"
        return WeakSecret(keys[-1].setting, message)
    message = f"{names} are the same: give each service its own, so that none can act for another"
    return WeakSecret(secrets[0].setting, message, is_fault=False)


def _is_placeholder(secret: _Secret) -> bool:
    """Return whether a secret is short, or consists of words of examples or of few characters."""
    value, is_shared = secret.value.lower(), secret.origin is _Origin.SHARED
    if is_shared and len(value) < _MIN_LENGTH:
        return True
    rest = value
    for word in _PLACEHOLDERS:
        rest = rest.replace(word, " ")
    left = sum(character.isalnum() for character in rest)
    min_distinct = _MIN_DISTINCT if is_shared else _MIN_DISTINCT_GIVEN
    return len(set(secret.value)) < min_distinct or (rest != value and left < _MIN_REST)


def _is_patterned(raw: bytes) -> bool:
    """Return whether bytes count up or down, or repeat their beginning."""
    steps = {(after - before) % 256 for before, after in pairwise(raw)}
    repeats = any(
        raw == (raw[:period] * len(raw))[: len(raw)] for period in range(1, len(raw) // 2 + 1)
    )
    return len(steps) == 1 or repeats


def _is_text(raw: bytes) -> bool:
    return raw.isascii() and raw.decode("ascii").isprintable()
