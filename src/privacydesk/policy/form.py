"""The meaning of a document's numbering: which forms head sections, and how they rank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from privacydesk.policy.lines import Line
from privacydesk.policy.marks import PLAIN_NUMBERS, Mark, Style
from privacydesk.policy.tree import PassageKind

_RANKS = {
    Style.PART: 10.0,
    Style.CHAPTER: 20.0,
    Style.DIVISION: 30.0,
    Style.ARTICLE: 40.0,
    Style.FORMAL: 45.0,
    Style.SECTION: 50.0,
    Style.COUNTED: 50.0,
    Style.BRACKETED: 60.0,
}
_NUMBERED_HEADING_RANK = 50.0
_DECIMAL_RANK = 61.0
_LEVEL_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Segment:
    """A heading's kind and the word of its anchor, such as `sec` in `sec6`."""

    kind: PassageKind
    word: str


@dataclass(frozen=True, slots=True)
class Form:
    """The numbering of one document; made once from all its lines.

    Attributes:
        has_articles: 第一条 or Article 1 occur, so 一、 divides an article into parts.
        counts_sections: 一、 or Section 1 or `1.` head the sections.
        numbers_head: plain numbers such as `1.` head sections, as in most English policies.
        is_markdown: headings are marked with `#`.
        levels: the rank of a Markdown heading level, if labels at that level determine it.
        text_indent: the indent of most lines without a number, in columns.
    """

    has_articles: bool
    counts_sections: bool
    numbers_head: bool
    is_markdown: bool
    levels: tuple[tuple[int, float], ...]
    text_indent: int

    def rank(self, line: Line, mark: Mark | None) -> float:
        """Return a heading's rank: a lower one closes all open headings of higher or equal rank."""
        if mark is not None and mark.style in _RANKS:
            return _RANKS[mark.style]
        if line.level:
            return self._level_rank(line.level)
        if mark is not None and mark.style is Style.DECIMAL:
            return _DECIMAL_RANK + len(mark.path)
        return _NUMBERED_HEADING_RANK

    def _level_rank(self, level: int) -> float:
        told = [(known, rank) for known, rank in self.levels if known <= level]
        if not told:
            return level * _LEVEL_STEP
        known, rank = max(told)
        return rank + (level - known) * _LEVEL_STEP

    def segment(self, mark: Mark | None, parent: PassageKind) -> Segment:
        """Return the kind and anchor word of a heading below `parent`.

        In a document with articles 一、 is a part and （一） a section of whatever stands above, so
        that an article without parts names its sections alike.
        """
        if mark is None:
            return Segment(self._nested(parent), "head")
        match mark.style:
            case Style.PART:
                return Segment(PassageKind.PART, "part")
            case Style.CHAPTER:
                return Segment(PassageKind.PART, "chap")
            case Style.DIVISION:
                return Segment(PassageKind.PART, "div")
            case Style.ARTICLE:
                return Segment(PassageKind.ARTICLE, "art")
            case Style.FORMAL:
                return Segment(PassageKind.PART, "part")
            case Style.COUNTED if self.has_articles:
                return Segment(PassageKind.PART, "part")
            case Style.BRACKETED if not self.has_articles and self.counts_sections:
                return Segment(PassageKind.SUBSECTION, "sub")
            case Style.SECTION | Style.COUNTED | Style.BRACKETED:
                return Segment(PassageKind.SECTION, "sec")
            case _:
                kind = self._nested(parent)
                return Segment(kind, "sec" if kind is PassageKind.SECTION else "sub")

    @staticmethod
    def _nested(parent: PassageKind) -> PassageKind:
        if parent in {PassageKind.SECTION, PassageKind.SUBSECTION}:
            return PassageKind.SUBSECTION
        return PassageKind.SECTION


def read_form(lines: Sequence[Line], marks: Sequence[Mark | None]) -> Form:
    """Return a document's form, read from its lines without title and contents."""
    styles = {mark.style for mark in marks if mark is not None}
    has_articles = Style.ARTICLE in styles
    counted = bool(styles & {Style.COUNTED, Style.SECTION})
    by_level = any(line.level for line in lines)
    numbers_head = not (has_articles or counted or by_level) and _numbers_come_first(marks)
    levels: dict[int, float] = {}
    for line, mark in zip(lines, marks, strict=True):
        if line.level and mark is not None and mark.style in _RANKS:
            rank = _RANKS[mark.style]
            levels[line.level] = min(rank, levels.get(line.level, rank))
    indents = Counter(line.indent for line, mark in zip(lines, marks, strict=True) if mark is None)
    return Form(
        has_articles=has_articles,
        counts_sections=counted or numbers_head,
        numbers_head=numbers_head,
        is_markdown=by_level,
        levels=tuple(sorted(levels.items())),
        text_indent=indents.most_common(1)[0][0] if indents else 0,
    )


def _numbers_come_first(marks: Sequence[Mark | None]) -> bool:
    for mark in marks:
        if mark is not None and mark.style in PLAIN_NUMBERS:
            return True
        if mark is not None and mark.style is Style.BRACKETED:
            return False
    return False
