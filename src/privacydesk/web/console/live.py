"""What changes while a page is open, as server-sent events: counts, words, owners, typing.

The hints of this process wake a stream at once. Commits of other processes are found by polling
every few seconds, as in the chat.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from aiohttp import web
from yarl import URL

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.errors import NotFoundError
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.board import BOARD
from privacydesk.web.console.case import conversation_of, whole
from privacydesk.web.console.forms import named_id
from privacydesk.web.console.inbox import asked_for
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.streams import Topic, tell
from privacydesk.web.console.tools import Tools

_LOOK_EVERY: Final = 5.0
_PRESENCE_EVERY: Final = 1.0
_SETTLE: Final = 1.0
"""Seconds over which a burst of commits is merged: the inbox is recounted at most this often."""


@staff(keeps_awake=False)
async def desk_live(request: web.Request) -> web.StreamResponse:
    """Stream the desk's status: who waits, the agent's alarms, who is there."""
    woken = asyncio.Event()
    async with _connected(request, lambda _conversation: woken.set()):
        return await tell(request, [_desk(request)], woken, every=_LOOK_EVERY, settle=_SETTLE)


@staff(keeps_awake=False)
async def inbox_live(request: web.Request) -> web.StreamResponse:
    """Stream changes to the open list and the counts, and the desk's status.

    The query is the page's own.
    """
    tools, me, asked = request.config_dict[TOOLS], signed_in(request), asked_for(request)
    woken = asyncio.Event()
    topics = [
        Topic("counts", lambda: tools.inbox.counts(me.agent)),
        Topic("list", lambda: tools.inbox.revision(asked, me.agent)),
        _desk(request),
    ]
    async with _connected(request, lambda _conversation: woken.set()):
        return await tell(request, topics, woken, every=_LOOK_EVERY, settle=_SETTLE)


@staff(keeps_awake=False)
async def case_live(request: web.Request) -> web.StreamResponse:
    """Stream a conversation's version, who types in it, who views it, and the desk's status.

    With ``ticket`` (an id) in the query, also the number of others' entries in its log; with
    ``list`` (the query of the inbox page it was opened from), also changes to that list.
    """
    tools, me = request.config_dict[TOOLS], signed_in(request)
    conversation = (await tools.casework.state(conversation_of(request))).id
    pulse = _Pulse(tools, conversation, _ticket_of(request), me.agent.name)
    close = tools.presence.agent_looks(conversation, me.agent.name)
    topics = [Topic("case", pulse.look), _desk(request), *_list_beside(request)]
    try:
        async with _connected(request, pulse.hear):
            return await tell(request, topics, pulse.woken, every=_PRESENCE_EVERY)
    finally:
        close()


@contextlib.asynccontextmanager
async def _connected(
    request: web.Request, hear: Callable[[ConversationId], None]
) -> AsyncIterator[None]:
    """Count the agent as present, and watch for commits, while one of their pages is open."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    close = tools.attendance.connect(me.agent.name)
    unwatch = tools.hints.watch(hear)
    try:
        await tools.attendance.beat(me.agent.name)
        yield
    finally:
        unwatch()
        close()


def _desk(request: web.Request) -> Topic:
    """Return the topic of the desk's status, which every page has."""
    tools, window = request.config_dict[TOOLS], request.config_dict[BOARD]
    name = signed_in(request).agent.name

    async def look() -> dict[str, Any]:
        board, now = await window.look(), tools.clock.now()
        return {
            "waiting": board.waiting,
            "held": board.held.get(name, 0),
            "unanswered": board.unanswered.get(name, 0),
            "alarms": board.unseen.get(name, 0),
            "state": board.duty(name).state,
            "team": {one.agent: one.standing(now) for one in board.duties.values()},
        }

    return Topic("desk", look)


@staff(keeps_awake=False)
async def presence(request: web.Request) -> web.Response:
    """Record that an agent is typing, and what they have read.

    Colleagues see that somebody types here; the user sees only the owning agent's typing of a
    reply, and what that agent has read.
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


def _ticket_of(request: web.Request) -> TicketId | None:
    named = request.query.get("ticket", "")
    return TicketId(named_id(named, "ticket")) if named else None


def _list_beside(request: web.Request) -> list[Topic]:
    """Return the topic of the list that a case's page shows beside it; empty without one."""
    if "list" not in request.query:
        return []
    tools, me = request.config_dict[TOOLS], signed_in(request)
    try:
        asked = asked_for(request, URL.build(query_string=request.query["list"]).query)
    except NotFoundError:
        # The tab may remember a list of an earlier version: the case is shown without it.
        return []
    told, asked_at = "", -_LOOK_EVERY

    async def look() -> str:
        nonlocal told, asked_at
        now = asyncio.get_running_loop().time()
        # Polling presence every second costs nothing; reading a list does.
        if now - asked_at >= _LOOK_EVERY:
            asked_at, told = now, await tools.inbox.revision(asked, me.agent)
        return told

    return [Topic("list", look)]


class _Pulse:
    """The live state of a case's page; reads the database only after a hint, or now and then."""

    def __init__(
        self, tools: Tools, conversation: ConversationId, ticket: TicketId | None, agent: str
    ) -> None:
        self.woken = asyncio.Event()
        self._tools = tools
        self._conversation = conversation
        self._ticket = ticket
        self._agent = agent
        self._version = 0
        self._by_others = 0
        self._asked_at = 0.0

    def hear(self, conversation: ConversationId) -> None:
        """Take a hint."""
        if conversation == self._conversation:
            self._asked_at = 0.0
            self.woken.set()

    async def look(self) -> dict[str, Any]:
        """Return the current state."""
        now = asyncio.get_running_loop().time()
        if now - self._asked_at >= _LOOK_EVERY:
            self._asked_at = now
            casework = self._tools.casework
            self._version = await casework.head(self._conversation)
            if self._ticket is not None:
                self._by_others = await casework.left_by_others(self._ticket, self._agent)
        seen = self._tools.presence
        return {
            "version": self._version,
            "by_others": self._by_others,
            "typing": seen.user_typed(self._conversation),
            "read": seen.user_has_read(self._conversation),
            "looking": seen.agents_looking(self._conversation),
            "writing": seen.agents_drafting(self._conversation),
        }
