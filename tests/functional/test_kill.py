"""A server that is killed without warning forgets nothing that it answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.common.kill_rounds import run_rounds


@pytest.mark.kill
async def test_killed_at_random_the_desk_forgets_nothing_that_it_answered(tmp_path: Path) -> None:
    report = await run_rounds(tmp_path, rounds=20, clients=32, seed=2_026)
    # The rounds were worth something: people got through, and all kinds of rows were made.
    assert report.acknowledged > 1_000
    assert report.reconnects > 200
    assert report.resent > 20
    assert report.wrong_codes > 20
    assert report.right_codes > 5
    assert report.tickets > 2
