"""Sends codes and notices by the SMS services of Alibaba Cloud and Tencent Cloud.

    phone ─► template and sign name ─► vendor: one signed SendSms ─► sent, refused or unavailable
    account ─► code gateway, if there is one; else its phone, from the account service

The vendors know templates, not texts: the operator has them approved there, and names them in the
settings. Errors come as codes. What concerns one number refuses its message; what concerns the
operator's account there (balance, keys, templates) is an outage.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import uuid4

import aiohttp
import orjson
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.breaker import CircuitBreaker
from privacydesk.connectors.cloud_signing import acs_headers, canonical_query, tc_headers
from privacydesk.connectors.http import Endpoint, RawAnswer, open_session, request
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.domain.account import AccountService
from privacydesk.domain.account_terms import AccountAction, AccountOutcome, AccountReason
from privacydesk.domain.code_delivery import (
    AccountContact,
    CodeSender,
    MailTarget,
    PhoneTarget,
    SendAnswer,
    SendOutcome,
)
from privacydesk.domain.masking import mask_phone
from privacydesk.domain.notices import Notice, NoticeGateway, NoticeSubject
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage

ALIYUN: Final = "aliyun"
TENCENT: Final = "tencent"
ENDPOINTS: Final = {
    ALIYUN: "https://dysmsapi.aliyuncs.com",
    TENCENT: "https://sms.tencentcloudapi.com",
}

_MAINLAND: Final = "+86"
_MAX_ANSWER: Final = 64 * 1024
_MAX_KEYS: Final = 10_000
_ERRORS: Final = frozenset({400, 401, 403, 404, 429, 500, 503})
"""Statuses whose bodies have a code that says more."""
_A_MINUTE: Final = 60.0
_NUMBER: Final = "number"
"""A fault of the number: nobody there will ever get this message."""
_RATE: Final = "rate_limited"
_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    ALIYUN: {
        "isv.MOBILE_NUMBER_ILLEGAL": _NUMBER,
        "isv.MOBILE_COUNT_OVER_LIMIT": _NUMBER,
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": _NUMBER,
        "isv.BLACK_KEY_CONTROL_LIMIT": _NUMBER,
        "isv.BUSINESS_LIMIT_CONTROL": _RATE,
        "isv.DAY_LIMIT_CONTROL": _RATE,
        "isv.MONTH_LIMIT_CONTROL": _RATE,
        "Throttling": _RATE,
        "isv.AMOUNT_NOT_ENOUGH": "balance",
        "isv.OUT_OF_SERVICE": "balance",
        "isv.ACCOUNT": "credentials",
        "isp.RAM_PERMISSION_DENY": "credentials",
        "isv.DENY_IP_RANGE": "credentials",
        "isv.PRODUCT": "credentials",
        "InvalidAccessKeyId": "credentials",
        "InvalidTimeStamp": "credentials",
        "SignatureDoesNotMatch": "credentials",
        "Forbidden": "credentials",
        "isv.SMS_": "template",
        "isv.SIGN": "template",
        "isv.TEMPLATE": "template",
        "isv.INVALID": "template",
        "isv.PARAM": "template",
        "isp.": "server_error",
    },
    TENCENT: {
        "InvalidParameterValue.IncorrectPhoneNumber": _NUMBER,
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": "template",
        "FailedOperation.PhoneNumberInBlacklist": _NUMBER,
        "FailedOperation.PhoneNumberParseFail": _NUMBER,
        "UnsupportedOperation": _NUMBER,
        "LimitExceeded": _RATE,
        "RequestLimitExceeded": _RATE,
        "FailedOperation.InsufficientBalanceInSmsPackage": "balance",
        "UnauthorizedOperation.ServiceSuspendDueToArrears": "balance",
        "AuthFailure": "credentials",
        "UnauthorizedOperation": "credentials",
        "FailedOperation.SignatureIncorrectOrUnapproved": "template",
        "FailedOperation.TemplateIncorrectOrUnapproved": "template",
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": "template",
        "FailedOperation.ContainSensitiveWord": "template",
        "InvalidParameterValue": "template",
        "InternalError": "server_error",
    },
}
"""Why a message is not accepted, by the beginning of the code; the longest that fits counts."""


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """The operator's account at a vendor.

    Attributes:
        vendor: ``ALIYUN`` or ``TENCENT``.
        key_id: the ID of the key.
        secret: the secret of the key.
        endpoint: the address of the service.
        sign: the approved sign name, which begins each message.
        sign_abroad: the one for numbers outside the mainland; may be empty.
        templates: approved templates, as ``template_of`` looks them up.
        app: Tencent's SdkAppId.
        region: Tencent's region.
    """

    vendor: str
    key_id: str
    secret: str = field(repr=False)
    endpoint: str
    sign: str
    sign_abroad: str
    templates: Mapping[str, str]
    app: str = ""
    region: str = "ap-guangzhou"

    def template_of(self, kind: str, locale: str, *, abroad: bool) -> str:
        """Return the template for a message; empty if there is none.

        Looked up as ``code.en`` and ``code``; for numbers outside the mainland as
        ``code.abroad.en`` and ``code.abroad``.

        Args:
            kind: ``code``, ``notice`` or ``incident``.
            locale: language tag of the reader.
            abroad: whether the number is outside the mainland.
        """
        name = f"{kind}.abroad" if abroad else kind
        return self.templates.get(f"{name}.{locale}") or self.templates.get(name, "")


class Gateway(CodeSender, NoticeGateway, Protocol):
    """What sends to accounts and mailboxes, as the code gateway does."""


class CloudSms:
    """Sends codes and notices to phones; made by :func:`connect_cloud_sms`.

    Args:
        account: the operator's account at the vendor.
        session: the HTTP session.
        clock: source of the signed timestamps.
        gateway: sends to accounts and mailboxes; None without a code gateway.
        accounts: finds the phone of an account if there is no gateway.
        outage: notified while the vendor fails.
    """

    def __init__(
        self,
        account: SmsAccount,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        gateway: Gateway | None = None,
        accounts: AccountService | None = None,
        outage: Outage | None = None,
    ) -> None:
        self._account = account
        self._session = session
        self._clock = clock
        self._gateway = gateway
        self._accounts = accounts
        self._url = URL(account.endpoint)
        self._breaker = CircuitBreaker("sms", clock, outage=outage)
        self._faults = OperatorFaults("sms", clock, suffix="ACCESS_KEY_SECRET")
        self._sent: dict[str, SendAnswer] = {}
        """Messages of late by key: a row whose commit failed comes again and sends nothing."""

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """Send one code; see :class:`privacydesk.domain.code_delivery.CodeSender`."""
        if not isinstance(to, PhoneTarget) and self._gateway is not None:
            return await self._gateway.send(to, template, locale, code, key=key)
        return await self._send(to, "code", locale, {"code": code}, key)

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """Send one notice; see :class:`privacydesk.domain.notices.NoticeGateway`."""
        if not isinstance(to, PhoneTarget) and self._gateway is not None:
            return await self._gateway.notify(to, notice, key=key)
        if notice.about is NoticeSubject.INCIDENT:
            return await self._send(to, "incident", notice.locale, {}, key)
        return await self._send(to, "notice", notice.locale, {"number": notice.number}, key)

    async def check(self) -> None:
        """Have the vendor send to a number that is none, which shows whether it takes the keys.

        Raises:
            UnavailableError: it can't be used.
        """
        await self._send(PhoneTarget("+860"), "code", "zh-Hans", {"code": "000000"}, uuid4().hex)

    async def _send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        kind: str,
        locale: str,
        parameters: Mapping[str, str],
        key: str,
    ) -> SendAnswer:
        if key in self._sent:
            return self._sent[key]
        if isinstance(to, MailTarget):
            return SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)
        number = to.number if isinstance(to, PhoneTarget) else await self._phone_of(to, key)
        if number is None:
            return SendAnswer(SendOutcome.NO_CONTACT, reason=AccountReason.NO_CONTACT)
        with self._faults.watch(), self._breaker.guard(number):
            answer = await self._post(number, kind, locale, parameters)
        if len(self._sent) >= _MAX_KEYS:
            del self._sent[next(iter(self._sent))]
        self._sent[key] = answer
        return answer

    async def _phone_of(self, to: AccountContact, key: str) -> str | None:
        """Return the phone bound to an account, unless codes may not go there; it is not kept."""
        if self._accounts is None:
            return None
        call, account = self._accounts.call, to.account
        contacts = await call(AccountAction.CONTACTS, account, {}, key=f"contacts:{key}")
        if contacts.outcome is not AccountOutcome.OK or not contacts.data["phone"]["reachable"]:
            return None
        profile = await call(AccountAction.PROFILE, account, {}, key=f"profile:{key}")
        phone = profile.data.get("phone") if profile.outcome is AccountOutcome.OK else None
        return str(phone) if phone else None

    async def _post(
        self, number: str, kind: str, locale: str, parameters: Mapping[str, str]
    ) -> SendAnswer:
        abroad = not number.startswith(_MAINLAND)
        template = self._account.template_of(kind, locale, abroad=abroad)
        if not template:
            raise UnavailableError("no template for this message", reason="template")
        sign = self._account.sign_abroad if abroad else self._account.sign
        if self._account.vendor == ALIYUN:
            code = _aliyun_code(await self._aliyun(number, sign, template, parameters))
        else:
            code = _tencent_code(await self._tencent(number, sign, template, parameters))
        reason = _reason_of(code, _REASONS[self._account.vendor])
        if reason is None:
            return SendAnswer(SendOutcome.SENT, masked=mask_phone(number))
        if reason == _NUMBER:
            return SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)
        if reason == _RATE:
            raise UnavailableError(
                f"the vendor answered {code}", reason=reason, status=code, retry_after=_A_MINUTE
            )
        raise UnavailableError(f"the vendor answered {code}", reason=reason, status=code)

    async def _aliyun(
        self, number: str, sign: str, template: str, parameters: Mapping[str, str]
    ) -> RawAnswer:
        query = canonical_query(
            {
                # Numbers outside the mainland are written with their country code alone.
                "PhoneNumbers": number.removeprefix(_MAINLAND).removeprefix("+"),
                "SignName": sign,
                "TemplateCode": template,
                "TemplateParam": orjson.dumps(dict(parameters)).decode(),
            }
        )
        headers = acs_headers(
            self._account.key_id,
            self._account.secret,
            host=self._url.raw_authority,
            action="SendSms",
            version="2017-05-25",
            query=query,
            nonce=uuid4().hex,
            now=self._clock.now(),
        )
        return await self._request(URL(f"{self._url.origin()}/?{query}", encoded=True), headers)

    async def _tencent(
        self, number: str, sign: str, template: str, parameters: Mapping[str, str]
    ) -> RawAnswer:
        message = {
            "PhoneNumberSet": [number],
            "SmsSdkAppId": self._account.app,
            "TemplateId": template,
            "TemplateParamSet": list(parameters.values()),
            **({"SignName": sign} if sign else {}),
        }
        body, kind = orjson.dumps(message), "application/json; charset=utf-8"
        headers = {
            "Content-Type": kind,
            "Host": self._url.raw_authority,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Region": self._account.region,
            **tc_headers(
                self._account.key_id,
                self._account.secret,
                host=self._url.raw_authority,
                service="sms",
                body=body,
                now=self._clock.now(),
                signed={"content-type": kind, "x-tc-action": "sendsms"},
            ),
        }
        return await self._request(self._url.origin() / "", headers, body)

    async def _request(
        self, url: URL, headers: Mapping[str, str], body: bytes | None = None
    ) -> RawAnswer:
        return await request(
            self._session,
            "POST",
            url,
            headers=headers,
            body=body,
            max_answer=_MAX_ANSWER,
            clock=self._clock,
            accepted=_ERRORS,
        )


def _aliyun_code(answer: RawAnswer) -> str:
    """Return the code of an answer of Alibaba Cloud; empty for success."""
    code = _read(answer).get("Code")
    if not isinstance(code, str):
        raise _unreadable(answer)
    return "" if code == "OK" else code


def _tencent_code(answer: RawAnswer) -> str:
    """Return the code of an answer of Tencent Cloud; empty for success."""
    response = _read(answer).get("Response")
    try:
        assert isinstance(response, dict)
        one = response.get("Error") or response["SendStatusSet"][0]
        code = str(one["Code"])
    except (AssertionError, KeyError, IndexError, TypeError):
        raise _unreadable(answer) from None
    return "" if code == "Ok" else code


def _read(answer: RawAnswer) -> dict[str, Any]:
    try:
        read = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        read = None
    if not isinstance(read, dict):
        raise _unreadable(answer)
    return read


def _unreadable(answer: RawAnswer) -> UnavailableError:
    """Return the error for an answer without a code: nobody knows whether anything was sent."""
    reason = "contract" if answer.status < 500 else "server_error"  # noqa: PLR2004 - the class
    return UnavailableError("the answer has no code", reason=reason, status=answer.status)


def _reason_of(code: str, reasons: Mapping[str, str]) -> str | None:
    """Return why a message is not accepted; None if it is."""
    if not code:
        return None
    fitting: Iterable[str] = (one for one in reasons if code.startswith(one))
    longest = max(fitting, key=len, default=None)
    return "code" if longest is None else reasons[longest]


@asynccontextmanager
async def connect_cloud_sms(
    account: SmsAccount,
    *,
    clock: Clock,
    gateway: Gateway | None = None,
    accounts: AccountService | None = None,
    outage: Outage | None = None,
) -> AsyncIterator[CloudSms]:
    """Open a client for a vendor's SMS service and close it at the end."""
    endpoint = Endpoint(account.endpoint, account.secret)
    async with open_session(endpoint) as session:
        yield CloudSms(
            account, session, clock=clock, gateway=gateway, accounts=accounts, outage=outage
        )
