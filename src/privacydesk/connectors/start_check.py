"""Probes outside services: from the start until they are ready, and during an outage."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final
from uuid import uuid4

import structlog

from privacydesk.domain.account import AccountService
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.code_delivery import AccountContact, CodeSender
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outages

_log = structlog.get_logger(__name__)

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
_HINTS: Final = {
    "account_service": "look at PRIVACYDESK_ACCOUNT_SERVICE_URL; what needs it is tried again",
    "code_gateway": "look at PRIVACYDESK_CODE_GATEWAY_URL; what needs it is tried again",
    "sign_on": "look at PRIVACYDESK_SIGN_ON_ISSUER; passwords work meanwhile",
}
_NO_ACCOUNT: Final = "desk-start-check"
"""An account that doesn't exist, so that probes change nothing and send no code."""


Probe = Callable[[], Awaitable[object]]
"""Calls an outside service; raises ``UnavailableError`` if it can't be used."""


def default_pauses() -> Iterator[float]:
    """Yield the seconds between probes of a service that is not ready, without end."""
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


async def check_services(
    accounts: AccountService,
    codes: CodeSender,
    provider: Probe | None = None,
    *,
    pauses: Callable[[], Iterable[float]] = default_pauses,
) -> None:
    """Probe services until each is ready: a wrong setting is found before anybody needs them.

    Failures are logged and don't keep the desk from starting. The connectors log what only the
    operator can fix; this logs whether each service is ready.

    Args:
        accounts: the account service.
        codes: the code gateway.
        provider: probes the identity provider of staff; None for none.
        pauses: the seconds between the probes of a service.
    """
    probes: dict[str, Probe] = {
        "account_service": lambda: probe_accounts(accounts),
        "code_gateway": lambda: probe_codes(codes),
    }
    if provider is not None:
        probes["sign_on"] = provider
    await asyncio.gather(
        *(_log_when_ready(service, probe, pauses()) for service, probe in probes.items())
    )


async def probe_accounts(accounts: AccountService) -> None:
    """Ask the account service about nobody.

    Raises:
        UnavailableError: it can't be used.
    """
    await accounts.call(AccountAction.CONTACTS, _NO_ACCOUNT, {}, key=f"start-check-{uuid4().hex}")


async def probe_codes(codes: CodeSender) -> None:
    """Have the code gateway send a code to nobody.

    Raises:
        UnavailableError: it can't be used.
    """
    key, nobody = f"start-check-{uuid4().hex}", AccountContact(_NO_ACCOUNT)
    await codes.send(nobody, "desk_code", "en", "000000", key=key)


async def probe_failing(accounts: AccountService, codes: CodeSender, outages: Outages) -> None:
    """Probe services during an outage, so that their recovery is noticed without any requests.

    Only reads are probed; the outbox retries failed changes anyway.
    """
    failing = outages.of("account_service").failing
    key, no_contact = f"ask-again-{uuid4().hex}", AccountContact(_NO_ACCOUNT)
    for action in (action for action in AccountAction if action.reads and action.value in failing):
        with contextlib.suppress(UnavailableError):
            await accounts.call(action, _NO_ACCOUNT, {}, key=key)
    if outages.of("code_gateway").is_active:
        with contextlib.suppress(UnavailableError):
            await codes.send(no_contact, "desk_code", "en", "000000", key=key)


async def _log_when_ready(service: str, probe: Probe, pauses: Iterable[float]) -> None:
    """Probe a service until it is ready; log that, and why it is not, each reason once."""
    told = set[str]()
    for pause in itertools.chain((0.0,), pauses):
        await asyncio.sleep(pause)
        try:
            await probe()
        except UnavailableError as error:
            reason = str(error.data.get("reason", ""))
            if reason not in told:
                told.add(reason)
                _log.warning(
                    "outside_not_ready", service=service, reason=reason, hint=_HINTS[service]
                )
        else:
            _log.info("outside_ready", service=service)
            return
