"""The connector and a real Redmine, which is killed whenever it likes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.common.redmine import PASSWORD, RedmineServer

from privacydesk.clock import SystemClock
from privacydesk.connectors.breaker import CircuitBreaker
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.redmine import Redmine, connect_redmine
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

pytestmark = [pytest.mark.xdist_group("redmine"), pytest.mark.ticketing_system("redmine")]

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DUE = datetime(2026, 5, 13, 15, 59, tzinfo=UTC)
PATIENCE = 90.0
"""Seconds for one answer: the machine may be busy with other tests."""


def _said(redmine: RedmineServer, **changed: Any) -> TicketingMap:
    said = {
        "queue": "privacy/Support",
        "users": {
            "agent-a": str(redmine.people["zhou"].id),
            "agent-b": str(redmine.people["lin"].id),
        },
        "fields": {"Request number": Fact.NUMBER},
    }
    return TicketingMap(**{**said, **changed})


def _connected(
    redmine: RedmineServer, said: TicketingMap, *, secret: str = "", username: str = ""
) -> AbstractAsyncContextManager[Redmine]:
    clock = SystemClock()
    return connect_redmine(
        Endpoint(redmine.url, secret or redmine.secret, total_timeout=PATIENCE),
        username,
        said,
        clock=clock,
        # Kills make failures in a row, after which the next call shall find it running again.
        breaker=CircuitBreaker("redmine", clock, failures=1_000),
    )


@pytest.fixture
async def desk(redmine: RedmineServer) -> AsyncIterator[Redmine]:
    async with _connected(redmine, _said(redmine)) as connected:
        yield connected


def new(key: str = KEY, **changed: object) -> NewRemoteTicket:
    told: dict[str, object] = {
        "title": "PD-7KQ4-M29X-3HC 查阅",
        "body": f"编号 PD-7KQ4-M29X-3HC <b>\nhttps://desk.example/case/1\n\n{key_marker(key)}",
        "queue": "privacy/Support",
        "state": "In Progress",
        "due_at": DUE,
        "fields": {"Request number": "PD-7KQ4-M29X-3HC"},
    }
    return NewRemoteTicket(key=key, **told | changed)  # type: ignore[arg-type]


async def test_all_that_the_guide_has_an_operator_set_up_is_enough(
    redmine: RedmineServer, desk: Redmine
) -> None:
    assert await desk.check() == ()
    said = _said(redmine)
    async with _connected(redmine, said, secret="0" * 40) as wrong:
        assert await wrong.check() == ("it refuses the API key, or the login and its password",)
    async with _connected(redmine, said, secret=PASSWORD, username="desk") as by_password:
        assert await by_password.check() == ()
    async with _connected(redmine, said, username="zhou") as anothers:
        assert await anothers.check() == ("the API key is that of user 'desk', not of 'zhou'",)
    as_agent = redmine.people["zhou"].key
    async with _connected(redmine, said, secret=as_agent) as limited:
        assert await limited.check() == (
            "the account lacks the permission 'Add issues' in the project",
            "the account lacks the permission 'Manage issue relations' in the project",
        )
    users = {"a": str(redmine.people["stranger"].id), "b": str(redmine.people["desk"].id)}
    mistaken = _said(
        redmine, queue="privacy/Nothing", users=users, states={"closed": "Done"},
        fields={"No field": Fact.NUMBER},
    )  # fmt: skip
    async with _connected(redmine, mistaken) as checked:
        tracker, status, field, member, role = await checked.check()
    assert "'Nothing'" in tracker
    assert "'Done'" in status
    assert "'No field'" in field
    assert "no member" in member
    assert "can't be assigned" in role
    async with _connected(redmine, _said(redmine, queue="nowhere")) as lost:
        (project,) = await lost.check()
    assert "'nowhere'" in project


async def test_an_api_that_is_off_is_told_from_a_wrong_key(redmine: RedmineServer) -> None:
    await redmine.kill()
    redmine.set("rest_api_enabled", "0")
    await redmine.start()
    async with _connected(redmine, _said(redmine)) as desk:
        (fault,) = await desk.check()
        assert "REST web service" in fault
        for call in (desk.changed(""), desk.changed("2026-05-04T10:00:00Z")):
            with pytest.raises(UnavailableError):
                await call


async def test_a_ticket_goes_over_and_is_read_back(redmine: RedmineServer, desk: Redmine) -> None:
    zhou = str(redmine.people["zhou"].id)
    assert await desk.find(KEY, LONG_AGO) == ()
    made = await desk.create(new(assignee=zhou, state="Feedback", priority="High"))
    assert await desk.find(KEY, LONG_AGO) == (made,)
    assert await desk.find(OTHER, LONG_AGO) == ()
    read = await desk.read(made)
    assert (read.state, read.assignee, read.due_at) == ("Feedback", zhou, DUE)
    assert read.fields == {"Request number": "PD-7KQ4-M29X-3HC"}
    assert read.touched_at is None
    (entry,) = read.entries
    assert (entry.text, entry.own, entry.key) == (new().body, True, KEY)
    assert desk.closed_states == {"Closed", "Rejected"}


async def test_one_that_is_overdue_already_goes_over_all_the_same(desk: Redmine) -> None:
    made = await desk.create(new(due_at=DUE - timedelta(days=900)))
    assert (await desk.read(made)).due_at == DUE - timedelta(days=900)


async def test_what_was_written_is_read_as_it_was_and_stays_among_staff(
    redmine: RedmineServer, desk: Redmine
) -> None:
    made = await desk.create(new())
    text = f"你好 \"q\" 'q' <b>x</b> &amp; {{{{ y }}}} 😀\n\n  indented\n- a\n{key_marker(OTHER)}"
    for said in (text, "x" * 60_000):
        await desk.write(made, said)
    read = await desk.read(made)
    assert [entry.text for entry in read.entries[1:]] == [text, "x" * 60_000]
    assert read.has_entry(OTHER)
    assert read.state == "In Progress", "words for colleagues change no state"
    async with redmine.as_user("lin") as lin:
        (seen,) = await lin.seen()
    assert [public for _, public, _ in seen.written] == [False] * 3


async def test_what_people_do_is_seen_and_whose_it_is(
    redmine: RedmineServer, desk: Redmine
) -> None:
    made = await desk.create(new())
    cursor = (await desk.changed("")).cursor
    await desk.changed(cursor)
    lins = str(redmine.people["lin"].id)
    async with redmine.as_user("lin") as lin:
        await lin.assign(int(made), "lin")
        await lin.delay(int(made))
        await lin.comment(int(made), f"{key_marker(OTHER)} 内部")
        await lin.reply(int(made), "请补充身份证明")
        await lin.attach(int(made), "screen 1.png", b"\x89PNG")
    hints = await desk.changed(cursor)
    assert made in hints.ids
    read = await desk.read(made)
    assert read.assignee == lins
    assert read.due_at == datetime(2027, 1, 1, 15, 59, tzinfo=UTC)
    assert read.touched_at is not None
    assert read.assigned_at is not None
    assert read.assigned_at <= read.touched_at
    told = [(one.author, one.text, one.public, one.own) for one in read.entries[1:]]
    assert told == [
        (lins, f"{key_marker(OTHER)} 内部", False, False),
        (lins, "请补充身份证明", True, False),
        (lins, "", True, False),
    ]
    assert not read.has_entry(OTHER), "a mark in somebody else's words proves nothing"
    (file,) = read.entries[-1].files
    assert file.name == "screen 1.png"
    assert file.url.startswith(f"{redmine.url}/attachments/")


async def test_a_change_is_made_whole_or_told_to_be_refused(
    redmine: RedmineServer, desk: Redmine
) -> None:
    made = await desk.create(new(assignee=str(redmine.people["zhou"].id)))
    change = RemoteChange(
        state="Rejected",
        assignee="",
        due_at=DUE + timedelta(days=1),
        fields={"Request number": "PD-2"},
    )
    for _ in range(2):
        await desk.change(made, change)
        read = await desk.read(made)
        assert (read.state, read.assignee, read.due_at) == ("Rejected", "", change.due_at)
        assert read.fields == {"Request number": "PD-2"}
    for refused in (
        RemoteChange(state="no such state"),
        RemoteChange(assignee="4711"),
        RemoteChange(fields={"No such field": "x"}),
    ):
        with pytest.raises(RemoteRefusedError):
            await desk.change(made, refused)
    stranger = str(redmine.people["stranger"].id)
    with pytest.raises(RemoteRefusedError):
        await desk.change(made, RemoteChange(state="New", assignee=stranger))
    assert (await desk.read(made)).state == "New", "the rest of a change is made"


async def test_a_change_is_not_made_over_what_somebody_did_since(
    redmine: RedmineServer, desk: Redmine
) -> None:
    zhou, lins = (str(redmine.people[name].id) for name in ("zhou", "lin"))
    made = await desk.create(new())
    await desk.read(made)
    async with redmine.as_user("lin") as lin:
        await lin.assign(int(made), "lin")
    with pytest.raises(UnavailableError):
        await desk.change(made, RemoteChange(assignee=zhou))
    assert (await desk.read(made)).assignee == lins
    await desk.change(made, RemoteChange(assignee=zhou))
    assert (await desk.read(made)).assignee == zhou


async def test_tickets_that_are_gone_are_told_from_those_that_are_not(
    redmine: RedmineServer, desk: Redmine
) -> None:
    one, two = await desk.create(new()), await desk.create(new())
    assert await desk.find(KEY, LONG_AGO) == (one, two)
    for _ in range(2):
        await desk.retire(two, one)
    retired = await desk.read(two)
    assert retired.state == "Rejected"
    removed = await desk.create(new(OTHER))
    async with redmine.as_user("lin") as lin:
        await lin.remove(int(removed))
    for gone in (removed, "4711", "new"):
        with pytest.raises(RemoteGoneError):
            await desk.read(gone)
        with pytest.raises(RemoteGoneError):
            await desk.write(gone, "words")
        with pytest.raises(RemoteGoneError):
            await desk.change(gone, RemoteChange(state="New"))


@pytest.mark.kill
async def test_a_kill_over_there_leaves_nothing_that_can_not_be_told(
    redmine: RedmineServer, desk: Redmine
) -> None:
    """Kill it at some moment of a call, then go by what is found: once, and whole."""
    rng = random.Random(20260504)  # noqa: S311 - moments of kills
    whole = RemoteChange(
        state="Feedback", assignee=str(redmine.people["lin"].id), due_at=DUE + timedelta(days=3)
    )
    for key in (f"{number:016x}" for number in (1, 2, 3)):
        await _cut_off(redmine, desk.create(new(key)), rng)
        found = await desk.find(key, LONG_AGO)
        assert len(found) <= 1
        made = found[0] if found else await desk.create(new(key))
        assert await desk.find(key, LONG_AGO) == (made,)
        noted = f"{key[:-4]}ffff"
        await _cut_off(redmine, desk.write(made, f"noted {key_marker(noted)}"), rng)
        if not (await desk.read(made)).has_entry(noted):
            await desk.write(made, f"noted {key_marker(noted)}")
        read = await desk.read(made)
        assert [entry.key for entry in read.entries] == [key, noted]
        await _cut_off(redmine, desk.change(made, whole), rng)
        await desk.change(made, whole)
        read = await desk.read(made)
        assert (read.state, read.assignee, read.due_at) == (
            "Feedback",
            whole.assignee,
            whole.due_at,
        )


async def _cut_off(
    redmine: RedmineServer, call: Coroutine[Any, Any, object], rng: random.Random
) -> None:
    """Kill the server while it works on a call, and start it again."""
    task = asyncio.ensure_future(call)
    # Not a wait for something: the moment is what is drawn.
    await asyncio.wait((task,), timeout=rng.uniform(0.0, 0.5))
    await redmine.kill()
    with contextlib.suppress(UnavailableError):
        await task
    await redmine.start()
