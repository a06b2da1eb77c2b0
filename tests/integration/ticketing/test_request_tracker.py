"""The connector and a real Request Tracker, which is killed whenever it likes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.common.request_tracker import RequestTrackerServer

from privacydesk.clock import SystemClock
from privacydesk.connectors.breaker import CircuitBreaker
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.request_tracker import RequestTracker, connect_request_tracker
from privacydesk.domain.ticketing import (
    Fact,
    NewRemoteTicket,
    RemoteChange,
    RemoteGoneError,
    RemoteRefusedError,
    TicketingMap,
    key_marker,
)
from privacydesk.errors import UnavailableError

pytestmark = [
    pytest.mark.xdist_group("request_tracker"),
    pytest.mark.ticketing_system("request_tracker"),
]

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DUE = datetime(2026, 5, 13, 15, 59, tzinfo=UTC)
SAID = TicketingMap(
    queue="Privacy",
    users={"agent-a": "zhou", "agent-b": "lin"},
    fields={"Request number": Fact.NUMBER},
)
PATIENCE = 90.0
"""Seconds for one answer: the machine may be busy with other tests."""


@pytest.fixture
async def desk(tracker: RequestTrackerServer) -> AsyncIterator[RequestTracker]:
    async with _connected(tracker, SAID) as connected:
        yield connected


def _connected(
    tracker: RequestTrackerServer, said: TicketingMap, secret: str = ""
) -> AbstractAsyncContextManager[RequestTracker]:
    clock = SystemClock()
    return connect_request_tracker(
        Endpoint(tracker.url, secret or tracker.tokens["desk"], total_timeout=PATIENCE),
        "desk",
        said,
        clock=clock,
        # Kills make failures in a row, after which the next call shall find it running again.
        breaker=CircuitBreaker("request tracker", clock, failures=1_000),
    )


def new(key: str = KEY, **changed: object) -> NewRemoteTicket:
    told: dict[str, object] = {
        "title": "PD-7KQ4-M29X-3HC 查阅",
        "body": f"编号 PD-7KQ4-M29X-3HC <b>\nhttps://desk.example/case/1\n\n{key_marker(key)}",
        "queue": "Privacy",
        "state": "open",
        "due_at": DUE,
        "fields": {"Request number": "PD-7KQ4-M29X-3HC"},
    }
    return NewRemoteTicket(key=key, **told | changed)  # type: ignore[arg-type]


async def test_all_that_the_guide_has_an_operator_set_up_is_enough(
    tracker: RequestTrackerServer, desk: RequestTracker
) -> None:
    assert await desk.check() == ()
    async with _connected(tracker, SAID, "1-1-" + "0" * 32) as wrong:
        assert await wrong.check() == ("it refuses the account or its secret",)
    async with _connected(tracker, SAID, tracker.tokens["zhou"]) as anothers:
        assert await anothers.check() == ("the token is not one of the account",)
    async with _connected(tracker, SAID, tracker.password) as by_password:
        assert await by_password.check() == ()
    said = TicketingMap(queue="Nowhere", users={"a": "Zhou", "b": "nobody-there"})
    async with _connected(tracker, said) as mistaken:
        queue, written, unknown = await mistaken.check()
    assert "'Nowhere'" in queue
    assert "'zhou'" in written
    assert "'nobody-there'" in unknown


async def test_a_ticket_goes_over_and_is_read_back(
    tracker: RequestTrackerServer, desk: RequestTracker
) -> None:
    assert await desk.find(KEY, LONG_AGO) == ()
    made = await desk.create(new(assignee="zhou", state="stalled", priority="40"))
    assert await desk.find(KEY, LONG_AGO) == (made,)
    assert await desk.find(OTHER, LONG_AGO) == ()
    read = await desk.read(made)
    assert (read.state, read.assignee, read.due_at) == ("stalled", "zhou", DUE)
    assert read.fields == {"Request number": "PD-7KQ4-M29X-3HC"}
    assert read.touched_at is None
    (entry,) = read.entries
    assert (entry.text, entry.own, entry.key) == (new().body, True, KEY)
    async with tracker.as_user("zhou") as zhou:
        (seen,) = await zhou.tickets()
    assert seen["Subject"] == "PD-7KQ4-M29X-3HC 查阅"
    assert seen["Requestor"] == []
    assert seen["Priority"] == "40"


@pytest.mark.parametrize(
    "text",
    ["你好 \"q\" 'q' <b>x</b> &amp; {{ y }} 😀\n\n  indented\n- a\n> quoted", "x" * 200_000],
    ids=["characters", "long"],
)
async def test_what_was_written_is_read_as_it_was(desk: RequestTracker, text: str) -> None:
    made = await desk.create(new(state="stalled"))
    await desk.write(made, f"{text}\n{key_marker(OTHER)}")
    read = await desk.read(made)
    assert read.entries[-1].text == f"{text}\n{key_marker(OTHER)}"
    assert read.has_entry(OTHER)
    assert not read.entries[-1].public
    assert read.state == "stalled", "words for colleagues change no state"


async def test_what_people_do_is_seen_and_whose_it_is(
    tracker: RequestTrackerServer, desk: RequestTracker
) -> None:
    made = await desk.create(new())
    cursor = (await desk.changed("")).cursor
    async with tracker.as_user("lin") as lin:
        await lin.write(int(made), Owner="lin", Due="2026-05-20 15:59:00")
        await lin.comment(int(made), f"{key_marker(OTHER)} 内部")
        await lin.reply(int(made), "请补充身份证明")
        await lin.attach(int(made), "screen 1.png", b"\x89PNG")
    hints = await desk.changed(cursor)
    assert hints.ids == (made,)
    assert (await desk.changed(hints.cursor)).ids == ()
    read = await desk.read(made)
    assert read.assignee == "lin"
    assert read.due_at == DUE + timedelta(days=7)
    assert read.touched_at is not None
    assert read.assigned_at is not None
    assert read.assigned_at <= read.touched_at
    told = [(one.author, one.text, one.public, one.own) for one in read.entries[1:]]
    assert told == [
        ("lin", f"{key_marker(OTHER)} 内部", False, False),
        ("lin", "请补充身份证明", True, False),
        ("lin", "", False, False),
    ]
    assert not read.has_entry(OTHER), "a mark in somebody else's words proves nothing"
    (file,) = read.entries[-1].files
    assert file.name == "screen 1.png"
    assert file.url.startswith(f"{tracker.url}/Ticket/Attachment/")


async def test_a_change_is_made_whole_or_told_to_be_refused(desk: RequestTracker) -> None:
    made = await desk.create(new(assignee="zhou"))
    change = RemoteChange(
        state="rejected",
        assignee="",
        due_at=DUE + timedelta(days=1),
        fields={"Request number": "PD-2"},
    )
    for _ in range(2):
        await desk.change(made, change)
        read = await desk.read(made)
        assert (read.state, read.assignee, read.due_at) == ("rejected", "", change.due_at)
        assert read.fields == {"Request number": "PD-2"}
    for refused in (
        RemoteChange(state="no such state"),
        RemoteChange(assignee="nobody-there"),
        RemoteChange(fields={"No such field": "x"}),
    ):
        with pytest.raises(RemoteRefusedError):
            await desk.change(made, refused)


async def test_a_change_is_not_made_over_what_somebody_did_since(
    tracker: RequestTrackerServer, desk: RequestTracker
) -> None:
    made = await desk.create(new())
    await desk.read(made)
    async with tracker.as_user("lin") as lin:
        await lin.write(int(made), Owner="lin")
    with pytest.raises(UnavailableError):
        await desk.change(made, RemoteChange(assignee="zhou"))
    read = await desk.read(made)
    assert read.assignee == "lin"
    await desk.change(made, RemoteChange(assignee="zhou"))
    assert (await desk.read(made)).assignee == "zhou"


async def test_tickets_that_are_gone_are_told_from_those_that_are_not(
    tracker: RequestTrackerServer, desk: RequestTracker
) -> None:
    one, two = await desk.create(new()), await desk.create(new())
    assert await desk.find(KEY, LONG_AGO) == (one, two)
    for _ in range(2):
        await desk.retire(two, one)
    assert await desk.find(KEY, LONG_AGO) == (one,)
    assert [entry.key for entry in (await desk.read(one)).entries] == [KEY, KEY]
    removed = await desk.create(new(OTHER))
    async with tracker.as_user("root") as root:
        await root.write(int(removed), Status="deleted")
    for gone in (two, removed, "4711"):
        with pytest.raises(RemoteGoneError):
            await desk.read(gone)
    with pytest.raises(RemoteGoneError):
        await desk.write("4711", "words")
    with pytest.raises(RemoteGoneError):
        await desk.change("4711", RemoteChange(state="open"))


@pytest.mark.kill
async def test_a_kill_over_there_leaves_nothing_that_can_not_be_told(
    tracker: RequestTrackerServer, desk: RequestTracker
) -> None:
    """Kill it at some moment of a call, then go by what is found: once, and whole."""
    rng = random.Random(20260504)  # noqa: S311 - moments of kills
    keys = [f"{number:016x}" for number in (1, 2, 3)]
    for key in keys:
        found = await _with_a_kill(tracker, desk, new(key), rng)
        assert len(found) <= 1
        made = found[0] if found else await desk.create(new(key))
        assert await desk.find(key, LONG_AGO) == (made,)
        noted = f"{key[:-4]}ffff"
        await _cut_off(tracker, desk.write(made, f"noted {key_marker(noted)}"), rng)
        read = await desk.read(made)
        if not read.has_entry(noted):
            await desk.write(made, f"noted {key_marker(noted)}")
        read = await desk.read(made)
        assert [entry.key for entry in read.entries] == [key, noted]
        await _cut_off(tracker, desk.change(made, _WHOLE), rng)
        await desk.change(made, _WHOLE)
        read = await desk.read(made)
        assert (read.state, read.assignee, read.due_at) == ("stalled", "lin", _WHOLE.due_at)


_WHOLE = RemoteChange(state="stalled", assignee="lin", due_at=DUE + timedelta(days=3))


async def _with_a_kill(
    tracker: RequestTrackerServer, desk: RequestTracker, made: NewRemoteTicket, rng: random.Random
) -> tuple[str, ...]:
    await _cut_off(tracker, desk.create(made), rng)
    return await desk.find(made.key, LONG_AGO)


async def _cut_off(
    tracker: RequestTrackerServer, call: Coroutine[Any, Any, object], rng: random.Random
) -> None:
    """Kill the server while it works on a call, and start it again."""
    task = asyncio.ensure_future(call)
    # Not a wait for something: the moment is what is drawn.
    await asyncio.wait((task,), timeout=rng.uniform(0.0, 1.5))
    await tracker.kill()
    with contextlib.suppress(UnavailableError):
        await task
    await tracker.start()
