"""Client of the operator's gateways: one signed POST per message, answered with its outcome.

The code gateway and the push gateway have the same interface; only the bodies differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.account_contract import read_problem
from privacydesk.connectors.breaker import CircuitBreaker
from privacydesk.connectors.http import Endpoint, RawAnswer, post
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.code_delivery import SendAnswer, SendOutcome
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage

_NO_GATEWAY = frozenset({404, 405})
_CONFLICT = 409


class _WireSend(BaseModel):
    model_config = ConfigDict(
        hide_input_in_errors=True, extra="ignore", frozen=True, defer_build=True
    )

    outcome: SendOutcome
    masked: Annotated[str, Field(max_length=100)] | None = None
    reason: Annotated[str, Field(max_length=64)] | None = None


class Gateway:
    """Posts messages to one gateway.

    Args:
        service: the prefix of its settings: ``code_gateway`` or ``push_gateway``.
        endpoint: its URL and shared secret.
        session: the HTTP session.
        clock: source of the timestamp that is signed.
        breaker: its circuit breaker; by default a new one.
        outage: notified while the gateway fails.
    """

    def __init__(
        self,
        service: str,
        endpoint: Endpoint,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        breaker: CircuitBreaker | None = None,
        outage: Outage | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._clock = clock
        self._breaker = breaker or CircuitBreaker(service, clock, outage=outage)
        self._faults = OperatorFaults(service, clock)
        self._url = URL(endpoint.url)

    async def post(self, message: Mapping[str, Any], *, key: str) -> SendAnswer:
        """Post one message.

        Args:
            message: the JSON body.
            key: the idempotency key.

        Raises:
            UnavailableError: the gateway did not accept it now; retry with the same key.
        """
        body = orjson.dumps(dict(message))
        with self._faults.watch(), self._breaker.guard(str(message.get("to", ""))):
            raw = await post(
                self._session,
                self._url,
                body,
                self._endpoint.signed(key, body, self._clock),
                clock=self._clock,
                max_answer=self._endpoint.max_answer,
            )
            answer = _parse(raw)
        if answer is None:
            # Outside the guard: a gateway that is still processing the message is healthy.
            raise UnavailableError(
                "it is being sent", reason="in_progress", retry_after=raw.retry_after or 1.0
            )
        return answer


def _parse(raw: RawAnswer) -> SendAnswer | None:
    if raw.status == _CONFLICT:
        return None
    if raw.status >= 400:  # noqa: PLR2004 - client errors, refused permanently
        code = read_problem(raw.body)
        if raw.status in _NO_GATEWAY and code is None:
            raise UnavailableError(
                "no gateway at this address", reason="address", status=raw.status
            )
        if code == AccountReason.NO_CONTACT:
            return SendAnswer(SendOutcome.NO_CONTACT, reason=AccountReason.NO_CONTACT)
        return SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)
    try:
        wire = _WireSend.model_validate_json(raw.body)
    except ValueError as error:
        raise UnavailableError("the answer breaks the contract", reason="contract") from error
    return SendAnswer(wire.outcome, masked=wire.masked, reason=AccountReason.read(wire.reason))
