"""What of a conversation goes, decided on values alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from privacydesk.domain.conversation import (
    Conversation,
    Frame,
    MailThread,
    Owner,
    OwnerKind,
    Prompt,
    RequestDraft,
    StaffReply,
)
from privacydesk.domain.failed_attempts import Attempt, AttemptKind
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Assurance, Verification
from privacydesk.domain.ids import ConversationId, DeliveryId, EvidenceId, LookupHash, TicketId
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.retention import (
    HOLD,
    LogLine,
    PurgePlan,
    StoredContent,
    conversation_after_purge,
    plan_purge,
    record_of,
)
from privacydesk.domain.ticket import Outcome, ScopeItem, Ticket, TicketState
from privacydesk.domain.work import StaffMessage, Work

START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def at(days: float) -> datetime:
    return START + days * DAY


def held(*instants: float, **changed: Any) -> StoredContent:
    lines = tuple(LogLine(n, at(day), blank=False) for n, day in enumerate(instants, start=1))
    last = max(instants, default=0)
    conversation = Conversation(
        ConversationId(b"c" * 16),
        "old",
        START,
        version=len(lines),
        account="u-1",
        last_said_at=at(last),
    )
    return StoredContent(**{"conversation": conversation, "lines": lines, **changed})


def ticket(begun: float, closed: float | None = None, n: int = 1, **changed: Any) -> Ticket:
    values: dict[str, Any] = {
        "id": TicketId(b"t%015d" % n),
        "number": f"PD-{n}",
        "conversation_id": ConversationId(b"c" * 16),
        "kind": RequestKind.COMPLAINT,
        "state": TicketState.IN_REVIEW if closed is None else TicketState.CLOSED,
        "received_at": at(begun),
        "closed_at": None if closed is None else at(closed),
        "locale": "en",
    }
    return Ticket(**{**values, **changed})


def test_a_hold_on_the_users_account_keeps_all_of_their_conversation() -> None:
    rows = ((DeliveryId(b"d" * 16), at(0)),)
    files = ((EvidenceId(b"e" * 16), at(0)),)
    content = held(0, 1, 2, 3.5, tickets=(ticket(1, 2),), deliveries=rows, files=files)
    assert blanks(plan_purge(content, at(40))) == [1, 2, 3, 4]
    kept = plan_purge(content, at(40), {"u-1"})
    assert not kept.purge
    assert not kept.is_idle
    assert [one.number for one in kept.on_hold] == ["PD-1"]
    assert not plan_purge(replace(content, tickets=()), at(40), {"u-1"}).purge


def test_a_hold_on_an_account_keeps_anothers_request_about_it_and_the_talk_beside_it() -> None:
    child, other = ticket(1, 2, account="u-child"), ticket(5, 6, n=2, account="u-other")
    content = held(0.5, 1, 2, 5, 5.5, 8, tickets=(child, other))
    kept = plan_purge(content, at(40), {"u-child"})
    assert kept.purge.tickets == (other.id,)
    assert blanks(kept) == [4, 5]
    assert kept.on_hold == (child,)


def blanks(found: PurgePlan) -> list[int]:
    return [n for first, last in found.purge.blanks for n in range(first, last + 1)]


def test_talk_goes_once_its_last_message_is_old_enough() -> None:
    talk = held(0, 0.5, 1.2)
    assert not plan_purge(talk, at(1.1)).purge
    assert plan_purge(talk, at(1.2)).purge.blanks == ((1, 3),)


def test_a_silence_of_more_than_a_day_ends_a_talk() -> None:
    assert blanks(plan_purge(held(0, 0.5, 2, 2.5), at(1))) == [1, 2]


def test_what_belongs_to_a_kept_request_stays_and_what_stood_around_it_goes() -> None:
    found = plan_purge(held(0, 1, 1.5, 2, 3.5, tickets=(ticket(1, None),)), at(9))
    assert blanks(found) == [1]
    found = plan_purge(held(0, 1, 1.5, 2, 3.5, tickets=(ticket(1, 2),)), at(1.9))
    assert blanks(found) == [1]


def test_a_closed_request_takes_its_lines_whatever_was_said_right_after_it() -> None:
    found = plan_purge(held(0, 0.5, 1, 1.1, 1.9, 2.8, tickets=(ticket(0, 1),)), at(1))
    assert blanks(found) == [1, 2, 3]
    assert found.purge.tickets == (TicketId(b"t%015d" % 1),)


def test_where_requests_overlap_the_longer_one_keeps_its_lines() -> None:
    both = (ticket(0, 1), ticket(0.5, None, n=2))
    found = plan_purge(held(0, 0.4, 0.6, 1, tickets=both), at(5))
    assert blanks(found) == [1, 2]
    assert found.purge.tickets == (both[0].id,)


def test_a_held_request_keeps_its_span_and_is_named() -> None:
    one = ticket(1, 2, flags=frozenset({HOLD}))
    found = plan_purge(held(0, 1, 2, tickets=(one,)), at(40))
    assert (blanks(found), found.on_hold, found.purge.tickets) == ([1], (one,), ())


@pytest.mark.parametrize(
    ("objection", "kept"),
    [
        (ticket(3, None, n=2), True),
        (ticket(3, 30, n=2), True),
        (ticket(3, 4, n=2, flags=frozenset({HOLD, "objection"})), True),
        (ticket(3, 4, n=2), False),
    ],
)
def test_a_request_stays_until_an_objection_to_it_has_come_so_far(
    objection: Ticket, kept: bool
) -> None:
    first = ticket(1, 2)
    flags = objection.flags | {"objection"}
    linked = replace(objection, linked=first.id, flags=flags)
    found = plan_purge(held(1, 2, tickets=(first,), objections=(linked,)), at(20))
    assert found.objected == ((first,) if kept else ())
    assert bool(found.purge.tickets) is not kept


def test_what_is_blank_already_is_left_alone() -> None:
    before = held(0, 1, 2)
    lines = tuple(replace(line, blank=True) for line in before.lines)
    assert not plan_purge(replace(before, lines=lines), at(40)).purge


def test_a_record_is_not_purged_again() -> None:
    gone = record_of(ticket(0, 1), at(40))
    assert not plan_purge(held(tickets=(gone,)), at(80)).purge


@pytest.mark.parametrize("owner", [OwnerKind.QUEUE, OwnerKind.AGENT])
def test_a_talk_that_waits_for_an_answer_stays(owner: OwnerKind) -> None:
    before = held(0, 5, 5.5)
    waiting = replace(before.conversation, owner=Owner(owner, "mei"))
    found = plan_purge(replace(before, conversation=waiting), at(40))
    assert (blanks(found), found.is_idle) == ([1], False)


def test_only_a_conversation_that_nobody_comes_back_to_goes_as_a_whole() -> None:
    before = held(0, 1)
    nobody = replace(before, conversation=replace(before.conversation, account=""))
    assert not plan_purge(before, at(40)).erases_conversation
    assert plan_purge(nobody, at(40)).erases_conversation
    assert not plan_purge(nobody, at(0.5)).erases_conversation
    assert not plan_purge(replace(nobody, tickets=(ticket(0, 1),)), at(40)).erases_conversation
    assert not plan_purge(
        replace(nobody, tickets=(record_of(ticket(0, 1), at(3)),)), at(40)
    ).erases_conversation


def test_loose_files_stay_while_somebody_may_still_come_back_to_their_form() -> None:
    files = ((EvidenceId(b"e" * 16), at(0)),)
    deliveries = ((DeliveryId(b"d" * 16), at(0)),)
    found = plan_purge(held(0, 9, files=files, deliveries=deliveries), at(5)).purge
    assert (found.files, found.deliveries) == ((), (deliveries[0][0],))
    assert plan_purge(held(0, 4, files=files), at(5)).purge.files == (files[0][0],)


def test_the_record_keeps_what_reports_count_and_drops_what_people_said() -> None:
    full = ticket(
        0,
        1,
        items=(
            ScopeItem(
                "posts",
                {"details": "x"},
                "refuse",
                Ground.RIGHTS_OF_OTHERS,
                reason="no",
                granted="x",
                result="kept",
            ),
        ),
        account="u-1",
        account_hash=LookupHash(b"a" * 32),
        contact="me@example.com",
        contact_hash=LookupHash(b"b" * 32),
        outcome=Outcome.REFUSED,
        holder="mei",
        answers={"story": "x"},
        work=Work(first_due=date(2026, 6, 10), told=StaffMessage("resolved", "x")),
        flags=frozenset({"minor"}),
        version=4,
    )
    kept = record_of(full, at(40))
    (item,) = kept.items
    assert (item.name, item.decision, item.result) == ("posts", "refuse", "kept")
    assert (dict(item.detail), item.reason, item.granted) == ({}, "", "")
    assert item.ground is full.items[0].ground
    assert (kept.account, kept.contact) == ("", "")
    assert (kept.answers, kept.work) == ({}, Work(first_due=date(2026, 6, 10)))
    same = replace(
        kept,
        items=full.items,
        account=full.account,
        contact=full.contact,
        answers=full.answers,
        work=full.work,
        purged_at=None,
        version=4,
    )
    assert same == full


def test_a_quiet_conversation_keeps_only_whose_it_is() -> None:
    before = held(0, 1).conversation
    form = Frame("complaint", "story", START, 1, {"story": "x"})
    draft = RequestDraft(Intent.DELETION, {"scopes": ["posts"]}, "x")
    full = replace(
        before,
        locale="zh_Hant",
        stack=(form,),
        prompt=Prompt(2),
        verifications=(Verification("contact:x", Assurance.NONE, at(1)),),
        queued_at=at(1),
        unanswered=1,
        serial=7,
        desk_calls=1,
        last_said_at=at(1),
        explained=frozenset({"complaint.intro"}),
        minor_hint=True,
        bereaved=True,
        danger_at=at(1),
        pending_requests=(draft,),
        last_filed=draft,
        replied=StaffReply(TicketId(bytes(16)), "x", 2),
        to_rate=TicketId(bytes(16)),
        mail=MailThread("x@example.net", "x", "<x@example.net>"),
        origin=b"an address",
        attempts=(Attempt(at(1), AttemptKind.WRONG_CODE),),
        reachable_at="x",
    )
    quiet = plan_purge(held(0, 1), at(2))
    after = conversation_after_purge(full, quiet, "new", at(2))
    assert (after.epoch, after.version) == ("new", full.version + 1)
    assert (after.locale, after.serial, after.last_said_at) == ("zh_Hant", 7, at(1))
    same = replace(after, epoch=before.epoch, version=before.version)
    assert same == replace(before, locale="zh_Hant", serial=7, last_said_at=at(1))


def test_a_conversation_in_use_keeps_its_form_and_loses_what_went() -> None:
    found = plan_purge(held(0, 5), at(2))
    frame = Frame("complaint", "story", at(5), 1)
    filed = RequestDraft(Intent.DELETION, words="x")
    reply = StaffReply(TicketId(bytes(16)), "x", 2)
    before = replace(
        held(0, 5).conversation, stack=(frame,), prompt=Prompt(2), replied=reply, last_filed=filed
    )
    after = conversation_after_purge(before, found, "new", at(2))
    assert (after.prompt, after.stack) == (Prompt(2), (frame,))
    assert (after.replied, after.last_filed) == (reply, filed)
    old = replace(before, prompt=Prompt(1), replied=replace(reply, offset=1))
    after = conversation_after_purge(old, found, "new", at(2))
    assert (after.prompt, after.replied) == (None, None)
    a_request_went = replace(found, purge=replace(found.purge, tickets=(reply.ticket,)))
    assert conversation_after_purge(before, a_request_went, "new", at(2)).last_filed is None
