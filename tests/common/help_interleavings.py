"""Random interleavings of what users, agents, the queue, restarts and shifts do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, Self

from tests.common.dispatching import dispatcher_of
from tests.common.help_recount import ZONE, Figures, Hours, Recount, Rota, Visit, visits_in
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.clock import MovableClock
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.duty import DutyState
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.periods import Period
from privacydesk.domain.reports import Report
from privacydesk.domain.saved_settings import HOURS
from privacydesk.domain.shifts import Shift
from privacydesk.errors import DeskError
from privacydesk.services.api import Session

AGENTS: Final = ("mei", "lao-zhou")
LOCALES: Final = ("zh-Hans", "zh-Hant", "en")
START: Final = datetime(2026, 6, 1, 0, 30, tzinfo=UTC)
ROTAS: Final = (
    (Hours(time(9), time(18)),),
    (Hours(time(9), time(13)), Hours(time(11, 30), time(18)), Hours(time(20), time(22, 30), True)),
    (Hours(time(0), time(23, 59), True),),
    (Hours(time(8), time(12), True), Hours(time(14), time(17))),
    (),
)
"""The shifts that may be in force: gaps, overlaps, days off, all day, and none."""
_LATEST: Final = datetime(2026, 8, 25, tzinfo=UTC)
"""Later days off are not known to the recount."""


class DeskUnderTest:
    """A desk on which interleavings run one after the other, on days of their own.

    Args:
        folder: of its database.
        seed: decides everything.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)  # noqa: S311 - it decides what a test does
        self._clock = MovableClock(START, frozen=True)
        self._open = AsyncExitStack()
        self._rota = Rota([(START, ROTAS[0])])
        self._visitors: list[Session] = []
        self._all: dict[ConversationId, None] = {}
        self._jobs = 0
        self._world: World
        self._ticket = ""
        self.done = 0

    async def __aenter__(self) -> Self:
        await self._start()
        filed = await steps(
            await enter(self._world, "lin", "en"),
            {"choose": "access"}, {"code": "right"}, {"choose": "all"},
        )  # fmt: skip
        (ticket,) = await filed.tickets()
        self._ticket = ticket.number
        for player in (filed, await enter(self._world, "chen", "zh_Hans")):
            self._add(player)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._open.aclose()

    @property
    def is_spent(self) -> bool:
        """Whether the days with known days off are used up."""
        return self._clock.now() > _LATEST

    async def interleave(self) -> tuple[Figures, Figures]:
        """Run one interleaving; return the figures of its days: those of the desk, recounted."""
        first = self._today() + timedelta(days=1)
        begins = datetime.combine(first, time(self._random.randrange(6, 20)), ZONE)
        self._clock.move(begins - self._clock.now())
        languages = self._random.choice(LOCALES)
        visitor = await self._world.services.desk.begin(languages=languages)
        self._visitors[2:] = [visitor.session]
        self._all[visitor.session.conversation] = None
        for _ in range(self._random.randrange(8, 40)):
            acts = [self._choose() for _ in range(2 if self._random.random() < 0.2 else 1)]
            alone = next((act for act in acts if act in {self._restart, self._change_hours}), None)
            if alone is not None:
                await alone()
            else:
                # Two at once share a batch of the writer, in either order.
                await asyncio.gather(*map(self._act, acts))
        figures = await self.compare(Period(first, self._today()))
        await self._clear()
        self.done += 1
        return figures

    async def compare(self, period: Period) -> tuple[Figures, Figures]:
        """Return the figures of a period: those of the desk, recounted."""
        services = self._world.services
        report = await services.oversight.reports.report(period)
        visits: list[Visit] = []
        for conversation in self._all:
            log = await services.store.reader.events(conversation, after=0, limit=100_000)
            visits += visits_in(log)
        inside = [
            one
            for one in visits
            if period.first <= one.began.astimezone(ZONE).date() <= period.last
        ]
        recount = Recount(self._rota, self._clock.now())
        return figures_of(report), recount.figures(inside)

    async def compare_all(self) -> tuple[Figures, Figures]:
        """Return the figures of all days so far."""
        return await self.compare(Period(START.date(), self._today()))

    # -- what may happen -------------------------------------------------------------------

    def _choose(self) -> Callable[[], Awaitable[Any]]:
        weights = {
            self._ask: 16, self._leave: 6, self._write: 2, self._language: 2, self._take: 8,
            self._reply: 10, self._hand_back: 8, self._reply_on_ticket: 2, self._duty: 6,
            self._lose: 3, self._round: 8, self._pass_time: 20, self._again: 2, self._restart: 1,
            self._change_hours: 1,
        }  # fmt: skip
        (chosen,) = self._random.choices(list(weights), list(weights.values()))
        return chosen

    async def _act(self, act: Callable[[], Awaitable[Any]]) -> None:
        # What can't be done now is refused, which leaves nothing.
        with suppress(DeskError):
            await act()

    async def _ask(self) -> None:
        await self._tap("desk:human", OwnerKind.ASSISTANT)

    async def _leave(self) -> None:
        await self._tap("desk:leave_queue", OwnerKind.QUEUE)

    async def _language(self) -> None:
        locale = self._random.choice(("zh_Hans", "zh_Hant", "en"))
        await self._tap(f"desk:lang:{locale}", self._random.choice(list(OwnerKind)))

    async def _write(self) -> None:
        session, state = await self._some(OwnerKind.AGENT)
        if state.owner.kind is OwnerKind.AGENT:
            await self._world.services.desk.say(session, id=self._job(), text="Are you there?")

    async def _tap(self, choice: str, owner: OwnerKind) -> None:
        session, _ = await self._some(owner)
        await self._world.services.desk.choose(session, id=self._job(), choice=choice, offset=0)

    async def _again(self) -> None:
        """Send a message once more, as a client does that got no answer."""
        session, _ = await self._some(OwnerKind.ASSISTANT)
        for _ in range(2):
            await self._world.services.desk.choose(
                session, id=f"again{self._jobs}", choice="desk:human", offset=0
            )

    async def _take(self) -> None:
        _, state = await self._some(self._random.choice((OwnerKind.QUEUE, OwnerKind.ASSISTANT)))
        await self._world.services.takeover.take(state.id.hex(), self._random.choice(AGENTS))

    async def _reply(self) -> None:
        state, by = await self._with_agent()
        await self._world.services.takeover.reply(state.id.hex(), by, "Hello.", job_id=self._job())

    async def _hand_back(self) -> None:
        state, by = await self._with_agent()
        await self._world.services.takeover.hand_back(state.id.hex(), by)

    async def _with_agent(self) -> tuple[Conversation, str]:
        """Return a conversation with the agent who has it, if one does, or else any agent."""
        _, state = await self._some(OwnerKind.AGENT)
        return state, state.owner.agent or self._random.choice(AGENTS)

    async def _some(self, owner: OwnerKind) -> tuple[Session, Conversation]:
        """Return one of the conversations, mostly of those with such an owner."""
        sessions = self._random.sample(self._visitors, len(self._visitors))
        states = [await self._state(session.conversation) for session in sessions]
        found = list(zip(sessions, states, strict=True))
        if self._random.random() < 0.9:
            found.sort(key=lambda one: one[1].owner.kind is not owner)
        return found[0]

    async def _reply_on_ticket(self) -> None:
        handling = self._world.services.staff.handling
        await handling.reply(self._ticket, self._random.choice(AGENTS), "We look into it.")

    async def _duty(self) -> None:
        attendance, agent = self._world.services.attendance, self._random.choice(AGENTS)
        if self._random.random() < 0.7:
            attendance.connect(agent)
        state = self._random.choice((DutyState.AVAILABLE, DutyState.AVAILABLE, *DutyState))
        await attendance.set_availability(agent, state)

    async def _lose(self) -> None:
        """Close an agent's pages; after the grace their conversations return to the queue."""
        self._world.services.attendance._connected.pop(self._random.choice(AGENTS), None)
        self._clock.move(timedelta(seconds=50))
        await self._round()

    async def _round(self) -> None:
        await self._world.services.attendance.record_heartbeat()
        await dispatcher_of(self._world.services).run_round()

    async def _pass_time(self) -> None:
        longest = self._random.choice((20, 600, 1_500, 7_200, 30_000))
        self._clock.move(timedelta(microseconds=self._random.randrange(longest * 1_000_000)))

    async def _change_hours(self) -> None:
        """Have other shifts in force from now on, as an administrator may at any time."""
        saved = self._world.services.console.operator_settings.saved
        current = await saved.current(HOURS)
        shifts = self._random.choice(ROTAS)
        await saved.save_hours(
            [Shift(one.opens, one.closes, every_day=one.every_day) for one in shifts],
            by="xiao-chen",
            seen=0 if current is None else current.version,
        )
        await saved.refresh()
        # Otherwise it would not be known which shifts were in force at this instant.
        self._clock.move(timedelta(microseconds=1))
        self._rota.changes.append((self._clock.now(), shifts))

    async def _restart(self) -> None:
        await self._open.aclose()
        await self._start()

    # -- the desk --------------------------------------------------------------------------

    async def _start(self) -> None:
        (shift,) = ROTAS[0]
        profile = {
            **PROFILE,
            "staffed": {"opens": str(shift.opens), "closes": str(shift.closes)},
        }
        self._open = AsyncExitStack()
        self._world = await self._open.enter_async_context(
            open_world(self._folder, profile, clock=self._clock)
        )

    async def _clear(self) -> None:
        """End what is open, so that the next interleaving begins with an empty queue."""
        services = self._world.services
        for session in self._visitors:
            state = await self._state(session.conversation)
            if state.owner.kind is OwnerKind.QUEUE:
                await services.desk.choose(
                    session, id=self._job(), choice="desk:leave_queue", offset=0
                )
            elif state.owner.kind is OwnerKind.AGENT:
                await services.takeover.hand_back(state.id.hex(), state.owner.agent)

    async def _state(self, conversation: ConversationId) -> Conversation:
        found = await self._world.services.store.reader.conversation(conversation)
        assert found is not None
        return found

    def _add(self, player: Player) -> None:
        assert player.session is not None
        self._visitors.append(player.session)
        self._all[player.session.conversation] = None

    def _job(self) -> str:
        self._jobs += 1
        return f"m{self._jobs}"

    def _today(self) -> Any:
        return self._clock.now().astimezone(ZONE).date()


def figures_of(report: Report) -> Figures:
    """Return the figures of a report that the recount knows."""
    return {
        figure.name.value: {
            **{line.label: line.values for line in figure.lines if any(line.values)},
            "": figure.totals,
        }
        for figure in report.figures
        if figure.name.value.endswith(("_by_hour", "_by_language"))
    }


def differences(desk: Figures, recounted: Figures) -> Sequence[str]:
    """Return where two sets of figures differ."""
    return [
        f"{name} {label or 'total'}: {desk[name].get(label)} is {recounted[name].get(label)}"
        for name in recounted
        for label in sorted(desk[name].keys() | recounted[name].keys())
        if desk[name].get(label) != recounted[name].get(label)
    ]
