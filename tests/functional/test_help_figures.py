"""The figures of help by a person are those that the logs of conversations tell."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.help_interleavings import DeskUnderTest, differences
from tests.common.stories import World, enter, open_world, steps

from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.periods import Preset

INTERLEAVINGS = int(os.environ.get("HELP_INTERLEAVINGS", "480"))
"""How many are run; ``HELP_INTERLEAVINGS=10000`` runs what a release is checked with."""
_IN_ONE_DESK = 40


@pytest.mark.by_turns(4)
@pytest.mark.parametrize("seed", range(-(-INTERLEAVINGS // _IN_ONE_DESK)))
async def test_the_figures_are_those_of_the_logs(tmp_path: Path, seed: int) -> None:
    async with DeskUnderTest(tmp_path, seed) as desk:
        while desk.done < _IN_ONE_DESK:
            assert not differences(*await desk.interleave()), f"seed {seed}, {desk.done}"
        assert not desk.is_spent, "days off of these days are not known to the recount"
        assert not differences(*await desk.compare_all())


async def visit(world: World, name: str, *, minutes: float, answered: bool = True) -> None:
    """Have somebody ask for a person, and be answered after some minutes or leave."""
    player = await steps(await enter(world, name, "en"), {"choose": "desk:human"})
    assert player.session is not None
    conversation, takeover = player.session.conversation.hex(), world.services.takeover
    world.clock.move(timedelta(minutes=minutes))
    if not answered:
        await player.step({"choose": "desk:leave_queue"})
        return
    await takeover.take(conversation, "mei")
    await takeover.reply(conversation, "mei", "Hello.")
    await takeover.hand_back(conversation, "mei")


async def check_targets(world: World) -> int:
    """Do what a process does once a minute."""
    services = world.services
    reports = services.oversight.reports
    day = reports.period_for(Preset.TODAY).since(services.deadlines.zone)
    return await services.alarms.alert_missed_targets(await reports.waits_today(), day)


async def test_a_missed_target_of_the_day_alerts_the_supervisors_once(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for _ in range(4):
            await visit(world, "lin", minutes=11)
        assert await check_targets(world) == 0, "four waits decide nothing"
        await visit(world, "lin", minutes=11)
        assert [await check_targets(world) for _ in range(2)] == [1, 0]
        alarms = await world.services.alarms.alarms_of("lao-zhou")
        assert alarms[0].kind is AlarmKind.WAIT_TARGET_MISSED
        await visit(world, "chen", minutes=1, answered=False)
        assert await check_targets(world) == 1
        world.clock.move(timedelta(days=1))
        assert await check_targets(world) == 0, "a day begins anew"
        assert await world.services.alarms.alarms_of("mei") == ()


async def test_the_figures_stay_when_conversations_are_erased(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        begun = await world.services.desk.begin(languages="en")
        await world.services.desk.choose(begun.session, id="m1", choice="desk:human", offset=0)
        name, takeover = begun.session.conversation.hex(), world.services.takeover
        world.clock.move(timedelta(minutes=3))
        await takeover.take(name, "mei")
        await takeover.hand_back(name, "mei")
        reports = world.services.oversight.reports
        period = reports.period_for(Preset.TODAY)
        world.clock.move(timedelta(days=20))
        before = await reports.report(period)
        world.clock.move(timedelta(days=60))
        tally = await world.services.maintenance.retention.run(by="operator")
        assert tally.erased == 1
        assert (await reports.report(period)).figures == before.figures
        assert before.waits.in_time == 1


async def test_who_waits_is_told_what_others_waited_after_a_restart(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for _ in range(5):
            await visit(world, "lin", minutes=4)
        clock = world.clock
    async with open_world(tmp_path, clock=clock) as world:
        player = await steps(await enter(world, "chen", "en"), {"choose": "desk:human"})
        assert player.session is not None
        wait = (await world.services.desk.view(player.session)).queue_wait
        assert wait is not None
        assert (wait.minutes_from, wait.minutes_to) == (4, 4)
