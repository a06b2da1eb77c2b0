"""Splits a source text into lines with their positions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

# Only the line ends that editors count, so that line numbers in notes match an editor's.
_LINE_END = re.compile(r"\r\n|\r|\n")
# White space, the byte order mark and the zero-width space.
_INVISIBLE = "".join(chr(c) for c in range(0x3001) if chr(c).isspace()) + "\ufeff\u200b"
_MARKDOWN_HEADING = re.compile(r"^(#{1,6})\s+")
# Underlines of titles: equals signs mark the first level, dashes the second.
_UNDERLINE = re.compile(r"={3,}|-{3,}")
_BOLD = re.compile(r"^(\*\*|__)(?P<text>(?:(?!\1).)+)\1\s*$")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_QUOTE = re.compile(r"^(?:>\s*)+")
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_SENTENCE_END = "。；;，,：:！!？?.…"
_CJK_TITLE_LENGTH = 60
_LATIN_TITLE_LENGTH = 90


@dataclass(frozen=True, slots=True)
class Line:
    """A line that isn't blank.

    Attributes:
        number: the line number from 1, counting blank lines.
        start: offset of its first visible character in the source.
        end: offset after its last visible character.
        indent: width of the white space before it, in columns.
        blanks_before: the number of blank lines before it.
        text: the source from `start` to `end`.
        bare: the text without Markdown markup, for parsing; never quoted.
        level: the level of a Markdown heading, with `#` or underlined; else 0.
        bold: whether the whole line is bold in Markdown.
    """

    number: int
    start: int
    end: int
    indent: int
    blanks_before: int
    text: str
    bare: str
    level: int
    bold: bool

    @property
    def has_words(self) -> bool:
        """Whether the line has a letter or a digit."""
        return any(c.isalnum() for c in self.text)

    @property
    def is_cjk(self) -> bool:
        """Whether the line holds Chinese characters."""
        return _CJK.search(self.text) is not None


def split_lines(source: str) -> tuple[Line, ...]:
    """Return all lines that aren't blank."""
    lines: list[Line] = []
    index, blanks = 0, 0
    ends = [(m.start(), m.end()) for m in _LINE_END.finditer(source)]
    stops = [*ends, (len(source), len(source))]
    for number, (stop, following) in enumerate(stops, start=1):
        raw = source[index:stop]
        text = raw.strip(_INVISIBLE)
        if text:
            before = len(raw) - len(raw.lstrip(_INVISIBLE))
            if blanks == 0 and lines and _UNDERLINE.fullmatch(text) and _is_plain_title(lines[-1]):
                lines[-1] = replace(lines[-1], level=1 if text[0] == "=" else 2)
            lines.append(_line(raw[:before], text, number, index + before, blanks))
            blanks = 0
        else:
            blanks += 1
        index = following
    return tuple(lines)


def _is_plain_title(line: Line) -> bool:
    return line.level == 0 and line.has_words and looks_like_title(line.bare)


def _line(before: str, text: str, number: int, start: int, blanks: int) -> Line:
    bare, level = _QUOTE.sub("", text), 0
    if heading := _MARKDOWN_HEADING.match(bare):
        level, bare = len(heading[1]), bare[heading.end() :].rstrip("# \t")
    bold = _BOLD.match(bare)
    if bold:
        bare = bold["text"].strip()
    return Line(
        number=number,
        start=start,
        end=start + len(text),
        indent=sum(_width(c) for c in before),
        blanks_before=blanks,
        text=text,
        bare=_LINK.sub(r"\1", bare),
        level=level,
        bold=bold is not None,
    )


def _width(character: str) -> int:
    if character == "\t":
        return 4
    return 2 if unicodedata.east_asian_width(character) == "F" else 1


def looks_like_title(text: str) -> bool:
    """Whether a text looks like a title: short, and without the punctuation of a sentence."""
    if not text or text[-1] in _SENTENCE_END or "。" in text:
        return False
    return len(text) <= (_CJK_TITLE_LENGTH if _CJK.search(text) else _LATIN_TITLE_LENGTH)


def normalize_title(text: str) -> str:
    """Return a form of a title that is the same for all its spellings.

    Width, case, punctuation and spaces are ignored, and 帐 and 账 are equal.
    """
    normal = unicodedata.normalize("NFKC", text).casefold().replace("帐", "账").replace("帳", "账")
    return "".join(c for c in normal if c.isalnum())
