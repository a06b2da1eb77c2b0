"""The values of an operator profile in rows, and what differs between two profiles."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from privacydesk.domain.operator_profile import KEYS, ProfileChange

Rows = Mapping[tuple[str, ...], str | None]
"""Values in words by the keys that lead to them; None for null and for an empty list. Empty texts
are left out."""

_FILE: Final = "base64"
"""The key of a file within the profile."""


def rows_of(values: Mapping[str, Any]) -> Rows:
    """Return all values of a profile, in the order of its keys; parts of a list by their name."""
    return {
        path: text
        for key in sorted(values, key=KEYS.index)
        for path, text in _rows(values[key], (key,))
        if text != ""
    }


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ProfileChange]:
    """Return what differs between two profiles, in the order of the keys.

    A value that has parts in the other profile is told by these.
    """
    old, new = rows_of(before), rows_of(after)
    paths = sorted({**old, **new}, key=lambda path: KEYS.index(path[0]))
    return [
        ProfileChange(path, old.get(path, ""), new.get(path, ""))
        for path in paths
        if old.get(path, "") != new.get(path, "") and not _has_parts(path, paths)
    ]


def _has_parts(path: tuple[str, ...], paths: Sequence[tuple[str, ...]]) -> bool:
    return any(len(one) > len(path) and one[: len(path)] == path for one in paths)


def _rows(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str | None]]:
    if isinstance(value, Mapping):
        if _FILE in value:
            yield path, _file(value[_FILE])
            return
        for key, item in value.items():
            yield from _rows(item, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for place, item in enumerate(value, 1):
            rest = {key: part for key, part in item.items() if key != "name"}
            yield from _rows(rest, (*path, str(item.get("name", place))))
    else:
        yield path, _text(value)


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _file(encoded: str) -> str:
    body = base64.b64decode(encoded)
    return f"{len(body)} B, SHA-256 {sha256(body).hexdigest()[:12]}"
