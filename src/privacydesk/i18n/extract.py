"""Collects the keys in use, and writes them as ``locales/messages.pot``.

Keys are found in four ways. ``families`` lists the terms of closed lists. Flows name keys; code
writes them as literals; templates ask for them through ``t("…")``, which adds ``web.``. In code a
literal counts when it is *marked* (handed to a function that shows it, held in a constant whose
name ends with ``KEYS``, or a key below ``web.`` in one that ends with ``STRINGS``), or when it is
spelled like a key that the catalogs have. A literal that is completed at run time,
``f"provider.{name}"``, marks all keys with that prefix.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from privacydesk.i18n.families import family_keys

_HEAD: Final = """\
# Keys of every sentence. Written by "privacydesk dialogs extract"; not edited by hand.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"""

SHOWING: Final = frozenset({"ask", "own", "say", "text"})
"""Functions and methods whose arguments are keys if they are spelled like keys."""

WEB: Final = "web."
"""The prefix that templates and the web's constants leave out."""

FAMILIES_FILE: Final = "src/privacydesk/i18n/families.py"

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")
_BEGINNING: Final = re.compile(r"[a-z][a-z0-9_]*\.(?:[a-z0-9_]+\.)*")
_IN_TEMPLATE: Final = re.compile(
    r"""\bt\(\s*["']([a-z0-9_.]+)["']|\bdata-t(?:-[a-z]+)?=["']([a-z0-9_.]+)["']"""
)


@dataclass(slots=True)
class Used:
    """The keys in use.

    Attributes:
        keys: key to the files that use it.
        families: prefixes of keys that code completes.
    """

    keys: dict[str, set[str]] = field(default_factory=dict)
    families: set[str] = field(default_factory=set)

    def add(self, key: str, file: str) -> None:
        """Record one use."""
        self.keys.setdefault(key, set()).add(file)


def collect(
    dialogs: Mapping[str, Iterable[str]], sources: Mapping[str, str], known: Collection[str]
) -> Used:
    """Collect the keys in use.

    Args:
        dialogs: flow file to the keys its steps use.
        sources: file name to text of Python modules and templates.
        known: the keys that the catalogs have.
    """
    used = Used()
    for key in family_keys():
        used.add(key, FAMILIES_FILE)
    for file, keys in dialogs.items():
        for key in keys:
            used.add(key, file)
    for file, text in sources.items():
        if file.endswith(".py"):
            _from_code(file, text, frozenset(known), used)
        else:
            for match in _IN_TEMPLATE.finditer(text):
                used.add(WEB + (match[1] or match[2]), file)
    for key in known:
        if key.startswith(tuple(used.families)):
            used.keys.setdefault(key, set())
    return used


def template(used: Used, plural: Collection[str] = ()) -> str:
    """Return the text of ``messages.pot``: the same for the same keys, wherever it is generated.

    Line numbers are left out, so that moving code doesn't change it.
    """
    parts = [_HEAD]
    for key in sorted(used.keys):
        files = "".join(f"#: {file}\n" for file in sorted(used.keys[key]))
        if key in plural:
            parts.append(f'{files}msgid "{key}"\nmsgid_plural "{key}"\nmsgstr[0] ""\n')
        else:
            parts.append(f'{files}msgid "{key}"\nmsgstr ""\n')
    return "\n".join(parts)


def _from_code(file: str, text: str, known: frozenset[str], used: Used) -> None:
    tree = ast.parse(text)
    documentation = _documentation(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) in SHOWING:
            for key in _literals(node.args):
                used.add(key, file)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for key in _constants(node):
                used.add(key, file)
        elif isinstance(node, ast.JoinedStr) and node.values:
            first = node.values[0]
            if isinstance(first, ast.Constant) and _BEGINNING.match(str(first.value)):
                used.families.add(str(first.value))
        elif (
            isinstance(node, ast.Constant) and node.value in known and id(node) not in documentation
        ):
            used.add(str(node.value), file)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr.lstrip("_")
    return function.id.lstrip("_") if isinstance(function, ast.Name) else ""


def _literals(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _KEY.fullmatch(node.value):
                yield node.value
        elif isinstance(node, (ast.IfExp, ast.BoolOp, ast.Tuple, ast.List, ast.Set)):
            yield from _literals(ast.iter_child_nodes(node))


def _constants(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    names = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
    for name in names:
        if not isinstance(name, ast.Name) or node.value is None:
            continue
        below = WEB if name.id.endswith("STRINGS") else ""
        if below or name.id.endswith("KEYS"):
            held = node.value
            inner = held.keys if isinstance(held, ast.Dict) else ast.iter_child_nodes(held)
            yield from (below + key for key in _literals(one for one in inner if one is not None))


def _documentation(tree: ast.AST) -> frozenset[int]:
    return frozenset(
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
