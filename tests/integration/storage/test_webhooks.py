"""Postings in the database: written with what they tell of, claimed and settled in order."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.desk import MINUTE, NOW, query_plan

from privacydesk.clock import MovableClock
from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import EndpointId, IncidentId
from privacydesk.domain.incidents import Audience, Incident, IncidentState
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.webhook_events import SUBSCRIBABLE, WebhookEventKind
from privacydesk.domain.webhooks import (
    MAX_ENDPOINTS,
    ClaimedPosting,
    DeliveryFault,
    Endpoint,
    EndpointResponse,
    EndpointState,
    PostingAttempt,
    PostingResult,
    PostingState,
    SigningSecret,
    after_attempt,
)
from privacydesk.errors import DeskError, NotAllowedNowError, NotFoundError, StaleError
from privacydesk.ports import Changes, FailedJobError, Job, Locks, WorkingSet
from privacydesk.storage import webhook_queue
from privacydesk.storage.store import SqlStore

TOLD = AuditEntry(NOW, "operator", "webhook_added")
TAKEN = EndpointResponse(204, 0.01)
AWAY = EndpointResponse(None, 0.01, DeliveryFault.UNREACHABLE)


def endpoint(n: int = 1, *kinds: WebhookEventKind) -> Endpoint:
    return Endpoint(
        id=EndpointId(b"n%015d" % n),
        url=f"https://hooks.example/{n}?token=hidden-{n}",
        label=f"hooks {n}",
        kinds=frozenset(kinds or SUBSCRIBABLE),
        secrets=(SigningSecret("whsec_c2VjcmV0LW9mLWhvb2tz"),),
        created_at=NOW,
    )


@pytest.fixture
async def begun(store: SqlStore) -> SqlStore:
    await desk.begin(store)
    await store.webhook_store.add(endpoint(), TOLD)
    return store


async def file(store: SqlStore, n: int = 1) -> Ticket:
    filed = desk.ticket(n, version=1)
    await store.writer.submit(
        desk.leave(Changes(tickets=(filed,), ticket_log=(desk.note(n, "filed"),)))
    )
    return filed


async def hold(store: SqlStore, holder: str, n: int = 1) -> None:
    def claim(rows: WorkingSet) -> Changes:
        before = rows.tickets[desk.ticket_id(n)]
        after = replace(before, holder=holder, version=before.version + 1)
        return Changes(tickets=(after,), ticket_log=(desk.note(n, "claim"),))

    await store.writer.submit(Job(f"hold-{holder}", Locks(tickets=(desk.ticket_id(n),)), claim))


async def claim(
    store: SqlStore, at: timedelta = timedelta(0), *, at_once: int = 10, busy: int = 0
) -> tuple[ClaimedPosting, ...]:
    return await store.webhook_queue.claim(
        NOW + at, lease=MINUTE, at_once=at_once, busy={endpoint().id: busy}
    )


def tried(
    claimed: ClaimedPosting, answer: EndpointResponse, at: timedelta = timedelta(0)
) -> PostingResult:
    after = after_attempt(claimed.posting, answer, NOW + at, 0.0)
    return PostingResult(claimed, after, PostingAttempt(claimed.posting.attempts, NOW + at, answer))


async def settle(
    store: SqlStore, *claimed: ClaimedPosting, answer: EndpointResponse = TAKEN
) -> None:
    await store.webhook_queue.settle([tried(one, answer) for one in claimed], NOW)


def kinds(claimed: tuple[ClaimedPosting, ...]) -> list[str]:
    return [one.posting.kind.value for one in claimed]


async def test_a_change_of_an_incident_is_posted_in_its_own_commit(begun: SqlStore) -> None:
    told = AuditEntry(NOW, "lao-zhou", "incident_prepared")
    notice = Incident(
        IncidentId(b"incident".ljust(16, b"0")), "Leak", Audience.EVERYONE, {}, "lao-zhou", NOW
    )
    draft = replace(notice, state=IncidentState.DRAFT, version=2)
    for one in (notice, draft):
        await begun.incidents.save(one, told)
    (claimed,) = await claim(begun)
    assert claimed.posting.kind is WebhookEventKind.INCIDENT_PREPARED
    with pytest.raises(StaleError):
        await begun.incidents.save(replace(draft, state=IncidentState.SENDING, version=4), told)
    await settle(begun, claimed)
    assert await claim(begun) == ()
    await begun.incidents.save(replace(draft, state=IncidentState.SENDING, version=3), told)
    assert kinds(await claim(begun)) == ["incident.released"]


async def test_a_posting_is_written_with_its_ticket_or_not_at_all(begun: SqlStore) -> None:
    filed = desk.ticket(version=1)
    broken = Changes(
        tickets=(filed,),
        ticket_log=(desk.note(what="filed", data={"at": NOW}),),
    )
    with pytest.raises(FailedJobError):
        await begun.writer.submit(desk.leave(broken, job_id="broken"))
    assert await claim(begun) == ()
    await file(begun)
    assert kinds(await claim(begun)) == ["ticket.filed"]


async def test_only_what_is_subscribed_to_is_written(store: SqlStore) -> None:
    await desk.begin(store)
    await store.webhook_store.add(endpoint(1, WebhookEventKind.TICKET_ASSIGNED), TOLD)
    await file(store)
    await hold(store, "mei")
    assert kinds(await claim(store)) == ["ticket.assigned"]


async def test_a_posting_claimed_by_a_clock_that_was_ahead_is_made_due(begun: SqlStore) -> None:
    await file(begun)
    (claimed,) = await claim(begun, timedelta(days=2))
    assert await claim(begun) == ()
    assert await begun.claims.reset_excessive_delays(NOW) == 1
    (again,) = await claim(begun)
    assert again.posting.id == claimed.posting.id


async def test_staff_are_told_of_an_endpoint_though_a_clock_that_was_ahead_did_so(
    begun: SqlStore,
) -> None:
    await file(begun)
    await settle(begun, *await claim(begun), answer=AWAY)
    assert len(await begun.webhook_queue.failing(NOW + timedelta(days=2))) == 1
    told = [len(await begun.webhook_queue.failing(NOW + 60 * MINUTE)) for _ in range(2)]
    assert told == [1, 0]


async def test_of_a_lane_only_the_oldest_is_claimed_and_lanes_do_not_wait_for_each_other(
    begun: SqlStore,
) -> None:
    await file(begun, 1)
    await hold(begun, "mei")
    await file(begun, 2)
    first = await claim(begun)
    assert kinds(first) == ["ticket.filed", "ticket.filed"]
    assert await claim(begun) == ()
    await settle(begun, *first)
    assert kinds(await claim(begun)) == ["ticket.assigned"]


async def test_a_late_answer_of_a_worker_that_was_thought_dead_counts_for_nothing(
    begun: SqlStore,
) -> None:
    await file(begun)
    (dead,) = await claim(begun)
    assert await claim(begun, MINUTE / 2) == ()
    (again,) = await claim(begun, MINUTE)
    assert again.posting.attempts == 2
    await settle(begun, dead)
    (posting,) = await begun.webhook_store.postings(endpoint().id)
    assert posting.state is PostingState.TRYING
    await settle(begun, again, answer=AWAY)
    entry = await begun.webhook_store.posting_log(posting.id)
    assert entry is not None
    assert entry.posting.state is PostingState.WAITING
    assert [one.answer.fault for one in entry.tries] == [None, DeliveryFault.UNREACHABLE]


async def test_what_waits_for_an_endpoint_that_is_removed_never_goes_out(
    begun: SqlStore,
) -> None:
    await file(begun, 1)
    await hold(begun, "mei")
    (on_its_way,) = await claim(begun)
    book, gone = begun.webhook_store, endpoint().id
    with pytest.raises(NotAllowedNowError):
        await book.remove(gone, NOW, TOLD)
    await book.set_state(gone, EndpointState.DISABLED, NOW, TOLD)
    await book.remove(gone, NOW, TOLD)
    # The answer to what was being tried comes late, and is a failure.
    await settle(begun, on_its_way, answer=AWAY)
    assert await book.endpoints() == ()
    assert await claim(begun, timedelta(days=1)) == ()
    assert await begun.webhook_queue.next_due() is None
    assert await begun.webhook_queue.sweep(NOW + MINUTE, limit=10) == 2
    assert await book.posting_log(on_its_way.posting.id) is None
    with pytest.raises(NotFoundError):
        await book.remove(gone, NOW, TOLD)


async def test_one_that_waits_takes_those_behind_it_along(begun: SqlStore) -> None:
    await file(begun)
    await hold(begun, "mei")
    (head,) = await claim(begun)
    await settle(begun, head, answer=AWAY)
    assert await begun.webhook_queue.next_due() == NOW + timedelta(seconds=5)


async def test_a_failing_endpoint_has_less_room_and_a_busy_one_none(begun: SqlStore) -> None:
    for n in range(1, 9):
        await file(begun, n)
    assert await claim(begun, busy=10) == ()
    first = await claim(begun, at_once=1)
    await settle(begun, *first, answer=AWAY)
    assert len(await claim(begun, at_once=10)) == 4


async def test_processes_share_the_rate_of_an_endpoint_and_nothing_is_lost(
    begun: SqlStore, url: str, clock: MovableClock
) -> None:
    limited = replace(endpoint(), max_per_second=5, version=2)
    await begun.webhook_store.change(limited, TOLD)
    for n in range(1, 13):
        await file(begun, n)
    taken: list[timedelta] = []
    async with SqlStore(url, desk.RING, clock) as other:
        for tenth in range(40):
            at = tenth * timedelta(milliseconds=100)
            both = await asyncio.gather(claim(begun, at), claim(other, at))
            for store, claimed in zip((begun, other), both, strict=True):
                taken += [at] * len(claimed)
                if claimed:
                    await settle(store, *claimed)
    assert len(taken) == 12
    second = timedelta(seconds=1)
    assert all(sum(first <= one < first + second for one in taken) <= 5 for first in taken)
    assert taken[-1] < 3 * second
    assert await begun.webhook_queue.next_due() is None


async def test_what_waits_for_the_rate_is_looked_for_when_the_rate_allows_it(
    begun: SqlStore,
) -> None:
    limited = replace(endpoint(), max_per_second=2, version=2)
    await begun.webhook_store.change(limited, TOLD)
    await file(begun, 1)
    await file(begun, 2)
    assert await begun.webhook_queue.next_due() == NOW
    (first,) = await claim(begun)
    assert await begun.webhook_queue.next_due() == NOW + timedelta(milliseconds=500)
    await settle(begun, first)
    assert await claim(begun) == ()
    unlimited = replace(first.endpoint, max_per_second=0, version=3)
    await begun.webhook_store.change(unlimited, TOLD)
    assert len(await claim(begun)) == 1


async def test_when_something_gets_through_again_all_that_waits_is_tried(begun: SqlStore) -> None:
    for n in range(1, 4):
        await file(begun, n)
    await settle(begun, *await claim(begun), answer=AWAY)
    later = timedelta(minutes=6)
    claimed = await claim(begun, later, at_once=1)
    await begun.webhook_queue.settle([tried(one, AWAY, later) for one in claimed], NOW + later)
    claimed = await claim(begun, later)
    assert len(claimed) == 2
    await begun.webhook_queue.settle([tried(claimed[0], TAKEN, later)], NOW + later)
    assert len(await claim(begun, later)) == 1
    (standing,) = await begun.webhook_store.endpoints()
    assert standing.endpoint.failing_since is None


async def test_addresses_secrets_and_answers_are_sealed(begun: SqlStore, path: Path) -> None:
    await file(begun)
    await settle(
        begun, *await claim(begun), answer=EndpointResponse(200, 0.1, text="the-answer-text")
    )
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT body FROM webhook_endpoint").fetchall()
        rows += raw.execute("SELECT answer FROM webhook_try").fetchall()
    stored = b"".join(row[0] for row in rows)
    for hidden in (b"hidden-1", b"hooks", b"whsec_", b"the-answer-text"):
        assert hidden not in stored


async def test_a_change_made_on_an_older_state_is_refused(begun: SqlStore) -> None:
    changed = replace(endpoint(), label="new", version=2)
    await begun.webhook_store.change(changed, TOLD)
    with pytest.raises(StaleError):
        await begun.webhook_store.change(changed, TOLD)
    with pytest.raises(DeskError, match="already"):
        await begun.webhook_store.add(endpoint(), TOLD)


async def test_there_may_be_so_many_endpoints_and_no_more(begun: SqlStore) -> None:
    for n in range(2, MAX_ENDPOINTS + 1):
        await begun.webhook_store.add(endpoint(n), TOLD)
    with pytest.raises(NotAllowedNowError):
        await begun.webhook_store.add(endpoint(MAX_ENDPOINTS + 1), TOLD)


@pytest.mark.parametrize(
    "name",
    ["_DUE", "_NEXT_DUE", "_STUCK", "_POSTPONE_LANE", "_MAKE_WAITING_DUE", "_SETTLED_BEFORE"],
)
def test_what_is_asked_again_and_again_reads_an_index_and_sorts_nothing(
    url: str, path: Path, name: str
) -> None:
    plan = query_plan(path, getattr(webhook_queue, name))
    assert "ix_webhook_posting_" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
    assert "ix_webhook_posting_log" not in plan


async def test_a_program_s_request_is_carried_out_once_and_leaves_what_it_did(
    begun: SqlStore,
) -> None:
    asked = StoredResponse("crm", b"k" * 32, b"f" * 32, NOW, body=b"api_result")
    book = begun.webhook_store
    changed = replace(endpoint(), label="billing", version=2)
    with pytest.raises(StaleError):
        await book.change(changed, TOLD, api_result=asked)
    await begun.api_token_store.begin_request(replace(asked, body=b""))
    with pytest.raises(StaleError):
        await book.change(replace(changed, version=9), TOLD, api_result=asked)
    assert (await begun.api_token_store.begin_request(asked)).body == b""
    await book.change(changed, TOLD, api_result=asked)
    assert (await begun.api_token_store.begin_request(asked)).body == b"api_result"
    with pytest.raises(StaleError) as caught:
        await book.set_state(changed.id, EndpointState.DISABLED, NOW, TOLD, api_result=asked)
    assert caught.value.data["reason"] == "api_done"
    (standing,) = await book.endpoints()
    assert (standing.endpoint.label, standing.endpoint.state) == ("billing", EndpointState.ACTIVE)


async def test_an_endpoint_that_was_switched_since_it_was_looked_at_is_not_moved(
    begun: SqlStore,
) -> None:
    book = begun.webhook_store
    moved = endpoint().with_url("https://elsewhere.example/in")
    await book.set_state(moved.id, EndpointState.DISABLED, NOW, TOLD)
    with pytest.raises(StaleError):
        await book.move(moved, NOW, TOLD)
    off = replace(moved, state=EndpointState.DISABLED)
    await book.move(off, NOW, TOLD)
    (standing,) = await book.endpoints()
    assert standing.endpoint == off
