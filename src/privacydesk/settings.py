"""Settings of a process: an immutable object, built from the environment and a TOML file.

The environment takes precedence: ``PRIVACYDESK_PORT=9000`` overrides ``port`` of the file named by
``PRIVACYDESK_CONFIG``. The caller may name a file that is used if this variable is unset.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as UnreadableSettingsError

from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.staff_channels import ASSIGNED, Platform
from privacydesk.errors import SettingsError
from privacydesk.profile import OperatorProfile, describe_validation_error, read_profile
from privacydesk.ring_command import read_ring
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

_default_file: ContextVar[Path | None] = ContextVar("_default_file", default=None)
"""The settings file if the environment names none. A context variable, because pydantic creates the
sources of the settings."""


class StaffChannelSettings(BaseModel):
    """A group chat in which staff are told of alarms and assignments.

    Attributes:
        name: the operator's name for it.
        platform: its service.
        url: address of the robot or webhook, which anybody may post to who has it.
        secret: key by which messages are signed; none by default.
        alarms: the reasons for messages; all by default.
        language: the language of its messages.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    platform: Platform
    url: SecretStr
    secret: SecretStr = SecretStr("")
    alarms: Annotated[tuple[AlarmKind | Literal["assigned"], ...], Field(min_length=1)] = (
        *AlarmKind,
        ASSIGNED,
    )
    language: Literal["zh-Hans", "zh-Hant", "en"] = "zh-Hans"


class Settings(BaseSettings):
    """The settings of a process.

    Attributes:
        metrics_host: address that Prometheus asks.
        metrics_port: port that it asks; None for no metrics, 0 for a free one. Of several
            processes, each has its own, one after the other.
        metrics_token: token that it has to show; empty for none, on this machine only.
        traces: whether spans are sent to OpenTelemetry; its own variables say where.
        drain_seconds: how long after SIGTERM the desk still serves while ``/readyz`` says that it
            stops, so that a load balancer sends no new clients to it.
        ring_keys: keys that wrap the data keys of conversations: name to 32 bytes in base64.
        ring_command: a program that prints ``ring_keys`` as JSON, with its arguments; instead of
            ``ring_keys``.
        ring_command_seconds: how long it may take.
        ring_key: name of the ring key that wraps new data keys.
        hashing_secret: 32 bytes in base64, the key of the hashes of accounts and contacts.
        hashing_previous_secret: the secret before the present one, while ``keys rehash`` gives
            stored hashes the form of the present one.
        app_token_keys: JSON Web Keys that the app's backend signs tokens with.
        app_token_audience: ``aud`` of these tokens.
        account_service_url: base URL of the operator's account service.
        account_service_previous_secret: the secret before the present one: it signs as well, and
            callbacks may be signed with it, until it is taken out. The other services have one,
            too.
        code_gateway_url: URL of the gateway that sends codes.
        sms_vendor: cloud whose SMS service sends to phones; none by default.
        sms_access_key_id: ID of the key there.
        sms_access_key_secret: secret of that key.
        sms_sign: approved sign name.
        sms_sign_abroad: sign name for numbers outside the mainland.
        sms_templates: approved templates by kind; see ``connectors.cloud_sms``.
        sms_app: SdkAppId, of Tencent Cloud only.
        sms_region: region, of Tencent Cloud only.
        sms_endpoint: address of the service, if it isn't the usual one.
        push_gateway_url: URL of the service that sends push messages; none by default.
        translation_url: URL of the service that translates messages for staff, which leave the desk
            for it; none by default.
        smtp_host: server for outgoing mail; none by default.
        smtp_security: ``starttls``, ``tls``, or ``none`` for a server on the same machine.
        smtp_from: sender of mail, such as ``Privacy desk <desk@example.com>``.
        smtp_timeout_seconds: timeout for each step of the SMTP dialogue.
        smtp_ca_file: additional certificate authorities for the mail server.
        imap_host: server of the mailbox whose mail becomes conversations; none by default.
        imap_security: ``tls``, ``starttls``, or ``none`` for a server on the same machine.
        imap_ca_file: additional certificate authorities for the mailbox server.
        imap_poll_seconds: interval between polls of the mailbox.
        token_links: whether the chat page accepts an app token in its URL.
        new_chats_per_minute: average number of conversations without a login that one address may
            start.
        new_chats_at_once: how many of them it may start in a burst.
        captcha_url: URL that verifies solved CAPTCHAs; if empty, no CAPTCHA is used.
        captcha_site_key: site key for the clients.
        captcha_after: number of conversations without a login that one address may start in a burst
            without a CAPTCHA.
        sockets_per_address: maximum number of open chat sockets and streams for each address.
        silent_sockets_per_address: how many of them may be open before their first message; another
            one closes the oldest.
        held_megabytes: maximum memory for all clients of the chat: data that they have not read
            yet, or have sent and is not handled yet.
        held_megabytes_per_address: the same limit for the clients of one address.
        trusted_proxies: networks whose ``X-Forwarded-For`` header is trusted; none by default.
        staged_upload_hours: how long an upload is kept if it isn't filed with a ticket.
        desk_url: origin of the desk, as browsers see it: passkeys are for it, the identity provider
            sends staff back to it, and messages to group chats link to it; none by default.
        sign_on_issuer: issuer identifier of the identity provider by which staff sign in; none by
            default.
        sign_on_client_id: the desk's identifier at the provider.
        sign_on_client_secret: secret shared with the provider.
        sign_on_client_key: private JSON Web Key, by which the desk signs instead of the secret.
        sign_on_scopes: scopes that are requested; ``offline_access`` where the provider gives
            refresh tokens for it alone.
        sign_on_name: the provider's name on the sign-in page.
        sign_on_role_claim: claim with the person's groups; none by default, so that roles are set
            at the desk.
        sign_on_roles: role by group; the first group that a person has counts.
        sign_on_match: claim that names the agent at the first sign-in; none by default, so that
            administrators link agents.
        sign_on_email_domain: domain whose verified addresses name agents by their local part.
        sign_on_create: whether unknown people become agents at the first sign-in.
        sign_on_only: whether staff may sign in by the provider alone.
        sign_on_emergency: agents whose password works all the same.
        sign_on_networks: networks of a provider that has no public address or no TLS.
        sign_on_unchecked_minutes: how long a session lasts for which the provider gave no refresh
            token.
        recent_minutes: how long ago agents must have authenticated to open files, account data and
            exports; 0 to disable.
        staff_idle_minutes: how long a staff session stays valid without use.
        staff_session_hours: maximum duration of a staff session.
        temporary_password_hours: how long a password set by an administrator is valid.
        access_log_days: how long entries of the access log are kept.
        separation_days: how long an agent who added another agent, reset their access or changed
            their role can't be the second person beside them; 0 to disable.
        staff_entries_per_minute: average number of staff passwords and codes that are checked for
            one address.
        staff_entries_at_once: how many of them are checked in a burst.
        conversations_at_once: maximum number of conversations assigned to one agent; agents can
            take over more.
        connection_grace_seconds: how long an agent's page may be without a heartbeat before their
            conversations return to the queue.
        visit_minutes: how long an agent counts as present after a command.
        queue_patience_minutes: the opening time within which a user who waits for an agent should
            be answered; then supervisors are alerted.
        help_in_time_percent: the share of waits that should end within that time.
        help_left_percent: the share of users who may leave the queue unanswered.
        help_return_days: how soon a user who asks for an agent again has returned.
        workers: number of outbox rows of each pool that are delivered in parallel; fewer for
            exports.
        api_requests_per_minute: average number of HTTP API requests for each token.
        api_requests_at_once: how many of them are permitted in a burst.
        api_guesses_per_minute: how many unknown API tokens one network may send in a minute, and in
            a burst.
        api_request_seconds: timeout of an API request, including the receipt of its body.
        ticketing_system: external ticketing system to sync with; none by default.
        ticketing_url: base URL of its pages and its API.
        ticketing_username: the desk's account in it.
        ticketing_secret: password or token of that account.
        ticketing_poll_seconds: interval between syncs.
        log_json: whether the log is JSON; if unset, it is unless it is written to a terminal.
        webhook_networks: networks that webhooks may be sent to besides public addresses, also
            without TLS; none by default.
        webhook_log_days: how long webhook deliveries and their responses are kept.
        staff_channels: group chats in which staff are told of alarms and assignments.
        mcp_desk_url: origin of the desk whose HTTP API the command ``mcp`` reads.
        mcp_token: API token that ``mcp`` shows it on stdio.
    """

    model_config = SettingsConfigDict(
        env_prefix="PRIVACYDESK_",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _strip(cls, value: Any) -> Any:
        """Drop white space around a value, such as what ends lines in files from Windows."""
        return value.strip() if isinstance(value, str) else value

    data_dir: Path = Path("data")
    database_url: str = ""
    profile: Path | None = None
    dialogs: Path | None = None
    locales: Path | None = None
    host: str = "127.0.0.1"
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    metrics_token: SecretStr = SecretStr("")
    traces: bool = False
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    ring_keys: dict[str, SecretStr] = {}
    ring_command: Annotated[list[str], Field(repr=False)] = []
    ring_command_seconds: Annotated[float, Field(gt=0, le=300)] = 20.0
    ring_key: str = ""
    hashing_secret: SecretStr = SecretStr("")
    hashing_previous_secret: SecretStr = SecretStr("")
    app_token_keys: list[dict[str, Any]] = Field(default=[], repr=False)
    app_token_audience: str = "privacydesk"  # noqa: S105 - names who a token is for
    account_service_url: str = ""
    account_service_secret: SecretStr = SecretStr("")
    account_service_previous_secret: SecretStr = SecretStr("")
    code_gateway_url: str = ""
    code_gateway_secret: SecretStr = SecretStr("")
    code_gateway_previous_secret: SecretStr = SecretStr("")
    sms_vendor: Literal["", "aliyun", "tencent"] = ""
    sms_access_key_id: str = ""
    sms_access_key_secret: SecretStr = SecretStr("")
    sms_sign: str = ""
    sms_sign_abroad: str = ""
    sms_templates: dict[str, str] = {}
    sms_app: str = ""
    sms_region: str = "ap-guangzhou"
    sms_endpoint: str = ""
    push_gateway_url: str = ""
    push_gateway_secret: SecretStr = SecretStr("")
    push_gateway_previous_secret: SecretStr = SecretStr("")
    translation_url: str = ""
    translation_secret: SecretStr = SecretStr("")
    translation_previous_secret: SecretStr = SecretStr("")
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
    socket_origins: list[str] = []
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
    desk_url: str = ""
    sign_on_issuer: str = ""
    sign_on_client_id: str = ""
    sign_on_client_secret: SecretStr = SecretStr("")
    sign_on_client_key: dict[str, Any] = Field(default={}, repr=False)
    sign_on_scopes: list[str] = ["openid", "profile", "email"]
    sign_on_name: Annotated[str, Field(max_length=64)] = ""
    sign_on_role_claim: str = ""
    sign_on_roles: dict[str, str] = {}
    sign_on_match: Literal["", "preferred_username", "email"] = ""
    sign_on_email_domain: str = ""
    sign_on_create: bool = False
    sign_on_only: bool = False
    sign_on_emergency: list[str] = []
    sign_on_networks: list[Network] = []
    sign_on_unchecked_minutes: Annotated[float, Field(ge=1, le=720)] = 15.0
    recent_minutes: Annotated[float, Field(ge=0, le=720)] = 30.0
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
    help_in_time_percent: Annotated[int, Field(ge=0, le=100)] = 80
    help_left_percent: Annotated[int, Field(ge=0, le=100)] = 10
    help_return_days: Annotated[float, Field(gt=0, le=90)] = 7.0
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    api_requests_per_minute: Annotated[float, Field(gt=0)] = 600.0
    api_requests_at_once: Annotated[int, Field(ge=1)] = 120
    api_guesses_per_minute: Annotated[int, Field(ge=1)] = 3_000
    api_request_seconds: Annotated[float, Field(gt=0)] = 20.0
    ticketing_system: Literal["", "django_helpdesk", "redmine", "request_tracker"] = ""
    ticketing_url: str = ""
    ticketing_username: str = ""
    ticketing_secret: SecretStr = SecretStr("")
    ticketing_poll_seconds: Annotated[float, Field(ge=1, le=3600)] = 15.0
    webhook_networks: list[Network] = []
    webhook_log_days: Annotated[float, Field(ge=7)] = 30.0
    staff_channels: list[StaffChannelSettings] = Field(default=[], repr=False)
    mcp_desk_url: str = "http://127.0.0.1:8080"
    mcp_token: SecretStr = SecretStr("")
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
        """Order the sources: arguments, then the environment, then the file."""
        del env_settings, dotenv_settings, file_secret_settings
        return (
            init_settings,
            _Environment(settings_cls),
            InitSettingsSource(settings_cls, init_kwargs=_read_file()),
        )

    @property
    def url(self) -> str:
        """The database URL; by default, a SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'privacydesk.db'}"

    def operator(self) -> OperatorProfile:
        """Read the operator profile.

        Raises:
            SettingsError: the setting is missing, or the profile is invalid.
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

    def ring(self) -> Mapping[str, SecretStr]:
        """Return all ring keys, as they are written; empty if they are missing.

        Raises:
            SettingsError: the program that has to print them does not.
        """
        if not self.ring_command:
            return self.ring_keys
        if self.ring_keys:
            raise SettingsError(
                "PRIVACYDESK_RING_KEYS and PRIVACYDESK_RING_COMMAND are both set: leave one out",
                key="ring_command",
            )
        printed = read_ring(tuple(self.ring_command), self.ring_command_seconds)
        return {name: SecretStr(key) for name, key in printed.items()}

    def keys(self) -> tuple[str, dict[str, bytes]]:
        """Return the name of the current ring key and all ring keys.

        Raises:
            SettingsError: they are missing or invalid; the message names the setting.
        """
        ring = self.ring()
        if not ring:
            raise _missing_secret("ring_keys")
        if not self.ring_key:
            raise _missing_secret("ring_key")
        if self.ring_key not in ring:
            raise SettingsError(
                "PRIVACYDESK_RING_KEY names none of PRIVACYDESK_RING_KEYS", key="ring_key"
            )
        keys = {name: secret_bytes(key, "ring_keys") for name, key in ring.items()}
        return self.ring_key, keys

    def hashing(self) -> bytes:
        """Return the hashing secret.

        Raises:
            SettingsError: it is missing or too short.
        """
        if not self.hashing_secret.get_secret_value():
            raise _missing_secret("hashing_secret")
        return secret_bytes(self.hashing_secret, "hashing_secret")

    def previous_hashing(self) -> bytes | None:
        """Return the hashing secret before the present one; None if there is none.

        Raises:
            SettingsError: it is too short.
        """
        if not self.hashing_previous_secret.get_secret_value():
            return None
        return secret_bytes(self.hashing_previous_secret, "hashing_previous_secret")


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Load the settings from the environment and the settings file.

    Args:
        config: the settings file if the environment names none.
        **overrides: settings that take precedence over both.

    Raises:
        SettingsError: a setting is invalid; the message names it and never has its value.
    """
    token = _default_file.set(config)
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise _validation_error(error) from None
    except UnreadableSettingsError as error:
        raise _json_error(error) from None
    finally:
        _default_file.reset(token)


def unknown_variables() -> tuple[str, ...]:
    """Return environment variables with the prefix of settings that are no settings."""
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

    Args:
        secret: the encoded secret.
        key: name of the setting, for the error message.

    Raises:
        SettingsError: it is invalid, or an obvious placeholder.
    """
    try:
        raw = base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise _invalid_secret(key) from None
    if len(raw) != SECRET_BYTES or len(set(raw)) < 8:  # noqa: PLR2004 - random bytes repeat little
        raise _invalid_secret(key)
    return raw


def new_secret() -> str:
    """Return a new random secret of 32 bytes in base64."""
    return base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def _validation_error(error: ValidationError) -> SettingsError:
    """Return an error that names the variable of the first invalid setting, and all faults."""
    location = error.errors(include_input=False, include_url=False)[0]["loc"]
    key = str(location[0]).lower().removeprefix("privacydesk_") if location else ""
    prefix = f"PRIVACYDESK_{key.upper()}: " if key in Settings.model_fields else ""
    return SettingsError(f"{prefix}{describe_validation_error(error)}", key=key)


class _DuplicateKeyError(ValueError):
    """A JSON object has a duplicate key."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class _Environment(EnvSettingsSource):
    """The environment as a source that refuses JSON objects with duplicate keys."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ARG002 - the inherited signature
        """Parse a JSON value."""
        return json.loads(value, object_pairs_hook=_object_without_duplicates)


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise _DuplicateKeyError(name)
        values[name] = value
    return values


def _json_error(error: UnreadableSettingsError) -> SettingsError:
    """Return an error that names the variable with invalid JSON, without its value."""
    field = re.search(r'field "(\w+)"', str(error))
    if field is None:
        return SettingsError(f"settings: {error}")
    key = field[1]
    if isinstance(error.__cause__, _DuplicateKeyError):
        return SettingsError(
            f"PRIVACYDESK_{key.upper()} names {error.__cause__.name!r} twice: only one would count",
            key=key,
        )
    return SettingsError(f"PRIVACYDESK_{key.upper()} must be JSON, a list or an object", key=key)


def _missing_secret(key: str) -> SettingsError:
    return SettingsError(
        f"PRIVACYDESK_{key.upper()} is missing: make one with `privacydesk keys generate`",
        key=key,
    )


def _invalid_secret(key: str) -> SettingsError:
    return SettingsError(
        f"PRIVACYDESK_{key.upper()} must be {SECRET_BYTES} random bytes in base64:"
        " make them with `privacydesk keys generate`",
        key=key,
    )


def _read_file() -> dict[str, Any]:
    variable = os.environ.get(CONFIG_VARIABLE)
    file = Path(variable) if variable else _default_file.get()
    if file is None:
        return {}
    source = CONFIG_VARIABLE if variable else file
    try:
        with translate_os_errors(str(source), file):
            return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{source}: the file is not TOML: {error}", key="config") from None
