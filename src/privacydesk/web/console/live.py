"""Live updates of open pages as server-sent events: counts, messages, owners, typing.

A stream wakes at once after a commit of this process. Commits of other processes are found by
polling every few seconds, as in the chat.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from yarl import URL

from privacydesk.domain.agents import CASE_READERS, STAFF
from privacydesk.domain.duty import StaffBoard
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.errors import NotFoundError
from privacydesk.services.staff.case_pages import LogCounts
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.case import conversation_id_of, parse_whole_number
from privacydesk.web.console.event_streams import Topic, stream_changes
from privacydesk.web.console.forms import parse_id
from privacydesk.web.console.inbox import count_views, parse_inbox_query
from privacydesk.web.console.incidents import INCIDENT_READERS, load_progress
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.services import ConsoleServices

_POLL_INTERVAL: Final = 5.0
"""Seconds between reads of the database when this process makes no commit."""
_PRESENCE_INTERVAL: Final = 1.0
"""Seconds between reads of who types and who views; these are in memory."""
_MERGE_WINDOW: Final = 1.0
"""Seconds over which a burst of commits is merged: the inbox is recounted at most this often."""

_CASE_MERGE_WINDOW: Final = 0.1
"""The same for an open case, which shows a message soon after it was written."""


@staff(*STAFF, counts_as_activity=False)
async def desk_live(request: web.Request) -> web.StreamResponse:
    """Stream the desk's status: waiting conversations, the agent's alarms, the team."""
    return await _stream_pages(request, [_desk_topic(request)])


@staff(counts_as_activity=False)
async def inbox_live(request: web.Request) -> web.StreamResponse:
    """Stream changes to the page's list and to the counts of all views, and the desk's status.

    The query is that of the inbox page.
    """
    inbox, agent = request.config_dict[SERVICES].inbox, agent_session(request).agent
    page_request = parse_inbox_query(request)
    saved = await request.config_dict[SERVICES].saved_views.visible_to(agent)
    topics = [
        Topic("counts", lambda: count_views(inbox, agent, saved)),
        Topic("list", lambda: inbox.revision(page_request, agent)),
        _desk_topic(request),
    ]
    return await _stream_pages(request, topics)


@staff(counts_as_activity=False)
async def case_live(request: web.Request) -> web.StreamResponse:
    """Stream a conversation's version, who types in it, who views it, and the desk's status.

    With ``ticket`` (an id) in the query, also the number of entries in its log; with
    ``list`` (the query of the inbox page it was opened from), also changes to that list.
    """
    services, me = request.config_dict[SERVICES], agent_session(request)
    conversation = (await services.case_pages.conversation(conversation_id_of(request))).id
    case = _CaseState(services, conversation, _ticket_id_of(request), me.agent.name)
    remove_viewer = services.presence.add_viewer(conversation, me.agent.name)
    topics = [Topic("case", case.read), _desk_topic(request), *_list_topics(request)]
    try:
        async with _connected(request, case.on_commit):
            return await stream_changes(
                request,
                topics,
                case.wakeup,
                poll_interval=_PRESENCE_INTERVAL,
                merge_window=_CASE_MERGE_WINDOW,
            )
    finally:
        remove_viewer()


@staff(*INCIDENT_READERS, counts_as_activity=False)
async def incident_live(request: web.Request) -> web.StreamResponse:
    """Stream changes of an incident notice and of its progress, and the desk's status."""

    async def read() -> str:
        return (await load_progress(request)).revision

    await read()  # a notice that does not exist has no stream
    return await _stream_pages(request, [Topic("incident", read), _desk_topic(request)])


async def _stream_pages(request: web.Request, topics: Sequence[Topic]) -> web.StreamResponse:
    """Stream topics that any commit may change."""
    wakeup = asyncio.Event()
    async with _connected(request, lambda _conversation: wakeup.set()):
        return await stream_changes(
            request, topics, wakeup, poll_interval=_POLL_INTERVAL, merge_window=_MERGE_WINDOW
        )


@contextlib.asynccontextmanager
async def _connected(
    request: web.Request, on_commit: Callable[[ConversationId], None]
) -> AsyncIterator[None]:
    """Count the agent as present while the stream is open.

    Args:
        request: the request for the stream.
        on_commit: called with the id of each conversation that this process changes meanwhile.
    """
    services, me = request.config_dict[SERVICES], agent_session(request)
    disconnect = services.attendance.connect(me.agent.name)
    unwatch = services.commit_notifier.watch(on_commit)
    try:
        await services.attendance.record_heartbeat(me.agent.name)
        yield
    finally:
        unwatch()
        disconnect()


def _desk_topic(request: web.Request) -> Topic:
    """Return the topic of the desk's status, which every page shows."""
    clock, cache = request.config_dict[SERVICES].clock, request.config_dict[BOARD_CACHE]
    me = agent_session(request).agent
    name = me.name

    async def read() -> dict[str, Any]:
        board, now = await cache.get(), clock.now()
        if me.role not in CASE_READERS:
            # Of the desk, members of teams see their own alarms alone.
            board = StaffBoard(unseen_alarms=board.unseen_alarms)
        duty = board.duty(name)
        return {
            "waiting": board.queue_length,
            "held": board.conversations.get(name, 0),
            "unanswered": board.unanswered.get(name, 0),
            "alarms": board.unseen_alarms.get(name, 0),
            "requests": board.requests.get(name, 0),
            "assigned_at": _timestamp(duty.last_assigned_at),
            "newest_wait": _timestamp(board.newest_wait),
            "state": duty.state,
            "team": {duty.agent: duty.presence(now) for duty in board.duties.values()},
        }

    return Topic("desk", read)


def _timestamp(at: datetime | None) -> str:
    """Return an instant in a form that sorts by time; empty for None."""
    return "" if at is None else at.isoformat(timespec="microseconds")


@staff(counts_as_activity=False)
async def presence(request: web.Request) -> web.Response:
    """Record that the agent is typing, and up to which event they have read.

    Other agents see who types on the page. The user sees only whether the conversation's owner
    types a reply, and what the owner has read.
    """
    services, form = request.config_dict[SERVICES], await read_verified_form(request)
    me, conversation = agent_session(request), conversation_id_of(request)
    typing = form.get("typing", "")
    if typing:
        services.presence.set_agent_drafting(conversation, me.agent.name)
    state = await services.case_pages.conversation(conversation)
    if state.owner.agent == me.agent.name:
        if typing == "reply":
            services.presence.set_agent_typing(conversation)
        services.presence.mark_read_by_agent(
            conversation, min(parse_whole_number(str(form.get("read", "0"))), state.version)
        )
        services.commit_notifier.notify_view_changed(state)
    return web.Response(status=204)


def _ticket_id_of(request: web.Request) -> TicketId | None:
    ticket_id = request.query.get("ticket", "")
    return TicketId(parse_id(ticket_id, "ticket")) if ticket_id else None


def _list_topics(request: web.Request) -> list[Topic]:
    """Return the topic of the inbox list in the case page's sidebar; empty without a list."""
    if "list" not in request.query:
        return []
    inbox, agent = request.config_dict[SERVICES].inbox, agent_session(request).agent
    try:
        query = URL.build(query_string=request.query["list"]).query
        page_request = parse_inbox_query(request, query)
    except NotFoundError:
        # The browser tab may remember a list of an earlier version of the console.
        return []
    revision, read_at = "", -_POLL_INTERVAL

    async def read() -> str:
        nonlocal revision, read_at
        now = asyncio.get_running_loop().time()
        # The stream reads presence every second, which would be too often for a list.
        if now - read_at >= _POLL_INTERVAL:
            read_at, revision = now, await inbox.revision(page_request, agent)
        return revision

    return [Topic("list", read)]


class _CaseState:
    """The live state of a case page; read from the database only after commits or at intervals."""

    def __init__(
        self,
        services: ConsoleServices,
        conversation: ConversationId,
        ticket: TicketId | None,
        agent: str,
    ) -> None:
        self.wakeup = asyncio.Event()
        self._services = services
        self._conversation = conversation
        self._ticket = ticket
        self._agent = agent
        self._version = 0
        self._entries = LogCounts(0, 0)
        self._read_at = 0.0

    def on_commit(self, conversation: ConversationId) -> None:
        """Wake the stream if the commit changed its conversation."""
        if conversation == self._conversation:
            self._read_at = 0.0
            self.wakeup.set()

    async def read(self) -> dict[str, Any]:
        """Return the current state."""
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= _POLL_INTERVAL:
            self._read_at = now
            case_pages = self._services.case_pages
            self._version = await case_pages.last_offset(self._conversation)
            if self._ticket is not None:
                self._entries = await case_pages.count_entries(self._ticket, self._agent)
        presence = self._services.presence
        return {
            "version": self._version,
            "entries": self._entries.all,
            "by_others": self._entries.by_others,
            "typing": presence.is_user_typing(self._conversation),
            "read": presence.last_read_by_user(self._conversation),
            "looking": presence.viewers(self._conversation),
            "writing": presence.agents_drafting(self._conversation),
        }
