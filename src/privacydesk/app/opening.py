"""Making and wiring all rooms, from the basis up, and closing them again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial

from privacydesk.app.basis import Basis, make_basis
from privacydesk.app.database import DatabaseRooms, make_database_rooms
from privacydesk.app.fingerprints import check_fingerprints
from privacydesk.app.outside import Outside
from privacydesk.app.rooms import Rooms, Webhooks
from privacydesk.app.staffing import Staffing, make_staffing, make_tools
from privacydesk.app.talking import Talking, make_talking
from privacydesk.app.working import make_worker
from privacydesk.clock import Clock, SystemClock
from privacydesk.connectors.gateway_signing import verify
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.ports import CommitHook, Understanding
from privacydesk.profile import OperatorProfile
from privacydesk.services.audit import Audit
from privacydesk.services.callbacks import Callbacks
from privacydesk.settings import Settings
from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.loops import Worker


@asynccontextmanager
async def open_rooms(
    settings: Settings,
    outside: Outside,
    *,
    profile: OperatorProfile,
    clock: Clock | None = None,
    understanding: Understanding | None = None,
    beside_serve: bool = False,
) -> AsyncIterator[Rooms]:
    """Make and wire everything, with the store opened; close it at the end.

    Args:
        settings: what the process runs with.
        outside: the account service, the code gateway and the other outside services.
        profile: the operator's own facts.
        clock: the machine's own unless given.
        understanding: interprets messages; done in this process unless given.
        beside_serve: whether another process may be serving the database meanwhile.

    Raises:
        SettingsError, DialogInvalidError: what is missing or wrong, by name.
    """
    given = nullcontext(understanding) if understanding is not None else _here(settings, profile)
    with given as heard:
        basis = make_basis(
            settings,
            outside,
            profile,
            clock or SystemClock(),
            understanding=heard,
            beside_serve=beside_serve,
        )
        store = basis.store
        talking = make_talking(basis)
        staffing = make_staffing(basis, talking)
        audit = Audit(store.writer, basis.minter, basis.clock)
        on_database = make_database_rooms(
            basis, talking, audit=audit, handling=staffing.staff.handling
        )
        worker = make_worker(basis, talking, staffing)
        async with store, talking.pictures:
            await check_fingerprints(basis, on_database.configuration, beside_serve=beside_serve)
            # With another key ring, sign-in would work, but no row could be read.
            await on_database.upkeep.wrapping.check()
            store.writer.on_commit(talking.hints.committed)
            store.writer.on_commit(_placing(worker.dispatcher))
            talking.turns.left_due = _waking(worker, on_database.webhooks)
            rooms = _rooms(basis, talking, staffing, on_database, worker=worker, audit=audit)
            await rooms.refresh_agents()
            if not beside_serve:
                # Before any token is accepted.
                await rooms.integrations.revocations.refresh()
            yield rooms


@contextmanager
def _here(settings: Settings, profile: OperatorProfile) -> Iterator[Understanding]:
    # Imported here: the neural network is loaded only where messages are interpreted.
    from privacydesk.nlu.worker.here import UnderstandingHere  # noqa: PLC0415

    here = UnderstandingHere.of(data_dir=settings.data_dir, policy=profile.policy)
    try:
        yield here
    finally:
        here.stop()


def _rooms(
    basis: Basis,
    talking: Talking,
    staffing: Staffing,
    on_database: DatabaseRooms,
    *,
    worker: Worker,
    audit: Audit,
) -> Rooms:
    return Rooms(
        settings=basis.settings,
        profile=basis.profile,
        outside=basis.outside,
        clock=basis.clock,
        store=basis.store,
        catalogs=basis.catalogs,
        policy=basis.policy,
        engine=basis.engine,
        turns=talking.turns,
        desk=talking.desk,
        staff=staffing.staff,
        takeover=staffing.takeover,
        attendance=talking.attendance,
        alarms=staffing.alarms,
        worker=worker,
        staged=talking.staged,
        packages=talking.packages,
        callbacks=Callbacks(
            check=_callers(basis.settings),
            writer=basis.store.writer,
            minter=basis.minter,
            clock=basis.clock,
            left_due=worker.outbox.wake,
        ),
        audit=audit,
        upkeep=on_database.upkeep,
        configuration=on_database.configuration,
        doors=on_database.doors,
        oversight=on_database.oversight,
        webhooks=on_database.webhooks,
        mail_door=on_database.mail_door,
        integrations=on_database.integrations,
        ticketing=on_database.ticketing,
        deadlines=basis.deadlines,
        hints=talking.hints,
        tools=make_tools(basis, talking, staffing, on_database),
        agents=talking.agents,
    )


def _callers(settings: Settings) -> Callable[[int, str, bytes, str], bool] | None:
    """Return the check for calls by the account service; None without a secret for it."""
    secret = settings.account_service_secret.get_secret_value()
    return partial(verify, secret) if secret else None


def _waking(worker: Worker, webhooks: Webhooks) -> Callable[[], None]:
    """Return the function to call after a commit that left something to do outside.

    Nothing comes due on a ticket at the moment of a commit, so those need not be looked at.
    """

    def wake() -> None:
        worker.outbox.wake()
        webhooks.wake()

    return wake


def _placing(dispatcher: DispatcherWorker) -> CommitHook:
    """Return a commit hook that wakes the dispatcher for users who wait since this commit.

    An agent letting go of somebody wakes it for users who waited before, too.
    """

    def look(_: ConversationId, events: tuple[Event, ...], state: Conversation) -> None:
        owner = state.owner
        if events and owner.offset >= events[0].offset and owner.kind is not OwnerKind.AGENT:
            dispatcher.wake()

    return look
