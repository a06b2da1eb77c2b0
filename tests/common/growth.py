"""What a regular expression costs on long runs of its own characters and words.

Where each place of a run is begun at and read to its end, the work grows with the square of the
run, as that of ``说*吗`` does over 说说说…. The texts that show it are made of what an expression
itself names, so each of its characters and words is tried, over and over.
"""

from __future__ import annotations

import re
import re._parser as parser  # type: ignore[import-not-found]
import time
from collections.abc import Iterator
from typing import Any, Final

from tests.common.ambiguity import INNER, characters

Tree = Any

LENGTH: Final = 1_000
"""Characters of a run: half of what a message may have."""
_TRIES: Final = 3


def dear_run(expression: str, flags: int, bearable: float) -> str | None:
    """Return a character or word on whose run a search costs more than is bearable.

    Args:
        expression: the expression.
        flags: of ``re``.
        bearable: the processor's seconds.
    """
    compiled = re.compile(expression, flags)
    found = (
        unit for unit in units(expression, flags) if _cost(compiled, unit, bearable) > bearable
    )
    return next(found, None)


def units(expression: str, flags: int = 0) -> list[str]:
    """Return the characters and words that an expression names, each once."""
    tree = parser.parse(expression, flags & ~re.DEBUG)
    return list(dict.fromkeys((*characters(tree), *_words(tree))))


def _words(tree: Tree) -> Iterator[str]:
    """Yield runs of characters that stand beside each other."""
    word = ""
    for operation, value in tree:
        if str(operation) == "LITERAL":
            word += chr(value)
            continue
        yield from _long(word)
        word = ""
        for part in INNER[str(operation)](value) if str(operation) in INNER else ():
            yield from _words(part)
    yield from _long(word)


def _long(word: str) -> Iterator[str]:
    if len(word) > 1:
        yield word


def _cost(compiled: re.Pattern[str], unit: str, bearable: float) -> float:
    text = unit * (LENGTH // len(unit))
    least = float("inf")
    for _ in range(_TRIES):
        before = time.thread_time()
        compiled.search(text)
        least = min(least, time.thread_time() - before)
        if least <= bearable:
            break
    return least
