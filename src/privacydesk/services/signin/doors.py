"""Wiring of staff sign-in and access."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.clock import Clock
from privacydesk.ports import Hashing, Minter, Reader, StaffAccess
from privacydesk.services.signin.account import Account
from privacydesk.services.signin.gate import Gate, Terms
from privacydesk.services.signin.log import AccessLog
from privacydesk.services.signin.passwords import Passwords
from privacydesk.services.signin.people import People


@dataclass(frozen=True, slots=True)
class Doors:
    """The services of staff sign-in and access.

    Attributes:
        gate: signing in, and the sessions of cookies.
        account: an agent's own access.
        people: what an administrator changes for everybody.
        log: who got in, who was refused, what was changed.
    """

    gate: Gate
    account: Account
    people: People
    log: AccessLog


def make_doors(
    *,
    store: StaffAccess,
    reader: Reader,
    minter: Minter,
    hashing: Hashing,
    clock: Clock,
    terms: Terms,
    passwords: Passwords | None = None,
) -> Doors:
    """Wire the services of staff sign-in and access."""
    passwords = passwords or Passwords()
    log = AccessLog(store, minter, clock)
    gate = Gate(
        store=store,
        reader=reader,
        passwords=passwords,
        log=log,
        minter=minter,
        hashing=hashing,
        clock=clock,
        terms=terms,
    )
    account = Account(
        store=store, gate=gate, passwords=passwords, log=log, hashing=hashing, clock=clock
    )
    people = People(
        store=store, reader=reader, passwords=passwords, log=log, clock=clock, terms=terms
    )
    return Doors(gate, account, people, log)
