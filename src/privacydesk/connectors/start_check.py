"""Probes the account service and the code gateway: at start-up, and during an outage."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Final
from uuid import uuid4

import structlog

from privacydesk.domain.account import AccountService
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.code_delivery import AccountContact, CodeSender
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outages

_log = structlog.get_logger(__name__)

_NO_ACCOUNT: Final = "desk-start-check"
"""An account that doesn't exist, so that probes change nothing and send no code."""


async def check_services(accounts: AccountService, codes: CodeSender) -> None:
    """Call both services once, so that a wrong secret or URL is found before anybody needs them.

    Failures are logged and don't keep the desk from starting. The connectors log what only the
    operator can fix; this logs whether each service is ready.
    """
    await asyncio.gather(
        _probe("account_service", probe_accounts(accounts)),
        _probe("code_gateway", probe_codes(codes)),
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


async def _probe(service: str, call: Awaitable[object]) -> None:
    try:
        await call
    except UnavailableError as error:
        _log.warning(
            "outside_not_ready",
            service=service,
            reason=error.data.get("reason"),
            hint=f"look at PRIVACYDESK_{service.upper()}_URL; what needs it is tried again",
        )
    else:
        _log.info("outside_ready", service=service)
