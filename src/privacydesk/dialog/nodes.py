"""YAML as nodes that know their line: the subset of YAML that flows are written in.

Plain ``true``, ``false``, ``null``, ``~`` and whole numbers have their meaning; every other scalar
is text. So ``on``, ``yes``, ``no`` and ``off`` are words, which YAML 1.1 would read as booleans.
Anchors, aliases and tags are refused: a flow says what it says in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

MAX_DEPTH: Final = 20
"""Flows nest six deep; the limit keeps a hostile file from exhausting the interpreter's stack."""

MAX_CHARS: Final = 1_000_000

Scalar = str | int | bool | None

_MOST_DIGITS: Final = 15
_WORDS: Final[Mapping[str, Scalar]] = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands.

    Attributes:
        line: the line of the key it belongs to, or of the value itself in a list.
        value: a scalar, a tuple of nodes, or a mapping of key to node.
        doubled: keys that were given again, with the line of the repetition.
    """

    line: int
    value: Scalar | tuple[Node, ...] | Mapping[str, Node]
    doubled: tuple[tuple[str, int], ...] = ()


class NodeError(Exception):
    """The text is not YAML, or not in the subset that flows may use.

    Attributes:
        line: the line; 1 for the text as a whole.
        what: what is wrong.
        remedy: what to do.
    """

    def __init__(self, line: int, what: str, remedy: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.remedy = remedy


def parse(text: str) -> Node | None:
    """Read one YAML document; an empty one is ``None``.

    Raises:
        NodeError: it is not YAML, or uses what flows may not.
    """
    if len(text) > MAX_CHARS:
        raise NodeError(1, f"the file has more than {MAX_CHARS} characters", "split it")
    try:
        root = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise NodeError(line, f"it can't be read as YAML: {_problem(error)}", _SYNTAX) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        # A character that YAML doesn't allow, or an escape of one that Unicode doesn't have.
        raise NodeError(
            1, "it holds a character that YAML doesn't allow", "remove control characters"
        ) from None
    return None if root is None else _node(root, root.start_mark.line + 1)


_SYNTAX: Final = "check the indentation and quotes around this line"


if TYPE_CHECKING or not yaml.__with_libyaml__:

    class _Events(Reader, Scanner, Parser):
        """The event parser in pure Python."""

        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)

else:
    # Seven times as fast; saves a fifth of a second at each start.
    from yaml.cyaml import CParser as _Events


class _Loader(Composer, _Events, Resolver):
    """Composes nodes only; nothing is constructed from them."""

    def __init__(self, text: str) -> None:
        _Events.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        mark = event.start_mark
        line = 1 if mark is None else mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise NodeError(line, "it uses an anchor or alias", "write the value out here, too")
        if getattr(event, "tag", None) is not None:
            raise NodeError(line, "it uses a tag", "leave the tag out, or quote the text")
        if self._depth >= MAX_DEPTH:
            raise NodeError(line, "it nests too deeply", "write it as docs/dialogs.md shows")
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _problem(error: yaml.MarkedYAMLError) -> str:
    return " ".join(str(error.problem or error.context or "unknown problem").split())


def _node(node: yaml.Node, line: int) -> Node:
    if isinstance(node, yaml.ScalarNode):
        return Node(line, _scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return Node(line, tuple(_node(one, one.start_mark.line + 1) for one in node.value))
    assert isinstance(node, yaml.MappingNode)
    fields: dict[str, Node] = {}
    doubled: list[tuple[str, int]] = []
    for key, value in node.value:
        at = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise NodeError(at, "a key is not a word", "write keys as plain words")
        if key.value in fields:
            doubled.append((key.value, at))
        else:
            fields[key.value] = _node(value, at)
    return Node(line, fields, tuple(doubled))


def _scalar(node: yaml.ScalarNode) -> Scalar:
    text: str = node.value
    if node.style:  # it is quoted
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _is_whole(text) else text


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    known = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    return known and (digits == "0" or not digits.startswith("0"))
