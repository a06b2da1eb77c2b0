"""Dependencies that all services share: the store, loaded files, the dialogue engine."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.app.external_services import ExternalServices
from privacydesk.app.fingerprints import hashing_tags
from privacydesk.app.policies import PolicyInForce
from privacydesk.app.staff_channels import staff_channels
from privacydesk.calendars import Calendars
from privacydesk.clock import Clock
from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.reader import read_flows
from privacydesk.i18n.catalog import Catalogs
from privacydesk.ports import LanguageUnderstanding
from privacydesk.profile import OperatorProfile
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.rendering import Renderer
from privacydesk.services.row_builders import OutboxRowBuilder, TurnChangesBuilder
from privacydesk.settings import Settings
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The objects that services are built from.

    Attributes:
        store: the database; opened by ``open_services``.
        understanding: interprets messages and answers questions from the policy.
    """

    settings: Settings
    profile: OperatorProfile
    external: ExternalServices
    clock: Clock
    store: SqlStore
    hashing: KeyedHashing
    minter: SecureIdGenerator
    catalogs: Catalogs
    understanding: LanguageUnderstanding
    policy: PolicyInForce
    deadlines: Deadlines
    renderer: Renderer
    row_builder: OutboxRowBuilder
    changes_builder: TurnChangesBuilder
    engine: Engine


def build_dependencies(
    settings: Settings,
    external: ExternalServices,
    profile: OperatorProfile,
    clock: Clock,
    *,
    understanding: LanguageUnderstanding,
    beside_serve: bool,
) -> Dependencies:
    """Load the files and build the shared objects.

    ``open_services`` documents the arguments and errors.
    """
    policy = PolicyInForce(profile, settings.data_dir, understanding)
    catalogs = Catalogs.load(locale_files(settings.locales), policy.citation)
    flows = read_flows(dialog_files(settings.dialogs))
    hashing = KeyedHashing(settings.hashing())
    minter = SecureIdGenerator()
    ring = KeyRing(*settings.keys())
    store = SqlStore(
        settings.url,
        ring,
        clock,
        beside_serve=beside_serve,
        outages=external.outages,
        staff_channels=staff_channels(settings),
        tags=hashing_tags(settings),
    )
    deadlines = Deadlines(
        Calendars(settled_until=profile.settled_until),
        profile.deadline_rules(),
    )
    rules = profile.rules()
    renderer = Renderer(catalogs, deadlines, rules)
    row_builder = OutboxRowBuilder(minter, hashing)
    return Dependencies(
        settings=settings,
        profile=profile,
        external=external,
        clock=clock,
        store=store,
        hashing=hashing,
        minter=minter,
        catalogs=catalogs,
        understanding=understanding,
        policy=policy,
        deadlines=deadlines,
        renderer=renderer,
        row_builder=row_builder,
        changes_builder=TurnChangesBuilder(row_builder, minter, hashing, deadlines, renderer),
        engine=Engine(flows, rules, renderer.label, frozenset(catalogs.locales)),
    )
