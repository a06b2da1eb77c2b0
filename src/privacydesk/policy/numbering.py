"""Detects the numbering scheme of a document: which styles are headings, and their ranks."""

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
    """The kind of a heading, and the word of its anchor, such as `sec` in `sec6`."""

    kind: PassageKind
    word: str


@dataclass(frozen=True, slots=True)
class Numbering:
    """The numbering scheme of one document.

    Attributes:
        has_articles: whether it has 第一条 or Article 1; then 一、 is a part of an article.
        counts_sections: whether sections have the numbers 一、, Section 1 or `1.`.
        numbers_head: whether plain numbers such as `1.` are headings, as in most English policies.
        is_markdown: whether headings are marked with `#`.
        levels: Markdown heading levels with their ranks, as far as numbers determine these.
        text_indent: the most common indent of lines without a number, in columns.
    """

    has_articles: bool
    counts_sections: bool
    numbers_head: bool
    is_markdown: bool
    levels: tuple[tuple[int, float], ...]
    text_indent: int

    def rank(self, line: Line, mark: Mark | None) -> float:
        """Return the rank of a heading. A heading closes open ones of the same or a higher rank."""
        if mark is not None and mark.style in _RANKS:
            return _RANKS[mark.style]
        if line.level:
            return self._level_rank(line.level)
        if mark is not None and mark.style is Style.DECIMAL:
            return _DECIMAL_RANK + len(mark.path)
        return _NUMBERED_HEADING_RANK

    def _level_rank(self, level: int) -> float:
        ranked_levels = [
            (labelled_level, rank)
            for labelled_level, rank in self.levels
            if labelled_level <= level
        ]
        if not ranked_levels:
            return level * _LEVEL_STEP
        labelled_level, rank = max(ranked_levels)
        return rank + (level - labelled_level) * _LEVEL_STEP

    def segment(self, mark: Mark | None, parent: PassageKind) -> Segment:
        """Return the kind and anchor word of a heading below `parent`.

        In a document with articles, 一、 is a part and （一） a section, whether or not the article
        has parts, so that anchors of sections have the same form.
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


def detect_numbering(lines: Sequence[Line], marks: Sequence[Mark | None]) -> Numbering:
    """Detect the numbering scheme of a document from its lines without title and contents."""
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
    return Numbering(
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
