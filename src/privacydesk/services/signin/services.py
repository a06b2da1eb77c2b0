"""Wiring of the services for staff sign-in and access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privacydesk.clock import Clock
from privacydesk.domain.sign_on import IdentityProvider
from privacydesk.domain.tasks import Team
from privacydesk.ports import Hashing, IdGenerator, PeriodicTasks, Reader, StaffAccess
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.signin.agent_account import AgentAccount
from privacydesk.services.signin.agent_administration import AgentAdministration
from privacydesk.services.signin.passwords import Passwords
from privacydesk.services.signin.sign_in import SignIn, SignInSettings
from privacydesk.services.signin.sign_on import SignOn

if TYPE_CHECKING:
    from privacydesk.services.signin.passkeys import Passkeys


@dataclass(frozen=True, slots=True)
class SignInServices:
    """The services for staff sign-in and access.

    Attributes:
        sign_in: the steps of signing in, and looking up sessions.
        account: what agents do with their own access.
        agents: what administrators do: adding, changing and disabling agents.
        access_log: sign-ins, refused attempts and changes of access.
        sign_on: sign-in by the identity provider; None without one, and in commands.
        passkeys: sign-in by passkeys; None if the desk's origin isn't set, or is no name.
    """

    sign_in: SignIn
    account: AgentAccount
    agents: AgentAdministration
    access_log: AccessLog
    sign_on: SignOn | None = None
    passkeys: Passkeys | None = None


def make_signin_services(
    *,
    store: StaffAccess,
    reader: Reader,
    minter: IdGenerator,
    hashing: Hashing,
    clock: Clock,
    settings: SignInSettings,
    teams: Mapping[str, Team],
    passwords: Passwords | None = None,
    provider: IdentityProvider | None = None,
    tasks: PeriodicTasks | None = None,
) -> SignInServices:
    """Wire the services of staff sign-in and access.

    ``provider`` and ``tasks`` are for sign-in by an identity provider.
    """
    passwords = passwords or Passwords()
    log = AccessLog(store, minter, clock)
    sign_in = SignIn(
        store=store,
        reader=reader,
        passwords=passwords,
        log=log,
        minter=minter,
        hashing=hashing,
        clock=clock,
        settings=settings,
    )
    account = AgentAccount(
        store=store, sign_in=sign_in, passwords=passwords, log=log, hashing=hashing, clock=clock
    )
    agents = AgentAdministration(
        store=store,
        reader=reader,
        passwords=passwords,
        log=log,
        hashing=hashing,
        clock=clock,
        settings=settings,
        teams=teams,
    )
    sign_on = None
    if provider is not None and tasks is not None and settings.sign_on is not None:
        sign_on = SignOn(
            provider=provider,
            settings=settings.sign_on,
            store=store,
            reader=reader,
            sign_in=sign_in,
            tasks=tasks,
            log=log,
            minter=minter,
            hashing=hashing,
            clock=clock,
        )
    passkeys = None
    if settings.origin:
        # Its library reads a list of all domains, which commands and other desks go without.
        from privacydesk.services.signin.passkeys import make_passkeys  # noqa: PLC0415

        passkeys = make_passkeys(
            store=store,
            sign_in=sign_in,
            account=account,
            log=log,
            minter=minter,
            hashing=hashing,
            clock=clock,
        )
    return SignInServices(sign_in, account, agents, log, sign_on, passkeys)
