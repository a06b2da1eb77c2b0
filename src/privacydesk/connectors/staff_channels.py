"""Posts plain text into group chats: robots of WeCom, DingTalk and Feishu, webhooks of Slack.

Each service has a dialect: how a request is signed, the form of its body, and what its answer
means. The Chinese services answer errors with the status 200 and a code in the body.

Nothing here logs or quotes an address: with it, anybody can post into the chat.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.guarded_session import guarded_session
from privacydesk.connectors.http import RawAnswer, post
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.domain.staff_channels import Platform, StaffChannelSender
from privacydesk.errors import InvalidRequestError, SettingsError, UnavailableError
from privacydesk.outages import Outages

_CONNECT_TIMEOUT: Final = 5.0
_TOTAL_TIMEOUT: Final = 15.0
_MAX_ANSWER: Final = 64 * 1024
_A_MINUTE: Final = 60.0
_SHUT_OFF: Final = 600.0
"""Seconds for which DingTalk refuses a robot that sent more than 20 messages in a minute."""
_BAD_REQUEST: Final = 400

_CREDENTIALS, _ADDRESS, _RATE, _BUSY = "credentials", "address", "rate_limited", "server_error"
_HINTS: Final[Mapping[str, str]] = {
    _CREDENTIALS: "the service refuses the message: compare the secret, the keywords and the"
    " allowed addresses in the robot's security settings",
    _ADDRESS: "the robot is not there any more, or was switched off: copy its address again",
    _RATE: "the service limits the robot: it may be used by others, too",
    "redirect": "the service redirects: put the final address into the setting",
    "refused": "the service refuses the form of the message",
}


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """Where a group chat takes messages.

    Attributes:
        name: the operator's name for it.
        platform: its service.
        url: the address of the robot or webhook; a secret.
        secret: the key by which messages are signed; empty for none.
    """

    name: str
    platform: Platform
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a service takes messages.

    Attributes:
        max_bytes: the maximum length of a text.
        request: returns query parameters and body for a text, a secret and the time.
        hosts: the hosts of the service itself.
        path: what the path of an address begins with; empty for any.
        query: the parameter that an address has to have; empty for none.
        code: the keys of the error code in an answer; none if the status says all.
        reasons: why a message is not accepted now, by error code.
        refused: the codes by which a message is refused for its form or content.
    """

    max_bytes: int
    request: Callable[[str, str, datetime], tuple[dict[str, str], Any]]
    hosts: frozenset[str]
    path: str = ""
    query: str = ""
    code: tuple[str, ...] = ()
    reasons: Mapping[int, str] = field(default_factory=dict)
    refused: frozenset[int] = frozenset()
    retry_after: float = _A_MINUTE


def _wecom(text: str, _secret: str, _now: datetime) -> tuple[dict[str, str], Any]:
    return {}, {"msgtype": "text", "text": {"content": text}}


def _dingtalk(text: str, secret: str, now: datetime) -> tuple[dict[str, str], Any]:
    body = {"msgtype": "text", "text": {"content": text}}
    if not secret:
        return {}, body
    timestamp = str(int(now.timestamp() * 1000))
    signature = _hmac(secret.encode(), f"{timestamp}\n{secret}".encode())
    return {"timestamp": timestamp, "sign": signature}, body


def _feishu(text: str, secret: str, now: datetime) -> tuple[dict[str, str], Any]:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        timestamp = str(int(now.timestamp()))
        # The text to sign is the key, and nothing is signed: so the service has it.
        signature = _hmac(f"{timestamp}\n{secret}".encode(), b"")
        body = {"timestamp": timestamp, "sign": signature, **body}
    return {}, body


def _slack(text: str, _secret: str, _now: datetime) -> tuple[dict[str, str], Any]:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, entity)
    return {}, {"text": text}


def _hmac(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


_DIALECTS: Final[Mapping[Platform, _Dialect]] = {
    Platform.WECOM: _Dialect(
        max_bytes=2_048,
        request=_wecom,
        hosts=frozenset({"qyapi.weixin.qq.com"}),
        path="/cgi-bin/webhook/send",
        query="key",
        code=("errcode",),
        reasons={-1: _BUSY, 45009: _RATE, 45033: _RATE, 93000: _ADDRESS},
        refused=frozenset({40008, 40058, 44004, 45002}),
    ),
    Platform.DINGTALK: _Dialect(
        # A message of 20,000 bytes is accepted; nobody reads more than this in a chat.
        max_bytes=4_096,
        request=_dingtalk,
        hosts=frozenset({"oapi.dingtalk.com"}),
        path="/robot/send",
        query="access_token",
        code=("errcode",),
        reasons={
            -1: _BUSY,
            130101: _RATE,
            410100: _RATE,
            310000: _CREDENTIALS,
            300001: _ADDRESS,
            400013: _ADDRESS,
            400101: _ADDRESS,
            400102: _ADDRESS,
            400106: _ADDRESS,
        },
        refused=frozenset({40035, 400105, 430101, 430102, 430104}),
        retry_after=_SHUT_OFF,
    ),
    Platform.FEISHU: _Dialect(
        max_bytes=4_096,
        request=_feishu,
        hosts=frozenset({"open.feishu.cn", "open.larksuite.com", "open.larkoffice.com"}),
        path="/open-apis/bot/v2/hook/",
        code=("code", "StatusCode"),
        reasons={
            11232: _RATE,
            19001: _ADDRESS,
            19021: _CREDENTIALS,
            19022: _CREDENTIALS,
            19024: _CREDENTIALS,
        },
        refused=frozenset({9499, 19002, 19036}),
    ),
    Platform.SLACK: _Dialect(
        max_bytes=4_000,
        request=_slack,
        hosts=frozenset({"hooks.slack.com"}),
    ),
}


class ChatWebhook:
    """Posts into one group chat; implements ``StaffChannelSender``.

    Args:
        address: where it takes messages.
        session: connects to allowed addresses only.
        clock: source of the signed timestamps.
        outages: records which chats take no messages.
    """

    def __init__(
        self,
        address: ChannelAddress,
        session: aiohttp.ClientSession,
        clock: Clock,
        outages: Outages,
    ) -> None:
        self._dialect = _DIALECTS[address.platform]
        self.max_bytes = self._dialect.max_bytes
        self._url = URL(address.url)
        self._secret = address.secret
        self._session = session
        self._clock = clock
        self._name = address.name
        self._outage = outages.of("staff_channels")

    async def send(self, text: str) -> None:
        """Post a message; see ``StaffChannelSender``."""
        query, body = self._dialect.request(text, self._secret, self._clock.now())
        try:
            answer = await post(
                self._session,
                self._url.update_query(query) if query else self._url,
                orjson.dumps(body),
                {},
                max_answer=_MAX_ANSWER,
                clock=self._clock,
            )
            self._check(answer)
        except UnavailableError as error:
            self._outage.begin(str(error.data.get("reason", "")), self._name)
            self._outage.refuse()
            raise
        self._outage.end(self._name)

    def _check(self, answer: RawAnswer) -> None:
        """Raise an error unless the message was accepted."""
        dialect = self._dialect
        if answer.status == _BAD_REQUEST and not dialect.code:
            raise InvalidRequestError("the message was refused", status=answer.status)
        if answer.status >= _BAD_REQUEST:
            raise UnavailableError("no such chat", reason=_ADDRESS, status=answer.status)
        if not dialect.code:
            return
        code = _read_code(answer.body, dialect.code)
        if code == 0:
            return
        if code in dialect.refused:
            raise InvalidRequestError("the message was refused", status=code)
        reason, message = dialect.reasons.get(code, "code"), f"the service answered {code}"
        if reason == _RATE:
            raise UnavailableError(
                message, reason=reason, status=code, retry_after=dialect.retry_after
            )
        raise UnavailableError(message, reason=reason, status=code)


def _read_code(body: bytes, keys: Iterable[str]) -> int:
    """Return the error code of an answer.

    Raises:
        UnavailableError: there is none, so that nobody knows whether the message arrived.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if isinstance(answer, dict):
        for key in keys:
            if isinstance(answer.get(key), int):
                return int(answer[key])
    raise UnavailableError("the answer has no code", reason="contract")


@asynccontextmanager
async def connect_staff_channels(
    addresses: Sequence[ChannelAddress], rules: AddressRules, clock: Clock, outages: Outages
) -> AsyncIterator[Mapping[str, StaffChannelSender]]:
    """Open the senders of group chats, by name, and close them at the end.

    Args:
        addresses: where the chats take messages.
        rules: the allowed network addresses.
        clock: source of the current time.
        outages: records outages of each chat.

    Raises:
        SettingsError: an address has not the form of its service.
    """
    for address in addresses:
        check_address(address, rules)
    limits = aiohttp.ClientTimeout(total=_TOTAL_TIMEOUT, connect=_CONNECT_TIMEOUT)
    async with (
        guarded_session(rules.address_check("https"), limits) as secure,
        guarded_session(rules.address_check("http"), limits) as plain,
    ):
        sessions = {"https": secure, "http": plain}
        yield {
            one.name: ChatWebhook(one, sessions[URL(one.url).scheme], clock, outages)
            for one in addresses
        }


def check_address(address: ChannelAddress, rules: AddressRules) -> None:
    """Check the form of a chat's address.

    Raises:
        SettingsError: it is not an address of its service, or one that the desk may not call.
    """
    name, dialect = address.name, _DIALECTS[address.platform]
    try:
        rules.check(address.url)
    except InvalidRequestError as error:
        raise _setting_error(name, f"url: {error.message}") from None
    url = URL(address.url)
    if not url.path.startswith(dialect.path) or url.path.rstrip("/") + "/" == dialect.path:
        raise _setting_error(
            name, f"url: the path of a {address.platform} robot is {dialect.path}…"
        )
    if dialect.query and not url.query.get(dialect.query):
        raise _setting_error(name, f"url: a {address.platform} robot's has {dialect.query}=…")
    if address.secret and address.platform in {Platform.WECOM, Platform.SLACK}:
        raise _setting_error(name, f"secret: {address.platform} takes none, its address is one")


def address_warning(address: ChannelAddress) -> str:
    """Return what is unusual about an address, in one sentence; empty if nothing is."""
    if address.platform is Platform.SLACK:
        return ""
    if URL(address.url).host not in _DIALECTS[address.platform].hosts:
        return f"its host is not that of {address.platform}: right only for a service of your own"
    if not address.secret and address.platform is not Platform.WECOM:
        return "it has no secret: switch on signatures in the robot's security settings"
    return ""


def describe_channel_fault(error: UnavailableError | InvalidRequestError) -> str:
    """Return why a message did not get into a chat, and what an operator can do about it."""
    reason = str(error.data.get("reason", "refused"))
    hint = _HINTS.get(reason) or f"the service can't be used now ({reason})"
    status = error.data.get("status")
    return f"{hint} (it answered {status})" if status is not None else hint


def _setting_error(name: str, fault: str) -> SettingsError:
    return SettingsError(f"PRIVACYDESK_STAFF_CHANNELS: {name}: {fault}", key="staff_channels")
