"""What all rooms share: the store, what is read from files, and what turns both into words."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.app.outside import Outside
from privacydesk.app.policies import PolicyInForce
from privacydesk.calendars import Calendars
from privacydesk.clock import Clock
from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.i18n.catalog import Catalogs
from privacydesk.ports import Understanding
from privacydesk.profile import OperatorProfile
from privacydesk.services.cards import Wording
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.making import Maker, TurnMaker
from privacydesk.settings import Settings
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.random_ids import SecretMinter
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore


@dataclass(frozen=True, slots=True)
class Basis:
    """What everything else is built from.

    Attributes:
        store: the database; not open yet.
        understanding: interprets messages, and finds what the policy says on a question.
    """

    settings: Settings
    profile: OperatorProfile
    outside: Outside
    clock: Clock
    store: SqlStore
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
    understanding: Understanding,
    beside_serve: bool,
) -> Basis:
    """Read the files and make the basis; see ``open_rooms`` for the arguments and errors."""
    policy = PolicyInForce(profile, settings.data_dir, understanding)
    catalogs = Catalogs.load(locale_files(settings.locales), policy.citation)
    flows = read_flows(dialog_files(settings.dialogs))
    hashing = KeyedHashing(settings.hashing())
    minter = SecretMinter()
    ring = KeyRing(*settings.keys())
    store = SqlStore(settings.url, ring, clock, beside_serve=beside_serve, outages=outside.outages)
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
