"""Codes and notices through an HTTP gateway that the operator runs or adapts.

One signed POST each. The body is ``{"to": {"phone" | "mail" | "account": …}, "template",
"locale", "code"}``, or ``"ticket"`` instead of ``"code"`` for a notice; a bound phone is named by
its account only, and the gateway looks it up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.account_contract import read_problem
from privacydesk.connectors.breaker import BreakerState, CircuitBreaker
from privacydesk.connectors.http import Endpoint, RawAnswer, open_session, post
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.connectors.signing import sign
from privacydesk.domain.account import (
    AccountContact,
    AccountReason,
    MailTarget,
    PhoneTarget,
    SendAnswer,
    SendOutcome,
)
from privacydesk.errors import UnavailableError

_NOBODY_THERE = frozenset({404, 405})
_CONFLICT = 409


class _WireSend(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True, extra="ignore", frozen=True)

    outcome: SendOutcome
    masked: Annotated[str, Field(max_length=100)] | None = None
    reason: Annotated[str, Field(max_length=64)] | None = None


class HttpCodeSender:
    """Hands codes to the gateway; made by :func:`connect_code_sender`."""

    def __init__(
        self,
        endpoint: Endpoint,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        breaker: CircuitBreaker,
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._clock = clock
        self._breaker = breaker
        self._faults = OperatorFaults("code_gateway", clock)
        self._url = URL(endpoint.url)

    @property
    def state(self) -> BreakerState:
        """The breaker's state, for metrics and readiness."""
        return self._breaker.state

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """Send one code; see :class:`privacydesk.domain.account.CodeSender`."""
        return await self._post(to, template, locale, {"code": code}, key)

    async def notify(
        self, to: PhoneTarget | MailTarget, template: str, locale: str, number: str, *, key: str
    ) -> SendAnswer:
        """Send one notice; see :class:`privacydesk.domain.account.CodeSender`."""
        return await self._post(to, template, locale, {"ticket": number}, key)

    async def _post(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        told: dict[str, str],
        key: str,
    ) -> SendAnswer:
        body = orjson.dumps({"to": _target(to), "template": template, "locale": locale, **told})
        stamp = int(self._clock.now().timestamp())
        with self._faults.watch(), self._breaker.guard():
            raw = await post(
                self._session,
                self._url,
                body,
                {
                    "Idempotency-Key": key,
                    "X-Desk-Timestamp": str(stamp),
                    "X-Desk-Signature": sign(self._endpoint.secret, stamp, key, body),
                },
                clock=self._clock,
                max_answer=self._endpoint.max_answer,
            )
            answer = _understand(raw)
        if answer is None:
            # Outside the guard: a gateway that is still at it is well.
            raise UnavailableError(
                "it is being sent", reason="in_progress", retry_after=raw.retry_after or 1.0
            )
        return answer


def _target(to: PhoneTarget | MailTarget | AccountContact) -> dict[str, str]:
    match to:
        case PhoneTarget(number):
            return {"phone": number}
        case MailTarget(address):
            return {"mail": address}
        case AccountContact(account):
            return {"account": account}


def _understand(raw: RawAnswer) -> SendAnswer | None:
    if raw.status == _CONFLICT:
        return None
    if raw.status >= 400:  # noqa: PLR2004 - refused for good
        code = read_problem(raw.body)
        if raw.status in _NOBODY_THERE and code is None:
            raise UnavailableError(
                "no code gateway at this address", reason="address", status=raw.status
            )
        if code == AccountReason.NO_CONTACT:
            return SendAnswer(SendOutcome.NO_CONTACT, reason=AccountReason.NO_CONTACT)
        return SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)
    try:
        wire = _WireSend.model_validate_json(raw.body)
    except ValueError as error:
        raise UnavailableError("the answer breaks the contract", reason="contract") from error
    return SendAnswer(wire.outcome, masked=wire.masked, reason=AccountReason.read(wire.reason))


@asynccontextmanager
async def connect_code_sender(
    endpoint: Endpoint, *, clock: Clock, breaker: CircuitBreaker | None = None
) -> AsyncIterator[HttpCodeSender]:
    """Open a client for the gateway and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("code_gateway")
    async with open_session(checked) as session:
        yield HttpCodeSender(
            checked,
            session,
            clock=clock,
            breaker=breaker or CircuitBreaker("code gateway", clock),
        )
