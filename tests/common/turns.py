"""What takes turns from commit to commit, where running all of it each time takes too long."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import pytest

_WHOLES: Final = 3
"""How many commits it takes until each file of the browser and each ticketing system was run."""
_KILLS: Final = 3


@cache
def turn() -> int:
    """Return the number of commits: what follows each other takes turns.

    A shallow clone does not know it; there the commit's hash decides.
    """
    if _git("rev-parse", "--is-shallow-repository") == "false":
        return int(_git("rev-list", "--count", "HEAD"))
    return int(_git("rev-parse", "HEAD") or "0", 16)


def drop_others(items: list[pytest.Item]) -> list[pytest.Item]:
    """Drop what has its turn at another commit, and return it.

    Of the files that drive a browser, one of three is run; of the real ticketing systems, one of
    them; and of the other tests that kill a server, one of three. The variants of a test are those
    of its parameters; the mark ``by_turns(n)`` says that one of each ``n`` is run. A test without
    parameters is one variant.
    """
    wholes = _Turns(turn())
    variants: dict[tuple[int, int], _Turns] = {}
    dropped: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        file, name = item.nodeid.partition("::")[0], item.nodeid.partition("[")[0]
        system = item.get_closest_marker("ticketing_system")
        whole = file if item.get_closest_marker("browser") else system.args[0] if system else ""
        if whole and not wholes.has(whole, whole, _WHOLES):
            dropped.append(item)
            continue
        mark = item.get_closest_marker("by_turns")
        among = 1 if mark is None else mark.args[0]
        if not whole and item.get_closest_marker("kill") is not None:
            among = max(among, _KILLS)
        # A file's turn comes back after so many commits, with the next of its variants.
        every = _WHOLES if whole else 1
        of_them = variants.setdefault((every, among), _Turns(turn() // every))
        (kept if of_them.has(item.nodeid, name, among) else dropped).append(item)
    items[:] = kept
    return dropped


class _Turns:
    """Tells whose turn it is among things that are met one after the other.

    Args:
        turn: the number of the turn.
    """

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._places: dict[str, int] = {}
        self._next: dict[str, int] = {}

    def has(self, thing: str, group: str, among: int) -> bool:
        """Tell whether it is the turn of a thing: one of ``among`` in its group has it."""
        if thing not in self._places:
            # Groups begin one after the other, so that those of one thing take turns, too.
            begin = self._next.setdefault(group, len(self._next))
            self._places[thing] = begin
            self._next[group] = begin + 1
        return (self._turn + self._places[thing]) % among == 0


def _git(*arguments: str) -> str:
    command, folder = ["git", *arguments], Path(__file__).parent
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - whichever git there is
    return found.stdout.strip()
