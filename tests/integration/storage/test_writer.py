from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk

from privacydesk.clock import MovableClock
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ChallengeId, ConversationId
from privacydesk.domain.ticket import EVIDENCE_SETTLED, TicketState
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import DeskError, ErrorCode, StaleError, UnavailableError
from privacydesk.ports import (
    Changes,
    Committed,
    FailedJobError,
    Job,
    Locks,
    ObservationOutdated,
    Store,
    WorkingSet,
)
from privacydesk.storage.store import SqlStore


def test_the_store_keeps_the_contract(store: SqlStore) -> None:
    kept: Store = store
    assert kept.writer is store.writer


async def test_a_turn_is_there_once_it_is_answered(store: SqlStore) -> None:
    await desk.begin(store)
    committed = await store.writer.submit(desk.say("j1", "hi", locale="en"))
    assert (committed.offset, committed.duplicate) == (1, False)
    assert committed.changes is not None
    assert committed.changes.answer == "hi"
    stored = await store.reader.conversation(desk.conversation_id())
    assert stored is not None
    assert (stored.version, stored.locale) == (2, "en")
    assert stored == store.writer.cached(stored.id)
    events = await store.reader.events(stored.id, after=0, limit=10)
    assert events == committed.changes.events


async def test_jobs_of_one_conversation_chain_in_the_order_they_came(store: SqlStore) -> None:
    await desk.begin(store)
    jobs = [desk.say(f"j{n}", f"m{n}") for n in range(20)]
    answers = await asyncio.gather(*(store.writer.submit(job) for job in jobs))
    assert [a.offset for a in answers] == list(range(1, 41, 2))
    assert (await desk.texts(store))[::2] == [f"m{n}" for n in range(20)]


async def test_one_commit_serves_all_that_came_meanwhile(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = _count_commits(store, monkeypatch)
    await asyncio.gather(*(desk.begin(store, n) for n in range(1, 31)))
    await asyncio.gather(*(store.writer.submit(desk.say("j", n=n)) for n in range(1, 31)))
    assert sum(commits) == 2


async def test_two_halves_that_take_turns_become_one(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(desk.begin(store, n) for n in range(1, 9)))
    commits = _count_commits(store, monkeypatch)

    async def talk(n: int) -> None:
        for message in range(10):
            await store.writer.submit(desk.say(f"{n}-{message}", n=n))

    first = [asyncio.create_task(talk(n)) for n in range(1, 5)]
    # Their batch leaves on the second turn of the loop.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.gather(*first, *(talk(n) for n in range(5, 9)))
    # Each half by itself would take ten.
    assert 10 <= sum(commits) <= 14


async def test_those_answered_together_share_the_next_commit_though_some_are_slower(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(desk.begin(store, n) for n in range(1, 9)))
    commits = _count_commits(store, monkeypatch)

    async def talk(n: int) -> None:
        await store.writer.submit(desk.say(f"{n}-1", n=n))
        for _ in range(n):  # what is in the sockets is read turn by turn
            await asyncio.sleep(0)
        await store.writer.submit(desk.say(f"{n}-2", n=n))

    await asyncio.gather(*(talk(n) for n in range(1, 9)))
    assert sum(commits) == 2


async def test_jobs_of_one_challenge_see_what_the_earlier_left(store: SqlStore) -> None:
    target = ChallengeId(b"x" * 32)
    seen: list[int] = []

    def enter(rows: WorkingSet) -> Changes:
        before = rows.challenges.get(target, Challenge(target, attempts_left=3))
        seen.append(before.attempts_left)
        fewer = before.attempts_left - 1
        return Changes(
            challenges=(replace(before, version=before.version + 1, attempts_left=fewer),)
        )

    jobs = [Job(f"j{n}", Locks(challenges=(target,)), enter) for n in range(3)]
    await asyncio.gather(*(store.writer.submit(job) for job in jobs))
    assert seen == [3, 2, 1]
    look = Job("look", Locks(challenges=(target,)), lambda rows: Changes(answer=rows.challenges))
    committed = await store.writer.submit(look)
    assert committed.changes is not None
    assert committed.changes.answer[target].attempts_left == 0


async def test_tickets_and_outbox_rows_chain_too(store: SqlStore) -> None:
    await desk.begin(store)
    made = Changes(tickets=(desk.ticket(),), deliveries=(desk.delivery(),))
    await store.writer.submit(desk.leave(made))

    def hold(rows: WorkingSet) -> Changes:
        ticket = rows.tickets[desk.ticket_id()]
        row = rows.deliveries[desk.delivery_id()]
        return Changes(
            tickets=(replace(ticket, holder=ticket.holder + "x"),),
            deliveries=(replace(row, ref=row.ref + "y"),),
        )

    locks = Locks(tickets=(desk.ticket_id(),), deliveries=(desk.delivery_id(),))
    await asyncio.gather(*(store.writer.submit(Job(f"j{n}", locks, hold)) for n in range(3)))
    stored = await store.reader.ticket(desk.ticket_id())
    assert stored is not None
    # Closures that leave the version alone have it raised.
    assert (stored.holder, stored.version) == ("xxx", 3)


async def test_a_poisoned_job_fails_alone_among_good_ones(store: SqlStore) -> None:
    await desk.begin(store)
    results = await asyncio.gather(
        store.writer.submit(desk.say("a", "one")),
        store.writer.submit(desk.fail(ZeroDivisionError("13800138000"))),
        store.writer.submit(desk.say("b", "two")),
        return_exceptions=True,
    )
    assert isinstance(results[1], FailedJobError)
    assert results[1].code is ErrorCode.FAILED
    assert "13800138000" not in str(results[1])
    assert await desk.texts(store) == ["one", "re: one", "two", "re: two"]


@pytest.mark.parametrize(
    "refusal", [StaleError("look again"), ObservationOutdated(), DeskError("no")]
)
async def test_refusals_pass_through_as_they_are(store: SqlStore, refusal: Exception) -> None:
    await desk.begin(store)
    with pytest.raises(type(refusal)) as caught:
        await store.writer.submit(desk.fail(refusal))
    assert caught.value is refusal
    assert await desk.texts(store) == []


async def test_a_known_job_is_answered_with_its_first_offset(store: SqlStore) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.say("a"))
    await store.writer.submit(desk.say("b"))
    assert await store.writer.submit(desk.say("b", "other")) == Committed(3, duplicate=True)
    assert len(await desk.texts(store)) == 4


async def test_a_job_sent_twice_at_once_runs_once(store: SqlStore) -> None:
    await desk.begin(store)
    first, second = await asyncio.gather(
        store.writer.submit(desk.say("a")), store.writer.submit(desk.say("a"))
    )
    assert (first.duplicate, second) == (False, Committed(1, duplicate=True))
    assert len(await desk.texts(store)) == 2


async def test_one_job_id_may_be_used_in_two_conversations(store: SqlStore) -> None:
    await desk.begin(store, 1)
    await desk.begin(store, 2)
    await store.writer.submit(desk.say("other"))
    both = [store.writer.submit(desk.say("a", n=n)) for n in (1, 2)]
    assert [c.offset for c in await asyncio.gather(*both)] == [3, 1]
    again = [store.writer.submit(desk.say("a", n=n)) for n in (1, 2)]
    assert await asyncio.gather(*again) == [Committed(3, True), Committed(1, True)]


async def test_a_job_runs_once_for_its_ticket(store: SqlStore) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.leave(Changes(tickets=(desk.ticket(1), desk.ticket(2)))))

    def job(n: int) -> Job:
        left = Changes(ticket_log=(desk.note(n), desk.note(n, "reminder")))
        return Job("due:1", Locks(tickets=(desk.ticket_id(n),)), lambda _: left, desk.ticket_id(n))

    answers = [await store.writer.submit(job(n)) for n in (1, 2, 1)]
    assert [a.duplicate for a in answers] == [False, False, True]
    twice = await asyncio.gather(store.writer.submit(job(2)), store.writer.submit(job(2)))
    assert all(a.duplicate for a in twice)
    assert [e.what for e in await store.reader.ticket_log(desk.ticket_id())] == ["note", "reminder"]


async def test_a_due_job_that_tells_the_user_is_answered_with_its_offset(store: SqlStore) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.leave(Changes(tickets=(desk.ticket(),))))
    await store.writer.submit(desk.say("a"))

    def decide(rows: WorkingSet) -> Changes:
        changes = desk.turn("", "reminder")(rows)
        return replace(changes, ticket_log=(desk.note(),))

    locks = Locks(desk.conversation_id(), (desk.ticket_id(),))
    job = Job("due:1", locks, decide, once_per_ticket=desk.ticket_id())
    assert (await store.writer.submit(job)).offset == 3
    assert await store.writer.submit(job) == Committed(3, duplicate=True)


async def test_a_new_conversation_is_found_under_its_keys(store: SqlStore) -> None:
    fresh = Conversation(desk.conversation_id(), "e", desk.NOW)
    events = (desk.said(1, "hi", "j"),)
    changes = Changes(replace(fresh, version=1), events, keys=(desk.key(1), desk.key(2)))
    job = desk.leave(changes, Locks(fresh.id), "j")
    assert (await store.writer.submit(job)).offset == 1
    for n in (1, 2):
        found = await store.reader.conversation_by_key(desk.key(n))
        assert found == replace(fresh, version=1)
    assert await store.reader.conversation_by_key(desk.key(3)) is None
    assert await store.writer.submit(job) == Committed(1, duplicate=True)


async def test_of_two_conversations_with_one_key_the_first_wins(store: SqlStore) -> None:
    results = await asyncio.gather(
        desk.begin(store, 1, desk.key()), desk.begin(store, 2, desk.key()), return_exceptions=True
    )
    assert isinstance(results[1], DeskError)
    assert results[1].code is ErrorCode.CONFLICT
    with pytest.raises(DeskError) as caught:
        await desk.begin(store, 3, desk.key())
    assert caught.value.code is ErrorCode.CONFLICT
    found = await store.reader.conversation_by_key(desk.key())
    assert found is not None
    assert found.id == desk.conversation_id(1)
    assert await store.reader.conversation(desk.conversation_id(2)) is None


async def test_a_conversation_made_in_a_batch_is_used_in_the_same_batch(store: SqlStore) -> None:
    made, told = await asyncio.gather(desk.begin(store), store.writer.submit(desk.say("a")))
    assert told.offset == 1
    stored = await store.reader.conversation(made.id)
    assert stored is not None
    assert stored.version == 2


def _broken(**wrong: Any) -> Job:
    """A turn that breaks one rule of the contract."""

    def decide(rows: WorkingSet) -> Changes:
        return replace(desk.turn("bad")(rows), **{k: v(rows) for k, v in wrong.items()})

    return Job("bad", Locks(desk.conversation_id()), decide)


def _state(rows: WorkingSet) -> Conversation:
    assert rows.conversation is not None
    return rows.conversation


BROKEN = {
    "a gap": _broken(events=lambda _: (desk.said(2, "x", "bad"), desk.said(3, "y"))),
    "a version that is not the last offset": _broken(events=lambda _: (desk.said(1, "x", "bad"),)),
    "no job id": _broken(events=lambda _: (desk.said(1, "x"), desk.said(2, "y"))),
    "another job's id": _broken(events=lambda _: (desk.said(1, "x", "q"), desk.said(2, "y"))),
    "a late job id": _broken(events=lambda _: (desk.said(1, "x"), desk.said(2, "y", "bad"))),
    "a state without events": _broken(
        events=lambda _: (), conversation=lambda rows: replace(_state(rows), locale="en")
    ),
    "another conversation": _broken(
        conversation=lambda rows: replace(_state(rows), id=desk.conversation_id(9), version=2)
    ),
    "events of nobody": _broken(conversation=lambda _: None),
    "an entry for a ticket it did not lock": _broken(ticket_log=lambda _: (desk.note(7),)),
    "a row it did not lock": _broken(tickets=lambda _: (desk.ticket(8),)),
    "something that is not JSON": _broken(
        events=lambda _: (
            desk.said(1, "x", "bad"),
            replace(desk.said(2, "y"), data={"at": desk.NOW}),
        )
    ),
}


@pytest.mark.parametrize("rule", BROKEN)
async def test_a_closure_that_breaks_the_contract_fails_alone(store: SqlStore, rule: str) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.leave(Changes(tickets=(desk.ticket(8),))))
    results = await asyncio.gather(
        store.writer.submit(BROKEN[rule]),
        store.writer.submit(desk.say("good")),
        return_exceptions=True,
    )
    assert isinstance(results[0], FailedJobError)
    assert results[1].offset == 1  # type: ignore[union-attr]
    assert await desk.texts(store) == ["hello", "re: hello"]


async def test_listeners_hear_of_a_commit_before_its_submitter(store: SqlStore) -> None:
    await desk.begin(store)
    heard: list[str] = []

    def broken(*_: object) -> None:
        raise RuntimeError

    def hook(where: ConversationId, events: tuple[Event, ...], after: Conversation) -> None:
        assert where == after.id == desk.conversation_id()
        heard.append(f"{[e.offset for e in events]} {after.version}")

    store.writer.on_commit(broken)
    store.writer.on_commit(hook)

    async def send(job_id: str) -> None:
        await store.writer.submit(desk.say(job_id))
        heard.append(job_id)

    await asyncio.gather(send("a"), send("b"))
    assert heard == ["[1, 2, 3, 4] 4", "a", "b"]


async def test_a_batch_is_bounded(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.begin(store)
    store.writer._limit = 8
    commits = _count_commits(store, monkeypatch)
    await asyncio.gather(*(store.writer.submit(desk.say(f"j{n}")) for n in range(20)))
    assert sum(commits) == 3


async def test_closing_commits_what_waits_and_takes_no_more(url: str, store: SqlStore) -> None:
    await desk.begin(store)
    waiting = [asyncio.ensure_future(store.writer.submit(desk.say(f"j{n}"))) for n in range(5)]
    await asyncio.gather(*waiting, store.writer.close())
    assert len(await desk.texts(store)) == 10
    with pytest.raises(UnavailableError):
        await store.writer.submit(desk.say("late"))


async def test_whoever_goes_away_does_not_hinder_the_others(store: SqlStore) -> None:
    await desk.begin(store)
    gone = asyncio.ensure_future(store.writer.submit(desk.say("a")))
    stays = asyncio.ensure_future(store.writer.submit(desk.say("b")))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).offset == 3


async def test_evidence_is_listed_in_the_order_it_was_handed_in(
    store: SqlStore, clock: MovableClock
) -> None:
    await desk.begin(store)
    files = tuple(desk.evidence(n) for n in range(1, 5))
    await store.writer.submit(desk.leave(Changes(evidence=files)))
    first, second, third, fourth = (one.id for one in files)
    for handed_in in ([third, first, fourth], [second, third]):
        moved = Changes(evidence_moved=dict.fromkeys(handed_in, desk.ticket_id()))
        await store.writer.submit(desk.leave(moved))
        clock.move(desk.MINUTE)
    listed = await store.reader.evidence_of(desk.ticket_id())
    assert [one.id for one in listed] == [third, first, fourth, second], "not as they came in"


async def test_evidence_is_moved_to_a_ticket_and_removed(store: SqlStore) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.leave(Changes(evidence=(desk.evidence(1), desk.evidence(2)))))
    moved = Changes(evidence_moved={desk.evidence_id(): desk.ticket_id()})
    await store.writer.submit(desk.leave(moved))
    (listed,) = await store.reader.evidence_of(desk.ticket_id())
    assert listed == replace(desk.evidence(), ticket_id=desk.ticket_id(), body=b"")
    opened = await store.reader.evidence(desk.evidence_id())
    assert opened is not None
    assert opened.body == b"image"
    await store.writer.submit(desk.leave(Changes(evidence_removed=(desk.evidence_id(),))))
    removed = await store.reader.evidence(desk.evidence_id())
    assert removed == replace(listed, removed_at=desk.NOW)
    assert removed.name == "card.jpg"


@pytest.mark.parametrize("state", sorted(EVIDENCE_SETTLED))
async def test_evidence_goes_with_the_job_that_leaves_its_ticket_settled(
    store: SqlStore, state: TicketState
) -> None:
    await desk.begin(store)
    moved = {desk.evidence_id(): desk.ticket_id(), desk.evidence_id(2): desk.ticket_id(2)}
    filed = Changes(
        # What was handed in with the second shows what happened, and not who asks.
        tickets=(replace(desk.ticket(), flags=frozenset({"document"})), desk.ticket(2)),
        evidence=(desk.evidence(), desk.evidence(2)),
        evidence_moved=moved,
    )
    await store.writer.submit(desk.leave(filed))

    def settle(rows: WorkingSet) -> Changes:
        return Changes(
            tickets=tuple(
                replace(before, state=state, version=before.version + 1)
                for before in rows.tickets.values()
            )
        )

    both = Locks(tickets=(desk.ticket_id(), desk.ticket_id(2)))
    await store.writer.submit(Job("settled", both, settle))
    gone, stays = [await store.reader.evidence(one) for one in moved]
    assert gone is not None
    assert stays is not None
    assert (gone.body, gone.removed_at) == (b"", desk.NOW)
    assert (stays.body, stays.removed_at) == (b"image", None)


def _count_commits(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    commits: list[int] = []
    transaction = store.writer._committer._transaction

    def counted(*args: Any, **options: Any) -> Any:
        outcomes = transaction(*args, **options)
        commits.append(1)
        return outcomes

    monkeypatch.setattr(store.writer._committer, "_transaction", counted)
    return commits
