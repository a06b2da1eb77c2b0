"""Who shows which conversation, and what they are told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import orjson
from tests.common.fake_desk import FakeDesk, say

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind
from privacydesk.services.api import Session, View
from privacydesk.web.chat.hub import Hub


class _Page:
    """A viewer that keeps the view it was told of last, as a page does."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.view: dict[str, Any] = {}
        self.told = 0
        self.head = session.head

    def deliver(self, first: int, last: int, frame: bytes) -> None:
        self.send(frame)

    def catch_up_to(self, head: int) -> None:
        self.head = head

    def send(self, frame: bytes) -> None:
        self.view = orjson.loads(frame).get("view", self.view)
        self.told += 1

    def restart(self) -> None:
        raise AssertionError("the epoch stays")

    def expire(self) -> None:
        raise AssertionError("nobody has a token here")


class _Stage:
    """A hub whose background work is waited for."""

    def __init__(self) -> None:
        self.desk = FakeDesk()
        self._tasks: list[asyncio.Task[None]] = []
        self.hub = Hub(self.desk, self._spawn)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def page(self, *, is_new: bool = False) -> _Page:
        page = _Page((await self.desk.begin(languages="en")).session)
        self.hub.join(page, is_new=is_new)
        return page

    async def settle(self) -> None:
        tasks, self._tasks = self._tasks, []
        await asyncio.gather(*tasks)


async def test_whoever_is_put_back_in_the_queue_is_told_the_same_place_again() -> None:
    stage = _Stage()
    page = await stage.page()
    thread = stage.desk.thread()
    for owner, place in ((OwnerKind.QUEUE, 1), (OwnerKind.AGENT, 0), (OwnerKind.QUEUE, 1)):
        thread.queue_place = place
        stage.desk.own(thread, owner)
        await stage.settle()
        assert page.view["queue_place"] == place


async def test_whoever_writes_while_they_wait_keeps_their_place() -> None:
    stage = _Stage()
    page = await stage.page()
    thread = stage.desk.thread()
    thread.queue_place = 2
    stage.desk.own(thread, OwnerKind.QUEUE)
    await stage.settle()
    stage.desk.write(thread, [say("still there?")])
    await stage.settle()
    assert page.view["queue_place"] == 2


async def test_a_view_that_came_with_events_is_not_told_twice() -> None:
    stage = _Stage()
    page = await stage.page()
    stage.desk.write(stage.desk.thread(), [say("hello")])
    told = page.told
    await next(iter(stage.hub.channels())).refresh()
    assert page.told == told


async def test_what_another_process_wrote_is_read_after_its_hint() -> None:
    stage = _Stage()
    page, beside = await stage.page(), await stage.page()
    thread = stage.desk.threads[page.session.conversation]
    stage.desk.lose_calls = True
    stage.desk.write(thread, [say("hello from elsewhere")])
    await stage.settle()
    assert page.head < thread.conversation.version
    for watcher in stage.desk.elsewhere:
        watcher([page.session.conversation])
    await stage.settle()
    assert page.head == thread.conversation.version
    assert beside.head == beside.session.head


async def test_a_view_that_was_read_before_a_commit_does_not_take_it_back() -> None:
    stage = _Stage()
    page = await stage.page()
    channel, thread = next(iter(stage.hub.channels())), stage.desk.thread()
    stage.desk.write(thread, [say("which one?")])
    current, read = stage.desk.view, 0

    async def view(session: Session) -> View:
        nonlocal read
        read += 1
        found = await current(session)
        if read == 1:
            stage.desk.speak(thread, "zh_Hant")
            stage.desk.write(thread, [say("哪一個？")])
        return found

    stage.desk.view = view  # type: ignore[method-assign]
    await channel.refresh()
    assert read == 2
    assert page.view["locale"] == "zh_Hant"


async def test_however_many_commits_come_meanwhile_one_view_is_read_at_a_time() -> None:
    stage = _Stage()
    page = await stage.page()
    thread, current = stage.desk.thread(), stage.desk.view
    may_read, reading, most = asyncio.Semaphore(0), 0, 0

    async def view(session: Session) -> View:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        found = await current(session)
        await may_read.acquire()
        reading -= 1
        return found

    stage.desk.view = view  # type: ignore[method-assign]
    for count in range(5):
        stage.desk.write(thread, [say(f"message {count}")])
        await asyncio.sleep(0)
    thread.requests = ({"number": "PD-1"},)
    for _ in range(2):
        may_read.release()
    await stage.settle()
    assert most == 1
    assert page.view["requests"] == [{"number": "PD-1"}]


async def test_a_new_conversation_has_no_requests_to_read_until_one_is_filed() -> None:
    stage = _Stage()
    page = await stage.page(is_new=True)
    thread, current, read = stage.desk.thread(), stage.desk.view, 0

    async def view(session: Session) -> View:
        nonlocal read
        read += 1
        return await current(session)

    stage.desk.view = view  # type: ignore[method-assign]
    stage.desk.write(thread, [say("hello")])
    await stage.settle()
    assert read == 0
    thread.requests = ({"number": "PD-1"},)
    stage.desk.write(thread, [say("", kind=EventKind.TICKET)])
    await stage.settle()
    assert read == 1
    assert page.view["requests"] == [{"number": "PD-1"}]
