"""What all rooms share: the store, what is read from files, and what turns both into words."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from privacydesk.app.outside import Outside
from privacydesk.app.policies import PolicyInForce
from privacydesk.calendars import Calendars
from privacydesk.clock import Clock
from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.i18n.catalog import Catalogs
from privacydesk.outages import Outages
from privacydesk.ports import Store, Understanding
from privacydesk.profile import OperatorProfile
from privacydesk.services.cards import Wording
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.making import Maker, TurnMaker
from privacydesk.settings import Settings
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.minting import SecretMinter
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore


@dataclass(frozen=True, slots=True)
class Basis:
    """What everything else is built from.

    Attributes:
        store: where everything is kept.
        database: the store if it is a database; None with a store of the caller's own.
        opened: opens the store; a caller's own is open already.
        understanding: interprets messages, and finds what the policy says on a question.
    """

    settings: Settings
    profile: OperatorProfile
    outside: Outside
    clock: Clock
    store: Store
    database: SqlStore | None
    opened: AbstractAsyncContextManager[object]
    hashing: KeyedHashing
    minter: SecretMinter
    catalogs: Catalogs
    understanding: Understanding
    policy: PolicyInForce
    deadlines: Deadlines
    wording: Wording
    maker: Maker
    turn_maker: TurnMaker
    engine: Engine


def make_basis(
    settings: Settings,
    outside: Outside,
    profile: OperatorProfile,
    clock: Clock,
    *,
    kept_in: Store | None,
    understanding: Understanding,
    beside_serve: bool,
) -> Basis:
    """Read the files and make the basis; see ``open_rooms`` for the arguments and errors."""
    policy = PolicyInForce(profile, settings.data_dir, understanding)
    catalogs = Catalogs.load(locale_files(settings.locales), policy.citation)
    flows = read_flows(dialog_files(settings.dialogs))
    hashing = KeyedHashing(settings.hashing())
    minter = SecretMinter()
    store, opened = _store_of(
        kept_in, settings, clock, beside_serve=beside_serve, outages=outside.outages
    )
    deadlines = Deadlines(
        Calendars.from_data_dir(settings.data_dir, settled_until=profile.settled_until),
        profile.deadline_rules(),
    )
    wording = Wording(catalogs, deadlines)
    maker = Maker(minter, hashing)
    return Basis(
        settings=settings,
        profile=profile,
        outside=outside,
        clock=clock,
        store=store,
        database=store if isinstance(store, SqlStore) else None,
        opened=opened,
        hashing=hashing,
        minter=minter,
        catalogs=catalogs,
        understanding=understanding,
        policy=policy,
        deadlines=deadlines,
        wording=wording,
        maker=maker,
        turn_maker=TurnMaker(maker, minter, hashing, deadlines, wording),
        engine=Engine(flows, profile.rules(), wording.label, frozenset(catalogs.locales)),
    )


def _store_of(
    kept_in: Store | None,
    settings: Settings,
    clock: Clock,
    *,
    beside_serve: bool,
    outages: Outages,
) -> tuple[Store, AbstractAsyncContextManager[object]]:
    """Return the store, and the context manager that opens it."""
    if kept_in is not None:
        return kept_in, nullcontext()
    ring = KeyRing(*settings.keys())
    store = SqlStore(settings.url, ring, clock, beside_serve=beside_serve, outages=outages)
    return store, store
