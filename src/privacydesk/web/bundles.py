"""Bundles of JavaScript modules: a module and all that it imports, as one.

Over HTTP/1.1 a browser loads six files at a time, and each six cost a slow phone a round trip. So
the chat, which people open on phones, loads one. A bundle is made at startup; each module becomes a
function that returns its exports, in an order in which none is used before it is made. The first
module comes last, and as it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Final

_IMPORT: Final = re.compile(r'^import (?:\{([^}]*)\} from )?"(\.{1,2}/[^"]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(
    r"^export (?=(?:(?:async )?function\*? ?|class |const )(\w+))", re.MULTILINE
)
_UNKNOWN: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(modules: Mapping[str, str], entry: str) -> str:
    """Return a module together with all that it imports.

    Args:
        modules: the text of each module, by path. ``import`` and ``export`` begin a line; what is
            imported is named, and what is exported is declared with ``function``, ``class`` or
            ``const``.
        entry: the path of the module.

    Raises:
        KeyError: a module is missing.
        ValueError: modules import each other in a circle, or import or export in another way.
    """
    numbers: dict[str, int] = {}
    parts: list[str] = []

    def add(path: str, above: tuple[str, ...]) -> str:
        """Add all that a module imports, and return its text without imports and exports."""
        if path in above:
            raise ValueError(f"modules import each other: {' → '.join((*above, path))}")
        for _, relative in _IMPORT.findall(modules[path]):
            imported = _resolve(path, relative)
            if imported not in numbers:
                text = add(imported, (*above, path))
                parts.append(_as_function(text, len(numbers), _EXPORT.findall(modules[imported])))
                numbers[imported] = len(numbers)
        return _without_imports(path, modules[path], numbers)

    parts.append(add(entry, ()))
    return "".join(parts)


def _without_imports(path: str, text: str, numbers: Mapping[str, int]) -> str:
    """Return a module's text with its imports taken from the functions' results."""

    def constant(found: re.Match[str]) -> str:
        names = (found[1] or "").replace(" as ", ": ")
        return f"const {{{names}}} = m{numbers[_resolve(path, found[2])]};\n" if names else ""

    body = _EXPORT.sub("", _IMPORT.sub(constant, text))
    if unknown := _UNKNOWN.search(body):
        raise ValueError(f"{path}: {unknown[0]} can't be bundled")
    return body


def _as_function(body: str, number: int, exported: Sequence[str]) -> str:
    """Return a module as a function that is called at once, whose result is its exports."""
    return f"const m{number} = (() => {{\n{body}\nreturn {{{', '.join(exported)}}};\n}})();\n"


def _resolve(path: str, imported: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), imported))
