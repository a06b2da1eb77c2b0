"""Whether a regular expression can take exponential time on some text.

It can if there are two ways round a loop that read the same: ``(?:a|aa)*b`` tries every way to part
a long run of ``a`` before it gives up, and while it tries, the whole process stands still. The ways
are looked for in the automaton of the expression's characters (Glushkov's), two at a time.
"""

from __future__ import annotations

import re
import re._parser as parser  # type: ignore[import-not-found]
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

Tree = Any
"""What the library's own parser makes of an expression: operations and their arguments."""
Test = Callable[[str], bool]
Ends = Counter[tuple[int, int]]
"""Places, each with the characters that may stand beside it, and in how many ways; 2 is many."""

_COPIES: Final = 6
"""How often what is repeated a number of times is written out at most."""
_ENDLESS: Final = 40
"""A repeat that may go on for so long counts as one without end."""
_SAMPLES: Final = " \n1aAx我,_\x00é"
_CATEGORIES: Final[Mapping[str, Test]] = {
    "CATEGORY_DIGIT": str.isdigit,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda c: c.isalnum() or c == "_",
    "CATEGORY_NOT_DIGIT": lambda c: not c.isdigit(),
    "CATEGORY_NOT_SPACE": lambda c: not c.isspace(),
    "CATEGORY_NOT_WORD": lambda c: not (c.isalnum() or c == "_"),
}
INNER: Final[Mapping[str, Callable[[Any], list[Tree]]]] = {
    "IN": lambda items: [items],
    "BRANCH": lambda value: value[1],
    "SUBPATTERN": lambda value: [value[3]],
    "ASSERT": lambda value: [value[1]],
    "ASSERT_NOT": lambda value: [value[1]],
    "ATOMIC_GROUP": lambda tree: [tree],
    "MAX_REPEAT": lambda value: [value[2]],
    "MIN_REPEAT": lambda value: [value[2]],
    "POSSESSIVE_REPEAT": lambda value: [value[2]],
}
"""What an operation holds."""
_ANY: Final = -1


def two_ways(expression: str, flags: int = 0) -> str | None:
    """Return the characters at which two ways round a loop part; None where there are none.

    What stands behind is not looked at, and of what stands ahead only the next character: an
    expression that is told apart by those alone may be named although it does no harm.
    """
    waiting = [parser.parse(expression, flags & ~re.DEBUG)]
    while waiting:
        automaton = _Automaton(waiting.pop(), flags)
        if found := automaton.two_ways():
            return found
        waiting += automaton.apart
    return None


class _Part(NamedTuple):
    """A part of an expression: how it begins and ends, and in how many ways it is empty."""

    first: Ends
    last: Ends
    empty: Counter[int]


class _Automaton:
    """The characters of an expression, and which may follow which.

    Attributes:
        apart: parts that are tried by themselves, and never again in another way.
    """

    def __init__(self, tree: Tree, flags: int) -> None:
        alphabet = set(_SAMPLES) | set(characters(tree))
        if flags & re.IGNORECASE:
            alphabet |= {other for c in alphabet for other in (c.lower(), c.upper())}
        self._alphabet = sorted(alphabet)
        self._flags = flags
        self._reads: list[int] = []
        self._names: list[str] = []
        # What is atomic is read in one way only; which of it a place belongs to.
        self._atoms: list[int | None] = []
        self._atom: int | None = None
        self._follow: dict[int, Ends] = defaultdict(Counter)
        self.apart: list[Tree] = []
        self._sequence(tree)

    def two_ways(self) -> str | None:
        """Return where two ways round a loop part, as the function of that name."""
        reads, follow = self._reads, self._follow
        edges = [(a, b) for a, nexts in follow.items() for b, _ in nexts]
        loop = _loops(len(reads), edges)
        inner: dict[int, dict[int, int]] = defaultdict(dict)
        for a, nexts in follow.items():
            for (b, beside), ways in nexts.items():
                label = reads[b] & beside
                if loop[a] != loop[b] or not label:
                    continue
                if not self._same_atom(a, b) and (ways > 1 or inner[a].get(b, 0) & label):
                    return self._told(a, b)
                inner[a][b] = inner[a].get(b, 0) | label
        return self._parting(inner)

    def _parting(self, inner: Mapping[int, Mapping[int, int]]) -> str | None:
        """Look for two that begin at one place, part, and meet again."""
        known: dict[tuple[int, int], int] = {}
        waiting: list[tuple[int, int]] = []

        def place(a: int, b: int) -> int:
            pair = (a, b) if a <= b else (b, a)
            if pair not in known:
                known[pair] = len(known)
                waiting.append(pair)
            return known[pair]

        for a in inner:
            place(a, a)
        edges = []
        while waiting:
            a, b = waiting.pop()
            for c, one in inner.get(a, {}).items():
                for d, other in inner.get(b, {}).items():
                    if one & other:
                        edges.append((known[a, b], place(c, d)))
        loop = _loops(len(known), edges)
        together = {loop[n] for (a, b), n in known.items() if a == b}
        for (a, b), n in known.items():
            if a != b and loop[n] in together and not self._same_atom(a, b):
                return self._told(a, b)
        return None

    def _same_atom(self, a: int, b: int) -> bool:
        return self._atoms[a] is not None and self._atoms[a] == self._atoms[b]

    def _told(self, a: int, b: int) -> str:
        return f"{self._names[a]} and {self._names[b]}"

    def _sequence(self, tree: Tree) -> _Part:
        part = _NOTHING
        for step in tree:
            part = self._joined(part, self._step(step))
        return part

    def _step(self, step: Tree) -> _Part:
        operation, value = step
        match str(operation):
            case "BRANCH":
                return _either(self._sequence(branch) for branch in value[1])
            case "SUBPATTERN":
                return self._sequence(value[3])
            case "ATOMIC_GROUP":
                self.apart.append(value)
                return self._atomic(lambda: self._sequence(value))
            case "POSSESSIVE_REPEAT":
                self.apart.append(value[2])
                return self._atomic(lambda: self._repeat(*value))
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(*value)
            case "ASSERT" | "ASSERT_NOT":
                return self._beside(str(operation) == "ASSERT", *value)
            case "AT" | "GROUPREF":
                return _NOTHING
            case name:
                return self._character(*self._test(name, value))

    def _test(self, operation: str, value: Any) -> tuple[Test, str]:
        match operation:
            case "LITERAL":
                return (lambda c: ord(c) == value), chr(value)
            case "NOT_LITERAL":
                return (lambda c: ord(c) != value), f"not {chr(value)}"
            case "ANY":
                lines = bool(self._flags & re.DOTALL)
                return (lambda c: lines or c != "\n"), "anything"
            case "IN":
                return _one_of(value), "one of some"
        raise NotImplementedError(operation)

    def _character(self, test: Test, name: str) -> _Part:
        if self._flags & re.IGNORECASE:
            plain = test

            def test(c: str) -> bool:
                return any(map(plain, (c, c.lower(), c.upper()[0])))

        self._reads.append(sum(1 << n for n, c in enumerate(self._alphabet) if test(c)))
        self._names.append(name)
        self._atoms.append(self._atom)
        ends: Ends = Counter({(len(self._reads) - 1, _ANY): 1})
        return _Part(ends, ends, Counter())

    def _atomic(self, make: Callable[[], _Part]) -> _Part:
        outer = self._atom
        if outer is None:
            self._atom = len(self._reads)
        try:
            return make()
        finally:
            self._atom = outer

    def _beside(self, there: bool, behind: int, tree: Tree) -> _Part:
        """Return what is nothing by itself, and says what the next character may be."""
        if behind < 0:
            return _NOTHING
        size = len(self._reads)
        part = self._sequence(tree)
        if part.empty:
            return _NOTHING
        begins = 0
        for place, beside in part.first:
            begins |= self._reads[place] & beside
        longer = any(self._follow.get(place) for place in range(size, len(self._reads)))
        if there:
            return _Part(Counter(), Counter(), Counter({begins: 1}))
        return _NOTHING if longer else _Part(Counter(), Counter(), Counter({~begins: 1}))

    def _repeat(self, least: int, most: int, tree: Tree) -> _Part:
        least = min(least, _COPIES)
        if most >= _ENDLESS:
            part = _NOTHING
            for _ in range(least - 1):
                part = self._joined(part, self._sequence(tree))
            once = self._sequence(tree)
            self._link(once.last, once.first)
            # Round again without a character is what the engine itself stops.
            once = once if least else once._replace(empty=Counter({_ANY: 1}))
            return self._joined(part, once)
        part = _NOTHING
        for _ in range(min(most, _COPIES) - least):
            part = self._joined(self._sequence(tree), part)
            part = part._replace(empty=_few(part.empty + _NOTHING.empty))
        for _ in range(least):
            part = self._joined(self._sequence(tree), part)
        return part

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._link(one.last, other.first)
        return _Part(
            _few(one.first + _through(one.empty, other.first)),
            _few(other.last + _through(other.empty, one.last)),
            _few(_both(one.empty, other.empty)),
        )

    def _link(self, last: Ends, first: Ends) -> None:
        for (a, after), ways in last.items():
            nexts = self._follow[a]
            for (b, before), more in first.items():
                where = (b, after & before)
                nexts[where] = min(2, nexts[where] + ways * more)


_NOTHING: Final = _Part(Counter(), Counter(), Counter({_ANY: 1}))


def _either(parts: Iterable[_Part]) -> _Part:
    first: Ends = Counter()
    last: Ends = Counter()
    empty: Counter[int] = Counter()
    for part in parts:
        first.update(part.first)
        last.update(part.last)
        empty.update(part.empty)
    return _Part(first, last, _few(empty))


def _through(empty: Counter[int], ends: Ends) -> Ends:
    """Return ends that are reached past what is empty."""
    found: Ends = Counter()
    for beside, ways in empty.items():
        for (place, others), more in ends.items():
            found[place, others & beside] += ways * more
    return found


def _both(one: Counter[int], other: Counter[int]) -> Counter[int]:
    found: Counter[int] = Counter()
    for beside, ways in one.items():
        for others, more in other.items():
            found[beside & others] += ways * more
    return found


def _few(counted: Counter[Any]) -> Counter[Any]:
    return Counter({what: min(2, ways) for what, ways in counted.items()})


def _one_of(items: Tree) -> Test:
    tests = [test for operation, value in items if (test := _item(str(operation), value))]
    if str(items[0][0]) == "NEGATE":
        return lambda c: not any(test(c) for test in tests)
    return lambda c: any(test(c) for test in tests)


def _item(operation: str, value: Any) -> Test | None:
    match operation:
        case "LITERAL":
            return lambda c: ord(c) == value
        case "RANGE":
            return lambda c: value[0] <= ord(c) <= value[1]
        case "CATEGORY":
            return _CATEGORIES[str(value)]
    return None


def characters(tree: Tree) -> Iterator[str]:
    """Yield the characters that an expression names."""
    for operation, value in tree:
        name = str(operation)
        if name in {"LITERAL", "NOT_LITERAL"}:
            yield chr(value)
        elif name == "RANGE":
            yield from map(chr, value)
        elif name in INNER:
            for one in INNER[name](value):
                yield from characters(one)


def _loops(size: int, edges: list[tuple[int, int]]) -> Any:
    """Return for each node the number of the loop it is in."""
    if not edges:
        return np.arange(size)
    # Every process imports the tests, and one judges expressions.
    from scipy.sparse import coo_matrix  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    ends = np.array(edges).T
    graph = coo_matrix((np.ones(len(edges)), (ends[0], ends[1])), shape=(size, size))
    return connected_components(graph, connection="strong")[1]
