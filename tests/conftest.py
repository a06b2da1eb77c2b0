"""What holds for all tests."""

from __future__ import annotations

import gc
import itertools
import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings
from tests.common.one_dialect import share_dialect
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

# A machine with other work takes longer for an example, or for thinking one up; that says nothing
# about what is tested.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

share_dialect()

# Hundreds of desks are opened in a process. Looking through all that is alive as often as Python
# does it by itself takes a sixth of the time; never to look leaves gigabytes of desks behind.
gc.set_threshold(100_000, 50, 100)
_COLLECT_EVERY = 50
_tests = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--network", action="store_true", help="play stories with what the network reads, alone"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--network"):
        os.environ["PRIVACYDESK_STORIES_NETWORK"] = "yes"


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers for each processor: many tests wait for a server."""
    told = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(told) if told else 2 * len(os.sched_getaffinity(0))


_TOGETHER = ("tests/browser/", "tests/unit/")


class _Scheduling(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """Also leaves a file to one worker where its tests share a demo, or are thousands."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        alone = scope == nodeid and nodeid.startswith(_TOGETHER)
        return nodeid.partition("::")[0] if alone else scope


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling | None:
    """Distribute in groups of the tests' own."""
    return _Scheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest and mostly waits, so that the others are done beside it."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if any(item.get_closest_marker(name) for name in ("kill", "xdist_group")):
        return 0
    return 1 if item.nodeid.startswith("tests/browser/") else 2


def pytest_collection_finish() -> None:
    """Never look again through the tests themselves and all that they import: it stays anyway."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _let_go_of_what_was_opened() -> Iterator[None]:
    yield
    if next(_tests) % _COLLECT_EVERY == 0:
        gc.collect()
        # What is left was loaded for all that follow: models, words, flows.
        gc.freeze()


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo how a test, or a command it runs, sets logs up: others look at theirs."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
