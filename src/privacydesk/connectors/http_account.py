"""The operator's account service over HTTP.

One POST per action to ``{base}/v1/{action}`` with ``{"account": …, "payload": …}``. The account id
is in the body, so that it appears in no access log. How statuses are interpreted:

    200           ok, partly or refused, according to the body
    202, 409      pending: the request with this key is still being processed
    404           not found, if the body says so
    404, 405      otherwise a wrong base URL: unavailable
    other 4xx     refused; a retry won't change it
    401, 403, 407 unavailable: the desk's secret is wrong, not the person's request
    3xx, 5xx, 408, 425, 429, time-out, unreadable or overlong body    unavailable

``unavailable`` is raised as an exception, everything else is returned. Nothing is retried here: the
outbox retries with the same key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import structlog
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.account_contract import BrokenContractError, read_answer, read_problem
from privacydesk.connectors.breaker import Breakers
from privacydesk.connectors.http import Endpoint, RawAnswer, open_session, post
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    unknown_reason,
)
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage

_OK = 200
_ACCEPTED = 202
_NOT_FOUND = 404
_WRONG_METHOD = 405
_CONFLICT = 409
_EXPORT_LIMIT = 16 << 20
_LARGE = 64 << 10
"""Size in bytes above which an answer is parsed in a thread."""

_log = structlog.get_logger(__name__)


class HttpAccountService:
    """Calls the operator's account service; made by :func:`connect_account_service`."""

    def __init__(
        self,
        endpoint: Endpoint,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        breakers: Breakers,
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._clock = clock
        self._breakers = breakers
        self._faults = OperatorFaults("account_service", clock)
        self._base = URL(endpoint.url)

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Perform one action; see :class:`privacydesk.domain.account.AccountService`."""
        try:
            body = orjson.dumps({"account": account, "payload": dict(payload)})
        except TypeError:
            # A lone surrogate, or a value that JSON doesn't have: a retry would fail as well.
            return AccountAnswer.refused(AccountReason.INVALID_PAYLOAD)
        with self._faults.watch(), self._breakers.for_action(action.value).guard(account):
            raw = await post(
                self._session,
                self._base / "v1" / action.value,
                body,
                {
                    "Authorization": f"Bearer {self._endpoint.secret}",
                    **self._endpoint.signed(key, body, self._clock),
                },
                clock=self._clock,
                # Only an export may be large: it holds all data of a person.
                max_answer=(
                    max(_EXPORT_LIMIT, self._endpoint.max_answer)
                    if action is AccountAction.EXPORT
                    else self._endpoint.max_answer
                ),
            )
            if len(raw.body) > _LARGE:
                answer = await asyncio.to_thread(_parse, action, raw)
            else:
                answer = _parse(action, raw)
            if answer.data.get("profile", {}).get("account", account) != account:
                # One person's data must never be shown to another.
                _log.error("another_account_answered", action=action.value)
                raise UnavailableError("the answer is about another account", reason="contract")
            return answer


def _parse(action: AccountAction, raw: RawAnswer) -> AccountAnswer:
    if raw.status in {_ACCEPTED, _CONFLICT}:
        return AccountAnswer(AccountOutcome.PENDING, retry_after=raw.retry_after)
    if raw.status == _OK:
        try:
            answer = read_answer(action, raw.body)
        except BrokenContractError as error:
            # The action may have been performed: only a retry with the same key will tell.
            raise UnavailableError(
                "the answer breaks the contract",
                reason="contract",
                action=action.value,
                where=error.where,
                what=error.what,
            ) from error
        if answer.outcome in {AccountOutcome.PENDING, AccountOutcome.NOT_FOUND}:
            return AccountAnswer(answer.outcome, retry_after=raw.retry_after or answer.retry_after)
        return answer
    if raw.status == _NOT_FOUND:
        return _parse_not_found(action, raw)
    if raw.status < 400:  # noqa: PLR2004 - a success status that is not in the contract
        raise UnavailableError("the answer breaks the contract", reason="contract")
    code = read_problem(raw.body)
    if raw.status == _WRONG_METHOD:
        raise _wrong_address(raw)
    reason = AccountReason.read(code)
    if reason is None or reason is AccountReason.OTHER:
        reason = AccountReason.REJECTED
    return AccountAnswer(AccountOutcome.REFUSED, reason, sent_reason=unknown_reason(code))


def _parse_not_found(action: AccountAction, raw: RawAnswer) -> AccountAnswer:
    try:
        answer = read_answer(action, raw.body)
    except ValueError:
        answer = None
    if answer is None or answer.outcome is not AccountOutcome.NOT_FOUND:
        # Probably a wrong URL: nobody must be told that they have no account because of that.
        raise _wrong_address(raw)
    return answer


def _wrong_address(raw: RawAnswer) -> UnavailableError:
    return UnavailableError(
        "no account service at this address", reason="address", status=raw.status
    )


@asynccontextmanager
async def connect_account_service(
    endpoint: Endpoint,
    *,
    clock: Clock,
    breakers: Breakers | None = None,
    outage: Outage | None = None,
) -> AsyncIterator[HttpAccountService]:
    """Open a client for the endpoint and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("account_service")
    async with open_session(checked) as session:
        yield HttpAccountService(
            checked,
            session,
            clock=clock,
            breakers=breakers or Breakers("account_service", clock, outage=outage),
        )
