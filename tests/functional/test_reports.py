"""Reports are made of records: they say the same before and after the content has gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.common.stories import PROFILE, World, open_world, steps
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
    write_settings,
)
from tests.functional.test_outcomes import enter, only_ticket
from tests.functional.test_retention import DAY, closed, complaint, retention_of
from tests.functional.test_upkeep_commands import later

from privacydesk.domain.figures import FigureName
from privacydesk.domain.grounds import Ground
from privacydesk.domain.periods import Period, Preset
from privacydesk.domain.reports import Report
from privacydesk.services.staff.preconditions import Refusal, Verdict


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


async def june(world: World) -> Report:
    reports = world.services.oversight.reports
    today = world.services.deadlines.today(world.clock.now())
    return await reports.report(
        Period(today.replace(month=6, day=1), today.replace(month=6, day=30))
    )


def told(report: Report, name: FigureName) -> dict[str, tuple[int, ...]]:
    return {one.label: one.values for one in report.figure(name).lines if any(one.values)}


async def test_a_report_of_the_past_stays_the_same_after_the_purge(world: World) -> None:
    """One answered and rated, one refused without items, one never answered, one given up."""
    player, _ = await closed(world)
    await player.step({"choose": "satisfaction.satisfied"})
    other = await complaint(world, "lin-xiaoyu")
    number = (await only_ticket(other)).number
    verdict = Verdict(
        whole=Refusal(Ground.MALICE_OR_ABUSE, "它说的不是真事"),
        abuse_requests=(number,),
        abuse_facts="它自己也承认了",
    )
    await world.services.staff.decisions.decide(number, "lao-zhou", verdict)
    await complaint(world, "alice-morgan")
    shy = await enter(world, "wu")
    await steps(shy, {"choose": "access"}, {"choose": "verify.rather_not"})
    world.clock.move(31 * DAY)
    await world.work()
    before = await june(world)
    assert told(before, FigureName.ON_TIME)["complaint"] == (2, 1, 0, 0)
    assert told(before, FigureName.REFUSALS) == {"malice_or_abuse": (1,)}
    assert told(before, FigureName.SATISFACTION) == {"complaint": (1, 0)}
    assert told(before, FigureName.GIVEN_UP)["code"] == (0, 1)
    assert told(before, FigureName.BACKLOG)["overdue"] == (1,)

    world.clock.move(timedelta(days=40))
    await world.work()
    tally = await retention_of(world).run(by="operator")
    assert len(tally.requests) == 3
    assert await june(world) == before


async def test_a_request_withdrawn_before_its_date_was_not_kept_waiting(world: World) -> None:
    player = await complaint(world)
    await steps(player, {"user": "我要撤回投訴"}, {"choose": "yes"})
    assert not (await only_ticket(player)).is_open
    assert told(await june(world), FigureName.ON_TIME) == {"complaint": (0, 0, 0, 1)}


async def test_more_time_given_later_does_not_make_an_answer_punctual(world: World) -> None:
    player = await complaint(world)
    ticket = await only_ticket(player)
    await world.services.staff.handling.extend(
        ticket.number, "lao-zhou", working_days=5, reason="要多查几天"
    )
    world.clock.move(timedelta(days=11))
    await player.step({"agent": {"resolve": "查清楚了"}})
    assert told(await june(world), FigureName.ON_TIME) == {"complaint": (0, 1, 0, 0)}


# -- the command -----------------------------------------------------------------------------


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    write_settings(tmp_path)
    async with open_world(tmp_path) as world:
        made = Office(world, tmp_path)
        later(made, 0)
        yield made


def labelled(record: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {one["label"]: one for one in record["figures"][name]["lines"]}


async def test_the_command_tells_the_figures_of_a_period(office: Office) -> None:
    await closed(office.world)
    later(office, 3)
    days = ("--from", "2026-06-01", "--to", "2026-06-30")
    record = await office.json("reports", *days)
    assert (record["first"], record["last"], record["zone"]) == (
        "2026-06-01",
        "2026-06-30",
        "Asia/Shanghai",
    )
    assert (record["received"], record["answered"], record["median_working_days"]) == (1, 1, 0)
    assert labelled(record, "on_time")["complaint"] == {
        "label": "complaint",
        "on_time": 1,
        "late": 0,
        "open": 0,
        "ended": 0,
        "share": 1.0,
    }
    assert record["figures"]["on_time"]["total"]["share"] == 1.0
    assert record["help"] == {
        "in_time_percent": 80,
        "in_time_within_minutes": 10,
        "in_time_missed": False,
        "left_percent": 10,
        "left_missed": False,
        "return_days": 7,
    }
    shown = await office.fine("reports", *days)
    assert "1 received, 1 answered; median working days to reply: 0" in shown
    assert "100.0%" in shown
    named = await office.json("reports", "--period", Preset.THIS_MONTH.value)
    assert named["figures"] == record["figures"]


async def test_half_a_period_and_one_backwards_are_refused(office: Office) -> None:
    half = await office.run("reports", "--from", "2026-06-01")
    assert (half.code, half.err) == (2, "error: --to: a period has a first and a last day\n")
    backwards = ("--from", "2026-06-02", "--to", "2026-06-01")
    assert "period" in await office.refused("reports", *backwards)
