"""Settings: one frozen object, built at the start from a file and the environment.

The environment wins: ``PRIVACYDESK_PORT=9000`` overrides ``port`` of the file that
``PRIVACYDESK_CONFIG`` names (TOML). The caller may name a file to use when that is unset.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import tomllib
from contextvars import ContextVar
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, PlainValidator, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as UnreadableSettingsError

from privacydesk.errors import SettingsError
from privacydesk.profile import OperatorProfile, describe_validation_error, read_profile
from privacydesk.system_errors import translate_os_errors

CONFIG_VARIABLE = "PRIVACYDESK_CONFIG"
SECRET_BYTES = 32


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError("not a network such as 10.0.0.0/8 or fd00::/8") from None


Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network)]

_file: ContextVar[Path | None] = ContextVar("_file", default=None)
"""The file to read where the environment names none; pydantic builds its sources by itself."""


class Settings(BaseSettings):
    """The settings of a process.

    Attributes:
        ring_keys: name to 32 bytes in base64; they wrap the conversations' data keys.
        ring_key: the name of the one that wraps new keys.
        hashing_secret: 32 bytes in base64, under which accounts and contacts are looked up.
        app_token_keys: JSON Web Keys that the app's backend signs tokens with.
        app_token_audience: ``aud`` of these tokens.
        account_service_url: base address of the operator's account service.
        code_gateway_url: address of the gateway that sends codes.
        push_gateway_url: address of the service that pushes notices to devices; none by default.
        smtp_host: the server for outgoing mail; none by default.
        smtp_security: ``starttls``, ``tls``, or ``none`` for a server on this machine.
        smtp_from: the sender of mail, such as ``Privacy desk <desk@example.com>``.
        smtp_timeout_seconds: how long the mail server may take per step.
        smtp_ca_file: extra certificate authorities to trust for the mail server.
        imap_host: the server of a mailbox whose mail becomes conversations; none by default.
        imap_security: ``tls``, ``starttls``, or ``none`` for a server on this machine.
        imap_ca_file: extra certificate authorities to trust for it.
        imap_poll_seconds: pause between two polls of the mailbox.
        token_links: whether the chat page takes an app token out of its own address.
        new_chats_per_minute: conversations without a login that one address may begin on average.
        new_chats_at_once: how many of them it may begin at once.
        captcha_url: where solved challenges are verified; without it there are no challenges.
        captcha_site_key: the key that clients show the challenge with.
        captcha_after: conversations without a login that one address may begin at once before it
            gets a challenge.
        sockets_per_address: sockets and streams of the chat that one address may have open.
        silent_sockets_per_address: how many of them may not have said hello yet; a further one
            closes the oldest.
        held_megabytes: memory for all clients of the chat: bytes not yet read by them, or sent by
            them and not yet handled.
        held_megabytes_per_address: the same for the clients of one address.
        trusted_proxies: networks whose ``X-Forwarded-For`` is believed; none by default.
        staged_upload_hours: how long an uploaded file waits to be handed in before it is removed.
        staff_idle_minutes: how long a member of staff stays signed in without doing anything.
        staff_session_hours: how long a session lasts at most.
        temporary_password_hours: how long a password set by an administrator can be used.
        access_log_days: how long sign-ins and refused attempts are kept.
        separation_days: how long someone who added an agent, reset their access or changed their
            role can't act beside them where two people are needed; 0 for no such time.
        staff_entries_per_minute: staff passwords and codes that are checked from one address on
            average.
        staff_entries_at_once: how many of them at once.
        conversations_at_once: how many conversations one agent is assigned at once; more can be
            taken by hand.
        connection_grace_seconds: how long an agent's page may be silent before their conversations
            return to the queue.
        visit_minutes: how long an agent counts as present after a command.
        queue_patience_minutes: how long someone waits for a person, within working hours, before
            supervisors are called.
        workers: how many outbox rows of each pool are worked on at once; fewer of exports.
        api_requests_per_minute: HTTP API requests that a token may make on average.
        api_requests_at_once: how many of them at once.
        api_request_seconds: how long one of them may take, receiving its body included.
        ticketing_system: the ticketing system that is joined to the desk; none by default.
        ticketing_url: the address that its pages and its interface begin with.
        ticketing_username: the desk's account in it.
        ticketing_secret: that account's password or token.
        ticketing_poll_seconds: pause between two polls of both sides.
        log_json: whether the log is JSON; if unset, whenever it is not written to a
            terminal.
        webhook_networks: networks that webhooks may go to besides public addresses, there even
            without TLS; none by default.
        webhook_log_days: how long messages sent to other systems, and their answers, are kept.
    """

    model_config = SettingsConfigDict(
        env_prefix="PRIVACYDESK_",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    data_dir: Path = Path("data")
    database_url: str = ""
    profile: Path | None = None
    dialogs: Path | None = None
    locales: Path | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    ring_keys: dict[str, SecretStr] = {}
    ring_key: str = ""
    hashing_secret: SecretStr = SecretStr("")
    app_token_keys: list[dict[str, Any]] = Field(default=[], repr=False)
    app_token_audience: str = "privacydesk"  # noqa: S105 - names who a token is for
    account_service_url: str = ""
    account_service_secret: SecretStr = SecretStr("")
    code_gateway_url: str = ""
    code_gateway_secret: SecretStr = SecretStr("")
    push_gateway_url: str = ""
    push_gateway_secret: SecretStr = SecretStr("")
    smtp_host: str = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = ""
    smtp_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    smtp_ca_file: Path | None = None
    imap_host: str = ""
    imap_port: Annotated[int, Field(ge=1, le=65535)] = 993
    imap_security: Literal["tls", "starttls", "none"] = "tls"
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = "INBOX"
    imap_ca_file: Path | None = None
    imap_poll_seconds: Annotated[float, Field(ge=5, le=3600)] = 30.0
    cors_origins: list[str] = []
    frame_ancestors: str = "'self'"
    host_origin: str = ""
    token_links: bool = True
    messages_per_second: Annotated[float, Field(gt=0)] = 5.0
    message_burst: Annotated[int, Field(ge=1)] = 20
    new_chats_per_minute: Annotated[float, Field(gt=0)] = 6.0
    new_chats_at_once: Annotated[int, Field(ge=1)] = 30
    captcha_url: str = ""
    captcha_secret: SecretStr = SecretStr("")
    captcha_site_key: Annotated[str, Field(max_length=256)] = ""
    captcha_after: Annotated[int, Field(ge=1)] = 5
    sockets_per_address: Annotated[int, Field(ge=1)] = 1_000
    silent_sockets_per_address: Annotated[int, Field(ge=1)] = 500
    held_megabytes: Annotated[int, Field(ge=8)] = 256
    held_megabytes_per_address: Annotated[int, Field(ge=4)] = 32
    trusted_proxies: list[Network] = []
    staged_upload_hours: Annotated[float, Field(gt=0)] = 24.0
    staff_idle_minutes: Annotated[float, Field(gt=0)] = 30.0
    staff_session_hours: Annotated[float, Field(gt=0)] = 12.0
    temporary_password_hours: Annotated[float, Field(gt=0)] = 72.0
    access_log_days: Annotated[float, Field(gt=0)] = 180.0
    separation_days: Annotated[float, Field(ge=0, le=365)] = 7.0
    staff_entries_per_minute: Annotated[float, Field(gt=0)] = 20.0
    staff_entries_at_once: Annotated[int, Field(ge=1)] = 40
    conversations_at_once: Annotated[int, Field(ge=1, le=100)] = 3
    connection_grace_seconds: Annotated[float, Field(ge=20, le=3_600)] = 45.0
    visit_minutes: Annotated[float, Field(gt=0, le=720)] = 30.0
    queue_patience_minutes: Annotated[float, Field(gt=0)] = 10.0
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    api_requests_per_minute: Annotated[float, Field(gt=0)] = 600.0
    api_requests_at_once: Annotated[int, Field(ge=1)] = 120
    api_request_seconds: Annotated[float, Field(gt=0)] = 20.0
    ticketing_system: Literal["", "django_helpdesk", "request_tracker"] = ""
    ticketing_url: str = ""
    ticketing_username: str = ""
    ticketing_secret: SecretStr = SecretStr("")
    ticketing_poll_seconds: Annotated[float, Field(ge=1, le=3600)] = 15.0
    webhook_networks: list[Network] = []
    webhook_log_days: Annotated[float, Field(ge=7)] = 30.0
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    log_json: bool | None = Field(
        default=None, validation_alias=AliasChoices("PRIVACYDESK_LOG_JSON", "log_json")
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, and arguments over both."""
        del env_settings, dotenv_settings, file_secret_settings
        return (
            init_settings,
            _Environment(settings_cls),
            InitSettingsSource(settings_cls, init_kwargs=_read_file()),
        )

    @property
    def url(self) -> str:
        """The database's address; a SQLite file in the data folder unless one is named."""
        return self.database_url or f"sqlite:///{self.data_dir / 'privacydesk.db'}"

    def operator(self) -> OperatorProfile:
        """Read the operator profile.

        Raises:
            SettingsError: none is named, or it is wrong.
        """
        if self.profile is None:
            raise SettingsError(
                "PRIVACYDESK_PROFILE is missing: name the operator profile (a YAML file), or with"
                " --data-dir the folder of a desk that runs",
                key="profile",
            )
        try:
            return read_profile(self.profile)
        except SettingsError as error:
            raise SettingsError(f"PRIVACYDESK_PROFILE: {error.message}", key="profile") from None

    def keys(self) -> tuple[str, dict[str, bytes]]:
        """Return the name of the current ring key and all ring keys.

        Raises:
            SettingsError: they are missing or wrong; the message names the setting.
        """
        if not self.ring_keys:
            raise _missing("ring_keys")
        if not self.ring_key:
            raise _missing("ring_key")
        if self.ring_key not in self.ring_keys:
            raise SettingsError(
                "PRIVACYDESK_RING_KEY names none of PRIVACYDESK_RING_KEYS", key="ring_key"
            )
        keys = {name: secret_bytes(key, "ring_keys") for name, key in self.ring_keys.items()}
        return self.ring_key, keys

    def hashing(self) -> bytes:
        """Return the hashing secret.

        Raises:
            SettingsError: it is missing or too short.
        """
        if not self.hashing_secret.get_secret_value():
            raise _missing("hashing_secret")
        return secret_bytes(self.hashing_secret, "hashing_secret")


def load_settings(config: Path | None = None, **given: Any) -> Settings:
    """Build the settings from the environment, the file it names, and ``given``.

    Args:
        config: the file to read where the environment names none.
        **given: settings by name; they win over both.

    Raises:
        SettingsError: a setting is wrong; the message names it and never shows its value.
    """
    named = _file.set(config)
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _wrong(error) from None
    except UnreadableSettingsError as error:
        raise _not_json(error) from None
    finally:
        _file.reset(named)


def unknown_variables() -> tuple[str, ...]:
    """Return misspelt settings: variables of the environment that look like settings only."""
    prefix = Settings.model_config["env_prefix"]
    known = {CONFIG_VARIABLE, *(f"{prefix}{name.upper()}" for name in Settings.model_fields)}
    return tuple(
        sorted(
            name
            for name in os.environ
            if name.upper().startswith(prefix) and name.upper() not in known
        )
    )


def secret_bytes(secret: SecretStr, key: str) -> bytes:
    """Decode a secret of 32 bytes in base64.

    Raises:
        SettingsError: it is none, or an obvious placeholder.
    """
    try:
        raw = base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise _bad_secret(key) from None
    if len(raw) != SECRET_BYTES or len(set(raw)) < 8:  # noqa: PLR2004 - random bytes repeat little
        raise _bad_secret(key)
    return raw


def new_secret() -> str:
    """Return a fresh secret of 32 bytes in base64."""
    return base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def _wrong(error: ValidationError) -> SettingsError:
    """Return an error that names the first wrong setting as a variable, and what is wrong."""
    where = error.errors(include_input=False, include_url=False)[0]["loc"]
    key = str(where[0]).lower().removeprefix("privacydesk_") if where else ""
    named = f"PRIVACYDESK_{key.upper()}: " if key in Settings.model_fields else ""
    return SettingsError(f"{named}{describe_validation_error(error)}", key=key)


class _SaidTwiceError(ValueError):
    """An object in JSON has a duplicate key, of which a parser keeps the last."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class _Environment(EnvSettingsSource):
    """The environment, as a source that refuses objects with duplicate keys."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ARG002 - as it is called
        """Parse JSON."""
        return json.loads(value, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise _SaidTwiceError(name)
        read[name] = value
    return read


def _not_json(error: UnreadableSettingsError) -> SettingsError:
    """Return an error naming the variable whose list or mapping is not JSON, without its value."""
    named = re.search(r'field "(\w+)"', str(error))
    if named is None:
        return SettingsError(f"settings: {error}")
    key = named[1]
    if isinstance(error.__cause__, _SaidTwiceError):
        return SettingsError(
            f"PRIVACYDESK_{key.upper()} names {error.__cause__.name!r} twice: only one would count",
            key=key,
        )
    return SettingsError(f"PRIVACYDESK_{key.upper()} must be JSON, a list or an object", key=key)


def _missing(key: str) -> SettingsError:
    return SettingsError(
        f"PRIVACYDESK_{key.upper()} is missing: make one with `privacydesk keys generate`",
        key=key,
    )


def _bad_secret(key: str) -> SettingsError:
    return SettingsError(
        f"PRIVACYDESK_{key.upper()} must be {SECRET_BYTES} random bytes in base64:"
        " make them with `privacydesk keys generate`",
        key=key,
    )


def _read_file() -> dict[str, Any]:
    variable = os.environ.get(CONFIG_VARIABLE)
    named = Path(variable) if variable else _file.get()
    if named is None:
        return {}
    shown = CONFIG_VARIABLE if variable else named
    try:
        with translate_os_errors(str(shown), named):
            return tomllib.loads(named.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{shown}: the file is not TOML: {error}", key="config") from None
