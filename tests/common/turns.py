"""What takes turns from commit to commit, where running all of it each time takes too long."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest


@cache
def turn() -> int:
    """Return the number of commits: what follows each other takes turns.

    A shallow clone does not know it; there the commit's hash decides.
    """
    if _git("rev-parse", "--is-shallow-repository") == "false":
        return int(_git("rev-list", "--count", "HEAD"))
    return int(_git("rev-parse", "HEAD") or "0", 16)


def drop_others(items: list[pytest.Item]) -> list[pytest.Item]:
    """Drop the variants whose turn it is not, and return them.

    The variants of a test are those of its parameters; the mark ``by_turns(n)`` says that one of
    each ``n`` is run.
    """
    seen: defaultdict[str, int] = defaultdict(turn)
    dropped: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        mark = item.get_closest_marker("by_turns")
        among = 1 if mark is None else mark.args[0]
        name = item.nodeid.partition("[")[0]
        (kept if seen[name] % among == 0 else dropped).append(item)
        seen[name] += 1
    items[:] = kept
    return dropped


def _git(*arguments: str) -> str:
    command, folder = ["git", *arguments], Path(__file__).parent
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - whichever git there is
    return found.stdout.strip()
