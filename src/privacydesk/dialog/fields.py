"""Reading one mapping of a flow's file: each field once, with a fault for each that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, TypeVar

from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.nodes import Node, Scalar

_E = TypeVar("_E", bound=StrEnum)

_LONGEST_NAME: Final = 64


def is_name(text: str) -> bool:
    """Whether a flow, step or slot may have this name."""
    is_plain = text.isascii() and text.isidentifier() and text == text.lower()
    return is_plain and not text.startswith("_") and len(text) <= _LONGEST_NAME


def _is_key(text: str) -> bool:
    """Whether a text may have this key: names, with dots between them."""
    first, *others = text.split(".")
    return is_name(first) and bool(others) and all(one and is_name(f"x{one}") for one in others)


class Faults:
    """Collects the faults of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[DialogFault] = []

    def add(self, line: int, step: str, what: str, remedy: str) -> None:
        """Note a fault."""
        self.found.append(DialogFault(self.file, line, step, what, remedy))


def one_of(names: Iterable[str]) -> str:
    """Return a remedy that lists what may be written."""
    return "use one of " + ", ".join(sorted(names))


def suggest(name: str, names: Collection[str]) -> str:
    """Return a remedy that names the closest of ``names``, or all of them."""
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}? Else {one_of(names)}" if close else one_of(names)


class Fields:
    """The fields of a mapping, taken one by one; those that are never taken are unknown.

    Each reading method returns an empty value after noting a fault, so that reading goes on and
    finds the next one.
    """

    def __init__(self, node: Node, faults: Faults, step: str, where: str) -> None:
        assert isinstance(node.value, Mapping)
        self.line = node.line
        self.where = where
        self._fields: Mapping[str, Node] = node.value
        self._faults = faults
        self._step = step
        self._taken: set[str] = set()
        for key, line in node.doubled:
            faults.add(line, step, f"{key!r} is written twice in {where}", "keep one of the two")

    def __contains__(self, key: str) -> bool:
        return key in self._fields

    def names(self) -> tuple[str, ...]:
        """Return the keys that were written."""
        return tuple(self._fields)

    def take(self, key: str) -> Node | None:
        """Return a field as it stands."""
        self._taken.add(key)
        return self._fields.get(key)

    def line_of(self, key: str) -> int:
        """Return a field's line; the mapping's own when it is missing."""
        node = self._fields.get(key)
        return self.line if node is None else node.line

    def fault(self, line: int, what: str, remedy: str) -> None:
        """Note a fault of the step that the mapping belongs to."""
        self._faults.add(line, self._step, what, remedy)

    def name(self, key: str) -> str:
        """Read a required name of a flow, step, slot, action or guard."""
        return self._word(key, is_name, "a name in small letters, digits and underscores")

    def key(self, key: str, *, required: bool = True) -> str:
        """Read a locale key."""
        if not required and key not in self._fields:
            self._taken.add(key)
            return ""
        return self._word(key, _is_key, "a locale key such as unbinding.intro")

    def choice(self, key: str, kind: type[_E]) -> _E | None:
        """Read an optional word of a closed list."""
        node = self.take(key)
        return None if node is None else self.member(node, kind, key)

    def member(self, node: Node, kind: type[_E], what: str) -> _E | None:
        """Read a node as a word of a closed list."""
        if isinstance(node.value, str):
            try:
                return kind(node.value)
            except ValueError:
                pass
        names = [one.value for one in kind]
        shown = node.value if isinstance(node.value, str) else type(node.value).__name__
        self.fault(node.line, f"{what} {shown!r} is unknown", suggest(str(shown), names))
        return None

    def flag(self, key: str) -> bool:
        """Read an optional true or false."""
        node = self.take(key)
        if node is None:
            return False
        if not isinstance(node.value, bool):
            self.fault(node.line, f"{key!r} is neither true nor false", "write true or false")
            return False
        return node.value

    def items(self, key: str) -> tuple[Node, ...]:
        """Read an optional list."""
        node = self.take(key)
        if node is None:
            return ()
        if not isinstance(node.value, tuple):
            self.fault(node.line, f"{key!r} is not a list", f"write {key}: [one, two]")
            return ()
        if not node.value:
            self.fault(node.line, f"{key!r} is empty", "fill it or leave it out")
        return node.value

    def names_in(self, key: str) -> tuple[str, ...]:
        """Read an optional list of different names."""
        found: list[str] = []
        for node in self.items(key):
            if not isinstance(node.value, str) or not is_name(node.value):
                self.fault(node.line, f"{key!r} holds something other than a name", _NAMES)
            elif node.value in found:
                self.fault(node.line, f"{key!r} names {node.value!r} twice", "keep one of the two")
            else:
                found.append(node.value)
        return tuple(found)

    def scalars(self, key: str) -> dict[str, Scalar]:
        """Read an optional mapping of name to scalar."""
        fields = self.mapping(key)
        if fields is None:
            return {}
        found: dict[str, Scalar] = {}
        for name in fields.names():
            node = fields.take(name)
            assert node is not None
            if isinstance(node.value, (tuple, Mapping)) or node.value is None:
                fields.fault(node.line, f"{name!r} under {key!r} is not a single value", _SINGLE)
            else:
                found[name] = node.value
        return found

    def words(self, key: str) -> dict[str, str]:
        """Read an optional mapping of name to name."""
        found: dict[str, str] = {}
        for name, value in self.scalars(key).items():
            if isinstance(value, str) and is_name(value):
                found[name] = value
            else:
                self.fault(
                    self.line_under(key, name), f"{name!r} under {key!r} leads to no name", _NAMES
                )
        return found

    def mapping(self, key: str) -> Fields | None:
        """Read an optional mapping."""
        node = self.take(key)
        if node is None:
            return None
        if not isinstance(node.value, Mapping):
            self.fault(node.line, f"{key!r} is not a mapping", f"write {key}: with fields below")
            return None
        return Fields(node, self._faults, self._step, repr(key))

    def inside(self, node: Node, where: str) -> Fields:
        """Open a mapping that stands in a list."""
        return Fields(node, self._faults, self._step, where)

    def names_under(self, key: str) -> tuple[str, ...]:
        """Return the keys of a field that is a mapping."""
        node = self._fields.get(key)
        return tuple(node.value) if node is not None and isinstance(node.value, Mapping) else ()

    def line_under(self, key: str, name: str) -> int:
        """Return the line of a field of a field."""
        node = self._fields.get(key)
        if node is None:
            return self.line
        inner = node.value.get(name) if isinstance(node.value, Mapping) else None
        return node.line if inner is None else inner.line

    def close(self, allowed: Collection[str]) -> None:
        """Fault every field that was not taken."""
        for key, node in self._fields.items():
            if key not in self._taken:
                self.fault(
                    node.line, f"{key!r} is not known in {self.where}", suggest(key, allowed)
                )

    def _word(self, key: str, fits: Callable[[str], bool], wanted: str) -> str:
        node = self.take(key)
        if node is None:
            self.fault(
                self.line, f"{key!r} is missing in {self.where}", f"add {key}: with {wanted}"
            )
            return ""
        if not isinstance(node.value, str) or not fits(node.value):
            self.fault(node.line, f"{key!r} is not {wanted}", f"write {wanted}")
            return ""
        return node.value


_NAMES: Final = "use small letters, digits and underscores"
_SINGLE: Final = "write one word, number or $slot"
