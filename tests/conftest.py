"""What holds for all tests."""

from __future__ import annotations

import gc
import itertools
import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from tests.common.databases import explain_modes
from tests.common.one_dialect import share_dialect
from tests.common.postgresql import share_server
from tests.common.turns import drop_others, turn
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
_left_to_others: list[str] = []
"""The tests that have their turn at another commit."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql", "alternating"),
        default="sqlite",
        help="what functional tests run on; alternating: a part on PostgreSQL, by turns",
    )
    parser.addoption(
        "--variants",
        choices=("all", "by-turns"),
        default="all",
        help="which variants of a test are run where it has a mark by_turns",
    )
    parser.addoption(
        "--network", action="store_true", help="play stories with what the network reads, alone"
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        sharing = ExitStack()
        sharing.enter_context(share_server())
        config.add_cleanup(sharing.close)
    if config.getoption("--network"):
        os.environ["PRIVACYDESK_STORIES_NETWORK"] = "yes"


def pytest_report_header(config: pytest.Config) -> list[str]:
    variants = config.getoption("--variants")
    by_turns = f", those of commit {turn()}; the others have their turn at the next"
    return [
        explain_modes(config),
        f"variants: {variants}{by_turns if variants == 'by-turns' else ''}",
    ]


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers for each processor: many tests wait for a server."""
    told = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(told) if told else 2 * len(os.sched_getaffinity(0))


_TOGETHER = ("tests/browser/", "tests/unit/")


class _Scheduling(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """Also leaves a file to one worker where its tests share a demo, or are thousands.

    One worker of three begins at the end, so that both processors have work while the others wait.
    """

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        alone = scope == nodeid and nodeid.startswith(_TOGETHER)
        return nodeid.partition("::")[0] if alone else scope

    def _assign_work_unit(self, node: Any) -> None:
        if int(node.gateway.id.removeprefix("gw")) % 3 == 2:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        super().mark_test_complete(node, item_index, duration)
        # xdist counts what is left of all that a worker was ever given, after each test.
        units = self.assigned_work[node]
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(units[scope].values()):
            del units[scope]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling | None:
    """Distribute in groups of the tests' own."""
    return _Scheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest and mostly waits, so that the others are done beside it."""
    if config.getoption("--variants") == "by-turns" and (dropped := drop_others(items)):
        config.hook.pytest_deselected(items=dropped)
        _left_to_others[:] = [item.nodeid for item in dropped]
    for item in items:
        grouped = vars(item).get("_nodeid")
        if grouped is not None:
            # Where xdist writes the group to; pytest 9.2 reads names from elsewhere.
            item._id = type(item._id).parse(grouped)
    items.sort(key=_rank)


_FIRST = ("request_tracker_sync", "postgresql", "redmine", "request_tracker")
"""The groups that take longest: minutes, one test after the other."""
_SMALL = ("tests/functional/test_stories.py", "tests/integration/")
"""Where thousands of short tests are: done last, they leave no worker without work for long."""


def _rank(item: pytest.Item) -> tuple[int, int]:
    group = item.get_closest_marker("xdist_group")
    if group is not None:
        (name,) = group.args
        return 0, _FIRST.index(name) if name in _FIRST else len(_FIRST)
    if item.get_closest_marker("kill") is not None:
        return 1, 0
    if item.nodeid.startswith("tests/browser/"):
        return 2, 0
    return 3, not item.nodeid.startswith(_SMALL)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that distributes tests what was left to other commits."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_to_others"] = _left_to_others


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _left_to_others[:] = getattr(node, "workeroutput", {}).get("left_to_others", _left_to_others)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _left_to_others:
        counts = Counter(one.partition("::")[0] for one in _left_to_others)
        terminalreporter.section("left to the next commits, to keep each run short")
        for file, count in sorted(counts.items()):
            terminalreporter.line(f"{count:>5}  {file}")


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
