"""Start-up check of both services: are they there, and is the secret right?"""

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

_NOBODY: Final = "desk-start-check"
"""An account that nobody has: asking about it changes nothing, and no code goes anywhere."""


async def check_outside(accounts: AccountService, codes: CodeSender) -> None:
    """Call both services once, so that a wrong secret or address shows before anybody needs them.

    What only the operator can fix is logged by the connectors; that a service can't be used is
    logged here. Neither keeps the desk from starting.
    """
    key, nobody = f"start-check-{uuid4().hex}", AccountContact(_NOBODY)
    await asyncio.gather(
        _look("account_service", accounts.call(AccountAction.CONTACTS, _NOBODY, {}, key=key)),
        _look("code_gateway", codes.send(nobody, "desk_code", "en", "000000", key=key)),
    )


async def ask_again(accounts: AccountService, codes: CodeSender, outages: Outages) -> None:
    """Probe services that are out, so that their recovery is noticed even if nobody needs them.

    Only calls that change nothing are made; all other failed calls are retried anyway.
    """
    failing = outages.of("account_service").failing
    key, nobody = f"ask-again-{uuid4().hex}", AccountContact(_NOBODY)
    for action in (one for one in AccountAction if one.reads and one.value in failing):
        with contextlib.suppress(UnavailableError):
            await accounts.call(action, _NOBODY, {}, key=key)
    if outages.of("code_gateway").is_active:
        with contextlib.suppress(UnavailableError):
            await codes.send(nobody, "desk_code", "en", "000000", key=key)


async def _look(service: str, asked: Awaitable[object]) -> None:
    try:
        await asked
    except UnavailableError as error:
        _log.warning(
            "outside_not_ready",
            service=service,
            reason=error.data.get("reason"),
            hint=f"look at PRIVACYDESK_{service.upper()}_URL; what needs it is tried again",
        )
    else:
        _log.info("outside_ready", service=service)
