"""The figures of help by a person are those that the logs of conversations tell."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.common.help_interleavings import DeskUnderTest, differences

INTERLEAVINGS = int(os.environ.get("HELP_INTERLEAVINGS", "600"))
"""How many are run; ``HELP_INTERLEAVINGS=10000`` runs what a release is checked with."""
_IN_ONE_DESK = 40


@pytest.mark.parametrize("seed", range(-(-INTERLEAVINGS // _IN_ONE_DESK)))
async def test_the_figures_are_those_of_the_logs(tmp_path: Path, seed: int) -> None:
    async with DeskUnderTest(tmp_path, seed) as desk:
        while desk.done < _IN_ONE_DESK:
            assert not differences(*await desk.interleave()), f"seed {seed}, {desk.done}"
        assert not desk.is_spent, "days off of these days are not known to the recount"
        assert not differences(*await desk.compare_all())
