"""Who wins where the desk and a ticketing system differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import LogEntry, Outcome, Ticket, TicketState
from privacydesk.domain.ticketing import Correction, RemoteChange, RemoteTicket, TicketingMap
from privacydesk.domain.ticketing_links import SyncBase
from privacydesk.services.ticketing.conflicts import Giving, Sides, differences, giving

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
DUE = NOW + timedelta(days=9)
HOUR = timedelta(hours=1)
SAID = TicketingMap(
    users={"mei": "u-mei", "an": "u-an"},
    states={
        "in_review": "open", "awaiting_requester": "waiting", "closed": "closed",
        "closed.duplicate": "duplicate",
    },
)  # fmt: skip
ENDED = frozenset({"closed", "resolved"})
TICKET = Ticket(
    TicketId(b"t" * 16), "PD-7KQ4-M29X-3HC", ConversationId(b"c" * 16), RequestKind.ACCESS,
    TicketState.IN_REVIEW, NOW, "en",
)  # fmt: skip
CLOSED = replace(TICKET, state=TicketState.CLOSED, outcome=Outcome.REFUSED)


def sides(ticket: Ticket = TICKET, *, base: SyncBase | None = None, **theirs: object) -> Sides:
    remote = RemoteTicket("1", "#1", "", **{"state": "open", "due_at": DUE, **theirs})  # type: ignore[arg-type]
    return Sides(ticket, remote, base or SyncBase("", "", "open", DUE))


def said_of(between: Sides) -> tuple[RemoteChange, tuple[Correction, ...]]:
    return differences(between, SAID, ENDED, DUE, {})


@pytest.mark.parametrize(
    ("ticket", "theirs", "set_to", "told"),
    [
        (TICKET, "open", None, ()),
        (TICKET, "closed", "open", (Correction.STATE_ENDED,)),
        (TICKET, "resolved", "open", (Correction.STATE_ENDED,)),
        (TICKET, "with legal", None, ()),
        (TICKET, "waiting", "open", ()),
        (CLOSED, "open", "closed", ()),
        (CLOSED, "resolved", "closed", ()),
        (CLOSED, "closed", None, ()),
        (replace(CLOSED, outcome=Outcome.DUPLICATE), "open", "duplicate", ()),
        (replace(TICKET, state=TicketState.AWAITING_REQUESTER), "with legal", "waiting", ()),
    ],
)
def test_the_state_is_the_desks(
    ticket: Ticket, theirs: str, set_to: str | None, told: tuple[Correction, ...]
) -> None:
    change, corrections = said_of(sides(ticket, state=theirs))
    assert (change.state, corrections) == (set_to, told)


def test_one_that_is_opened_after_the_end_is_closed_again_with_a_word() -> None:
    change, told = said_of(sides(CLOSED, base=SyncBase("", "", "closed", DUE), state="open"))
    assert (change.state, told) == ("closed", (Correction.STATE_REOPENED,))


def test_a_date_is_put_back_with_a_word_only_where_they_moved_it() -> None:
    assert said_of(sides(due_at=DUE + timedelta(seconds=20))) == (RemoteChange(), ())
    later = DUE + timedelta(days=2)
    assert said_of(sides(due_at=later)) == (RemoteChange(due_at=DUE), (Correction.DUE,))
    moved_here = sides(base=SyncBase("", "", "open", later), due_at=later)
    assert said_of(moved_here) == (RemoteChange(due_at=DUE), ())
    assert said_of(sides(due_at=None)) == (RemoteChange(due_at=DUE), ())


def held(ticket: Ticket, by: str, at: datetime) -> tuple[Ticket, tuple[LogEntry, ...]]:
    return replace(ticket, holder=by), (LogEntry(ticket.id, at, by, "claim"),)


@pytest.mark.parametrize(
    ("theirs", "touched", "expected"),
    [
        ("u-mei", None, Giving(take="mei")),
        ("u-stranger", None, Giving(correction=Correction.UNKNOWN_USER)),
        ("", None, Giving()),
    ],
)
def test_a_change_on_their_side_alone_counts(
    theirs: str, touched: datetime | None, expected: Giving
) -> None:
    assert giving(sides(assignee=theirs, touched_at=touched), SAID, ()) == expected


@pytest.mark.parametrize(
    ("touched", "expected"),
    [
        (NOW + 2 * HOUR, Giving(take="an")),
        (NOW, Giving(give="u-mei")),
        (None, Giving(give="u-mei")),
    ],
)
def test_of_two_changes_the_newer_counts_and_the_desks_where_nothing_tells(
    touched: datetime | None, expected: Giving
) -> None:
    ticket, log = held(TICKET, "mei", NOW + HOUR)
    assert giving(sides(ticket, assignee="u-an", touched_at=touched), SAID, log) == expected


def test_a_holder_who_is_unknown_there_leaves_nobody_in_their_place() -> None:
    ticket, log = held(TICKET, "lao-zhou", NOW)
    base = SyncBase("mei", "u-mei", "open", DUE)
    assert giving(sides(ticket, base=base, assignee="u-mei"), SAID, log) == Giving(give="")
    still = SyncBase("lao-zhou", "u-stranger", "open", DUE)
    assert giving(sides(ticket, base=still, assignee="u-stranger"), SAID, log) == Giving()


def test_what_a_half_made_ticket_lacks_nobody_took_away() -> None:
    ticket, log = held(TICKET, "mei", NOW)
    base = SyncBase("mei", "u-mei", "open", DUE)
    found = replace(sides(ticket, base=base, assignee="", state="closed"), refound=True)
    assert giving(found, SAID, log) == Giving(give="u-mei")
    assert said_of(found) == (RemoteChange(state="open"), ())


def test_the_record_of_a_closed_request_keeps_who_held_it() -> None:
    ticket, log = held(CLOSED, "mei", NOW)
    base = SyncBase("mei", "u-mei", "closed", DUE)
    after = sides(ticket, base=base, assignee="u-an", state="closed", touched_at=NOW + HOUR)
    assert giving(after, SAID, log) == Giving()
