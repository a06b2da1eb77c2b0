"""Arrows between rooms point one way: read off the imports of every module.

Lower rooms know nothing of higher ones. Only the composition root knows them all.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PACKAGE = "privacydesk"

_VALUES = {"domain", "errors"}
ARROWS: dict[str, set[str]] = {
    # What everything stands on.
    "errors": set(),
    "clock": set(),
    "confined": set(),
    "sandbox": set(),
    "outages": {"clock", "errors"},
    "domain": {"errors"},
    "ports": _VALUES,
    # The format of what is signed; it knows the domain's words and nothing of where it is kept.
    "receipts": _VALUES,
    # Services of rules.
    "calendars": _VALUES,
    "dialog": _VALUES,
    "encoder": set(),
    "nlu": {"encoder"} | _VALUES,
    "policy": {"encoder", "system_errors"} | _VALUES,
    # What learns from the corpus, and measures. The desk never loads it.
    "learning": set(),
    "training": {"encoder", "learning", "nlu"} | _VALUES,
    "policy_training": {"encoder", "learning", "policy"} | _VALUES,
    "reply_training": {"learning", "nlu", "training"} | _VALUES,
    # The work itself.
    "services": {
        "calendars",
        "clock",
        "confined",
        "dialog",
        "encoder",
        "nlu",
        "outages",
        "policy",
        "ports",
        "receipts",
    }
    | _VALUES,
    # What implements ports. Both ends of the wire know it; one of them runs what the other asks.
    "understanding": {
        "clock",
        "confined",
        "encoder",
        "background_threads",
        "logs",
        "nlu",
        "outages",
        "policy",
        "ports",
        "services",
    }
    | _VALUES,
    "storage": {"clock", "outages", "ports", "receipts", "system_errors"} | _VALUES,
    "connectors": {"clock", "confined", "outages", "ports"} | _VALUES,
    "i18n": {"ports"} | _VALUES,
    # What people and programs meet. Pages put their own words, so the web knows the catalogs.
    "web": {"clock", "i18n", "ports", "services"} | _VALUES,
    "worker": {"clock", "ports", "services"} | _VALUES,
    # What the composition root is fed with: files and the environment turned into values. A
    # profile is what rooms are set up with, so it may make their settings and nothing else.
    "invocation": set(),
    "background_threads": set(),
    "system_errors": {"errors"},
    "data": {"errors"},
    "logs": {"errors"},
    "profile": {"calendars", "dialog", "policy", "services", "system_errors"} | _VALUES,
    "ring_command": {"errors", "system_errors"},
    "settings": {"profile", "ring_command", "system_errors"} | _VALUES,
    "weak_secrets": {"errors", "settings"},
}
"""Each room and what it may import besides itself. Services that compose are judged below."""

COMPOSING = {"app", "cli", "demo", "__main__"}
"""They start things: commands and the demo open the rooms through ``app``."""

ONE_ROOM = {"migrations": "storage"}
"""The schema runs its own migrations, and they are written in its tables."""

IO_OF_FILES = {"open", "input", "print", "exec", "eval"}
NOT_PURE = {
    "asyncio", "glob", "http", "importlib", "io", "logging", "os", "pathlib", "random", "secrets",
    "shutil", "socket", "sqlite3", "structlog", "subprocess", "sys", "tempfile", "threading",
    "time", "urllib", "uuid", "yaml",
}  # fmt: skip
NO_IO_AFTER_ALL = {
    "privacydesk.dialog.nodes": {"yaml"},
    "privacydesk.dialog.reader": {"pathlib.PurePosixPath"},
}
"""A parser of texts that were read elsewhere, and names of files that are never opened."""
CLOCK_READINGS = {"now", "utcnow", "today", "time", "time_ns", "monotonic"}


@dataclass(frozen=True)
class Module:
    """A module and all it imports, also inside functions and for type checking alone."""

    name: str
    path: Path
    is_package: bool

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text("utf-8"), str(self.path))

    @property
    def room(self) -> str:
        return _room(self.name)

    def imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                # ``from package import room`` names a room, not a value.
                yield from (f"{base}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        kept = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*kept, *([node.module] if node.module else [])])

    def rooms(self) -> set[str]:
        """Return the rooms of this package that it imports, its own left out."""
        ours = (one for one in self.imports() if one.startswith(f"{PACKAGE}."))
        return {_room(one) for one in ours} - {self.room}

    def others(self) -> set[str]:
        """Return the other packages that it imports."""
        return {one.split(".")[0] for one in self.imports()} - {PACKAGE, "__future__"}


def _room(name: str) -> str:
    """Return the room that a module of this package, or a value in it, belongs to."""
    _, *parts = name.split(".")
    room = parts[0] if parts else "__init__"
    return ONE_ROOM.get(room, room)


@cache
def _modules() -> list[Module]:
    found = []
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = list(path.relative_to(SOURCE).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        if is_package:
            parts.pop()
        found.append(Module(".".join(parts), path, is_package))
    return found


def _in(*rooms: str) -> list[Module]:
    return [module for module in _modules() if module.room in rooms]


def test_every_room_has_its_place_in_the_house() -> None:
    known = ARROWS.keys() | COMPOSING | {"__init__"}
    assert {module.room for module in _modules()} <= known
    assert ARROWS.keys() <= {module.room for module in _modules()}, "a room here is gone"


@pytest.mark.parametrize("room", sorted(ARROWS))
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    wrong = {
        f"{module.name} imports {other}"
        for module in _in(room)
        for other in module.rooms() - ARROWS[room]
    }
    assert not wrong


def test_no_arrow_points_back() -> None:
    def reaches(room: str, seen: frozenset[str] = frozenset()) -> set[str]:
        below = ARROWS.get(room, set()) - seen
        return below | {far for near in below for far in reaches(near, seen | below)}

    assert not [room for room in ARROWS if room in reaches(room)]


def test_only_storage_and_migrations_know_the_database_library() -> None:
    know = {module.room for module in _modules() if "sqlalchemy" in module.others()}
    assert know == {"storage"}
    assert {m.room for m in _modules() if "alembic" in m.others()} <= {"storage"}


def test_only_the_edges_know_the_web_library() -> None:
    know = {module.room for module in _modules() if "aiohttp" in module.others()}
    assert know <= {"web", "connectors", "demo", "app"}


def test_the_pure_rooms_touch_nothing_outside() -> None:
    modules = _in("domain", "dialog", "ports")
    wrong = {
        f"{module.name} imports {one}"
        for module in modules
        for one in module.imports()
        if one.split(".")[0] in NOT_PURE
        and not one.startswith(tuple(NO_IO_AFTER_ALL.get(module.name, ("-",))))
    }
    assert not wrong
    called = {
        f"{module.name} calls {node.func.id}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in IO_OF_FILES
    }
    assert not called


def test_nothing_but_the_clock_reads_the_time_of_day() -> None:
    readings = {
        f"{module.name} calls {node.func.value.id}.{node.func.attr}"
        for module in _modules()
        if module.name != f"{PACKAGE}.clock"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "time"}
        and node.func.attr in CLOCK_READINGS - {"monotonic"}
    }
    assert not readings


def test_only_the_composition_root_knows_every_room() -> None:
    knowing: dict[str, set[str]] = defaultdict(set)
    for module in _modules():
        knowing[module.room] |= module.rooms()
    everything = {
        room for room, known in knowing.items() if known >= {"storage", "services", "web", "worker"}
    }
    assert everything == {"app"}


def test_nothing_but_its_commands_knows_how_the_network_is_trained() -> None:
    def knowing(room: str) -> set[str]:
        return {module.name for module in _modules() if room in module.rooms()}

    assert knowing("reply_training") == {f"{PACKAGE}.cli.understand"}
    replies = {one.name for one in _modules() if one.room == "reply_training"}
    assert knowing("training") - replies == {f"{PACKAGE}.cli.understand"}
    assert knowing("policy_training") == {f"{PACKAGE}.cli.policy_training"}
    with_torch = {module.room for module in _modules() if "torch" in module.others()}
    assert with_torch == {"learning", "training", "policy_training", "reply_training"}


def test_only_commands_and_the_demo_open_the_rooms() -> None:
    opening = {module.room for module in _modules() if "app" in module.rooms()}
    assert opening <= {"cli", "demo"}


def test_commands_and_the_demo_are_nobody_s_foundation() -> None:
    below = [module for module in _modules() if module.room not in COMPOSING]
    assert not [m.name for m in below if m.rooms() & COMPOSING]
    # The demo is one command among others; nothing else of the commands knows it.
    assert {m.name for m in _in("cli") if "demo" in m.rooms()} <= {
        f"{PACKAGE}.cli.play",
        f"{PACKAGE}.cli.serve",
    }


def test_commands_leave_tables_and_sockets_to_the_rooms() -> None:
    # A command may ask storage about locks and addresses; rows are the services' business.
    names = {one for module in _in("cli") for one in module.imports()}
    of_storage = {one.rsplit(".", 1)[0] for one in names if one.startswith(f"{PACKAGE}.storage.")}
    known = ("engines", "restart_turn", "serving_lock", "schema")
    assert of_storage <= {f"{PACKAGE}.storage.{m}" for m in known}
    assert not {one for one in names if one.startswith(f"{PACKAGE}.web")}
