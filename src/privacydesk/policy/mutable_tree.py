"""The mutable tree of a document while it is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from privacydesk.policy.lines import Line
from privacydesk.policy.marks import Style
from privacydesk.policy.tree import Passage, PassageKind


@dataclass(slots=True)
class Counter:
    """The numbers that occurred so far in a sequence of headings or items."""

    numbers: set[int] = field(default_factory=set)
    highest: int = 0

    def record(self, number: int) -> None:
        """Record a number."""
        self.numbers.add(number)
        self.highest = max(self.highest, number)


@dataclass(slots=True)
class OpenList:
    """The list that a node's next item may continue."""

    style: Style
    order: int
    counter: Counter = field(default_factory=Counter)
    interrupted: bool = False

    @property
    def last(self) -> int:
        """The highest number so far."""
        return self.counter.highest


@dataclass(slots=True)
class Node:
    """A passage under construction; `Passage` describes the common fields."""

    kind: PassageKind
    anchor: str
    label: str
    number: int | None
    title: str
    line: int
    last_line: int
    start: int
    head_end: int
    last_length: int = 0
    style: Style | None = None
    rank: float = 0.0
    indent: int = 0
    children: list[Node] = field(default_factory=list)
    counters: dict[str, Counter] = field(default_factory=dict)
    list: OpenList | None = None
    lists: int = 0
    is_table: bool = False
    may_have_body: bool = False

    def counter(self, word: str) -> Counter:
        """Return the counter for children with an anchor word."""
        return self.counters.setdefault(word, Counter())

    def append_line(self, line: Line) -> None:
        """Add a line to the node's own lines."""
        self.head_end = line.end
        self.last_line = line.number
        self.last_length = len(line.text)


def freeze(root: Node, source: str) -> Passage:
    """Convert a finished tree to immutable passages."""
    frozen: dict[int, Passage] = {}
    for node in reversed(list(_walk(root))):
        children = tuple(frozen.pop(id(child)) for child in node.children)
        end = max([node.head_end, *(child.end for child in children)])
        frozen[id(node)] = Passage(
            kind=node.kind,
            anchor=node.anchor,
            label=node.label,
            number=node.number,
            title=node.title,
            line=node.line,
            start=node.start,
            head_end=node.head_end,
            end=end,
            text=source[node.start : end],
            children=children,
        )
    return frozen[id(root)]


def _walk(root: Node) -> Iterable[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children)
