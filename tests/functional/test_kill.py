"""A server that is killed without warning forgets nothing that it answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.common.kill_rounds import Plan, Report, run_rounds


def _people_got_through(report: Report) -> bool:
    """Tell whether the rounds were worth something, and all kinds of rows were made."""
    return (
        report.acknowledged > 1_000
        and report.reconnects > 200
        and report.resent > 20
        and report.wrong_codes > 20
        and report.right_codes > 5
        and report.tickets > 2
    )


@pytest.mark.kill
async def test_killed_at_random_the_desk_forgets_nothing_that_it_answered(tmp_path: Path) -> None:
    plan = Plan(rounds=20, clients=32, seed=2_026, worth=_people_got_through)
    report = await run_rounds(tmp_path, plan)
    assert _people_got_through(report), report
