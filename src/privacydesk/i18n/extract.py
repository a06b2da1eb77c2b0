"""Extracts the message keys in use, and writes ``locales/messages.pot``.

Keys come from four sources: ``families`` lists the members of closed lists, flows have keys,
templates have keys in ``t("…")``, to which ``web.`` is added, and code has literals. A literal in
code is a key if it is *marked* or if the catalogs have it. Marked literals are arguments of a
function in ``SHOWING``, values of a constant whose name ends with ``KEYS``, or keys without
``web.`` in a constant whose name ends with ``STRINGS``. An f-string such as
``f"provider.{name}"`` marks all keys with its prefix.
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
"""Functions and methods whose string arguments are keys if they look like keys."""

WEB: Final = "web."
"""The prefix that is omitted in templates and in the constants of ``web``."""

FAMILIES_FILE: Final = "src/privacydesk/i18n/families.py"

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")
_PREFIX: Final = re.compile(r"[a-z][a-z0-9_]*\.(?:[a-z0-9_]+\.)*")
_IN_TEMPLATE: Final = re.compile(
    r"""\bt\(\s*["']([a-z0-9_.]+)["']|\bdata-t(?:-[a-z]+)?=["']([a-z0-9_.]+)["']"""
)


@dataclass(slots=True)
class UsedKeys:
    """The keys in use.

    Attributes:
        keys: for each key, the files that use it.
        families: prefixes of keys that code completes at run time.
    """

    keys: dict[str, set[str]] = field(default_factory=dict)
    families: set[str] = field(default_factory=set)

    def add(self, key: str, file: str) -> None:
        """Record that a file uses a key."""
        self.keys.setdefault(key, set()).add(file)


def collect(
    dialogs: Mapping[str, Iterable[str]], sources: Mapping[str, str], catalog_keys: Collection[str]
) -> UsedKeys:
    """Collect the keys in use.

    Args:
        dialogs: for each flow file, the keys that its steps use.
        sources: the texts of Python modules and templates by file name.
        catalog_keys: the keys that the catalogs have.
    """
    used = UsedKeys()
    for key in family_keys():
        used.add(key, FAMILIES_FILE)
    for file, keys in dialogs.items():
        for key in keys:
            used.add(key, file)
    for file, text in sources.items():
        if file.endswith(".py"):
            _collect_from_code(file, text, frozenset(catalog_keys), used)
        else:
            for match in _IN_TEMPLATE.finditer(text):
                used.add(WEB + (match[1] or match[2]), file)
    for key in catalog_keys:
        if key.startswith(tuple(used.families)):
            used.keys.setdefault(key, set())
    return used


def template(used: UsedKeys, plural: Collection[str] = ()) -> str:
    """Return the text of ``messages.pot``.

    It is the same for the same keys: line numbers are omitted, so that moving code doesn't change
    it.
    """
    parts = [_HEAD]
    for key in sorted(used.keys):
        files = "".join(f"#: {file}\n" for file in sorted(used.keys[key]))
        if key in plural:
            parts.append(f'{files}msgid "{key}"\nmsgid_plural "{key}"\nmsgstr[0] ""\n')
        else:
            parts.append(f'{files}msgid "{key}"\nmsgstr ""\n')
    return "\n".join(parts)


def _collect_from_code(file: str, text: str, catalog_keys: frozenset[str], used: UsedKeys) -> None:
    tree = ast.parse(text)
    docstrings = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _function_name(node.func) in SHOWING:
            for key in _key_literals(node.args):
                used.add(key, file)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for key in _constant_keys(node):
                used.add(key, file)
        elif isinstance(node, ast.JoinedStr) and node.values:
            first = node.values[0]
            if isinstance(first, ast.Constant) and _PREFIX.match(str(first.value)):
                used.families.add(str(first.value))
        elif (
            isinstance(node, ast.Constant)
            and node.value in catalog_keys
            and id(node) not in docstrings
        ):
            used.add(str(node.value), file)


def _function_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr.lstrip("_")
    return function.id.lstrip("_") if isinstance(function, ast.Name) else ""


def _key_literals(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _KEY.fullmatch(node.value):
                yield node.value
        elif isinstance(node, (ast.IfExp, ast.BoolOp, ast.Tuple, ast.List, ast.Set)):
            yield from _key_literals(ast.iter_child_nodes(node))


def _constant_keys(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    names = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
    for name in names:
        if not isinstance(name, ast.Name) or node.value is None:
            continue
        prefix = WEB if name.id.endswith("STRINGS") else ""
        if prefix or name.id.endswith("KEYS"):
            value = node.value
            inner = value.keys if isinstance(value, ast.Dict) else ast.iter_child_nodes(value)
            yield from (
                prefix + key for key in _key_literals(node for node in inner if node is not None)
            )


def _docstrings(tree: ast.AST) -> frozenset[int]:
    return frozenset(
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
