"""What changes while a page is open, as server-sent events: counts, words, owners, typing.

The hints of this process wake a stream at once. What other processes commit is found by looking
every few seconds, as the chat does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from privacydesk.domain.ids import ConversationId
from privacydesk.errors import DeskError
from privacydesk.web.chat.encoding import encode
from privacydesk.web.console.access import checked_form, signed_in, staff, still_signed_in
from privacydesk.web.console.case import conversation_of, whole
from privacydesk.web.console.tools import TOOLS, Tools
from privacydesk.web.keys import ROOM

_LOOK_EVERY: Final = 5.0
_PRESENCE_EVERY: Final = 1.0
_SETTLE: Final = 1.0
"""A burst of commits is told once: the inbox is counted anew at most this often, in seconds."""
_BEAT: Final = 15.0
"""How often a stream shows that it lives, and asks whether its agent is still let in."""
_ADMITTED_FOR: Final = 5.0
"""A session that has ended, or a role that was taken away, ends its streams after so long."""

Look = Callable[[], Awaitable[Any]]


@staff(keeps_awake=False)
async def inbox_live(request: web.Request) -> web.StreamResponse:
    """Tell the counts of the inbox whenever they change."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    woken = asyncio.Event()
    unwatch = tools.hints.watch(lambda _conversation: woken.set())
    try:
        return await _stream(
            request,
            "counts",
            lambda: tools.inbox.counts(me.agent),
            woken,
            every=_LOOK_EVERY,
            settle=_SETTLE,
        )
    finally:
        unwatch()


@staff(keeps_awake=False)
async def case_live(request: web.Request) -> web.StreamResponse:
    """Tell how far a conversation is, who writes in it and who looks at it."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    conversation = conversation_of(request)
    pulse = _Pulse(tools, conversation)
    close = tools.presence.agent_looks(conversation, me.agent.name)
    unwatch = tools.hints.watch(pulse.hear)
    try:
        return await _stream(request, "case", pulse.look, pulse.woken, every=_PRESENCE_EVERY)
    finally:
        unwatch()
        close()


@staff(keeps_awake=False)
async def presence(request: web.Request) -> web.Response:
    """Note that an agent writes, and what they have seen.

    Colleagues see that somebody writes here; the user sees a reply being written, and what was
    read, of the agent who speaks.
    """
    tools, form = request.config_dict[TOOLS], await checked_form(request)
    me, conversation = signed_in(request), conversation_of(request)
    types = form.get("typing", "")
    if types:
        tools.presence.agent_drafts(conversation, me.agent.name)
    state = await tools.casework.state(conversation)
    if state.owner.agent == me.agent.name:
        if types == "reply":
            tools.presence.agent_writes(conversation)
        tools.presence.agent_reads(
            conversation, min(whole(str(form.get("read", "0"))), state.version)
        )
        tools.hints.changed(state)
    return web.Response(status=204)


class _Pulse:
    """What a case's page needs to know; the database is asked only after a hint, or in a while."""

    def __init__(self, tools: Tools, conversation: ConversationId) -> None:
        self.woken = asyncio.Event()
        self._tools = tools
        self._conversation = conversation
        self._version = 0
        self._tickets = 0
        self._asked_at = 0.0

    def hear(self, conversation: ConversationId) -> None:
        """Take a hint."""
        if conversation == self._conversation:
            self._tickets += 1
            self._asked_at = 0.0
            self.woken.set()

    async def look(self) -> dict[str, Any]:
        """Return how it stands."""
        now = asyncio.get_running_loop().time()
        if now - self._asked_at >= _LOOK_EVERY:
            self._asked_at = now
            self._version = await self._tools.casework.head(self._conversation)
        seen = self._tools.presence
        return {
            "version": self._version,
            "changes": self._tickets,
            "typing": seen.user_typed(self._conversation),
            "read": seen.user_has_read(self._conversation),
            "looking": seen.agents_looking(self._conversation),
            "writing": seen.agents_drafting(self._conversation),
        }


async def _stream(
    request: web.Request,
    name: str,
    look: Look,
    woken: asyncio.Event,
    *,
    every: float,
    settle: float = 0.0,
) -> web.StreamResponse:
    """Tell what ``look`` finds whenever it differs from what was told last."""
    room = request.config_dict[ROOM]
    line = _Line(name)
    try:
        await line.response.prepare(request)
        while not room.stopping.is_set():
            woken.clear()
            # Where the database is away for a moment, the page keeps what it shows.
            with contextlib.suppress(DeskError):
                if await line.beat() and not await still_signed_in(request):
                    break
                await line.tell(await look())
            await _either(woken, room.stopping, every)
            if woken.is_set():
                await asyncio.sleep(settle)
    except ConnectionError:
        pass
    return line.response


class _Line:
    """What is said on one stream."""

    def __init__(self, name: str) -> None:
        self.response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self._name = name
        self._told: Any = None
        self._beaten_at = asyncio.get_running_loop().time()

    async def tell(self, found: Any) -> None:
        """Say what was found, unless it was said already."""
        if found != self._told:
            self._told = found
            head = f"event: {self._name}\ndata: ".encode()
            await self.response.write(head + encode(found) + b"\n\n")

    async def beat(self) -> bool:
        """Show that the stream lives, every now and then; return whether it was time to."""
        now = asyncio.get_running_loop().time()
        if now - self._beaten_at < _BEAT:
            return False
        self._beaten_at = now
        await self.response.write(b":\n\n")
        return True


async def _either(woken: asyncio.Event, stopping: asyncio.Event, seconds: float) -> None:
    """Wait until there is something to tell, the process stops, or the time is over."""
    waits = [asyncio.create_task(one.wait()) for one in (woken, stopping)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
