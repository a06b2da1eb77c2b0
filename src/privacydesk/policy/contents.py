"""Finds the table of contents of a document, whose lines look like headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from privacydesk.policy.lines import Line, normalize_title
from privacydesk.policy.marks import HEADING_STYLES, Mark, Style, plain_title, read_label

_PAGE_NUMBER = re.compile(r"[\s.…·]{2,}[0-9]{1,4}$")
_ENTRY_LENGTH = 90
_LEAD_IN_LENGTH = 40
_LEAD_IN = re.compile(r"[：:]$|目录|目錄|内容|內容|contents", re.IGNORECASE)
_MIN_ENTRIES = 2
# Contents may be below the heading of a part, as in laws, but not inside an article.
_SECTIONS = HEADING_STYLES - {Style.PART, Style.CHAPTER}
_MIN_MATCHED_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Contents:
    """The positions of the table of contents, with its heading, and the normalised titles in it."""

    positions: frozenset[int]
    titles: frozenset[str]


NO_CONTENTS = Contents(frozenset(), frozenset())


def entry_title(line: Line, mark: Mark | None) -> str:
    """Return the normalised title of a line that may be a heading or an entry of the contents."""
    rest = mark.rest if mark else line.bare
    if mark is not None and mark.style is Style.BULLET and (inner := read_label(rest)) is not None:
        rest = inner.rest
    text = plain_title(rest)
    return normalize_title(_PAGE_NUMBER.sub("", text)) if len(text) <= _ENTRY_LENGTH else ""


def find_contents(lines: Sequence[Line], marks: Sequence[Mark | None]) -> Contents:
    """Find a run of lines that look like headings, most of which occur again below.

    The run must precede all headings of its form: two equal lists inside sections are no contents.
    """
    titles = [entry_title(line, mark) for line, mark in zip(lines, marks, strict=True)]
    last_seen = {
        titles[index]: index
        for index, mark in enumerate(marks)
        if titles[index] and _can_head(lines[index], mark)
    }
    seen: set[Style] = set()
    headed = False
    index = 0
    while index < len(lines):
        if lines[index].level:
            headed = headed or _LEAD_IN.search(lines[index].bare) is None
        if marks[index] is None or lines[index].level or not titles[index]:
            index += 1
            continue
        end = _run_end(lines, marks, titles, index)
        matched = [p for p in range(index, end) if last_seen.get(titles[p], -1) >= end]
        if matched:
            run = range(matched[0], matched[-1] + 1)
            style = _style(marks[matched[0]])
            before = seen | {_style(mark) for mark in marks[index : run[0]]}
            inside = headed or bool(before & _SECTIONS)
            late = style in before or (inside and style not in HEADING_STYLES)
            if not late and len(matched) >= max(_MIN_ENTRIES, _MIN_MATCHED_SHARE * len(run)):
                lead_in = {run[0] - 1} if _leads_in(lines, marks, run[0] - 1) else set()
                return Contents(frozenset({*run, *lead_in}), frozenset(titles[p] for p in run))
        styles = {_style(mark) for mark in marks[index:end]}
        seen |= styles
        headed = headed or bool(styles & _SECTIONS)
        index = end
    return NO_CONTENTS


def _style(mark: Mark | None) -> Style:
    return mark.style if mark else Style.BULLET


def _can_head(line: Line, mark: Mark | None) -> bool:
    return line.level > 0 or (mark is not None and mark.style is not Style.BULLET)


def _run_end(
    lines: Sequence[Line], marks: Sequence[Mark | None], titles: Sequence[str], index: int
) -> int:
    listed: set[str] = set()
    first = marks[index]
    highest = -1
    end = index
    while end < len(lines):
        mark = marks[end]
        if mark is None or lines[end].level or not titles[end] or titles[end] in listed:
            break
        if first is not None and mark.style is first.style and mark.style is not Style.BULLET:
            # The numbers restart: the text itself begins, with a changed title.
            if mark.number <= highest:
                break
            highest = mark.number
        listed.add(titles[end])
        end += 1
    return end


def _leads_in(lines: Sequence[Line], marks: Sequence[Mark | None], index: int) -> bool:
    return (
        index >= 0
        and marks[index] is None
        and len(lines[index].bare) <= _LEAD_IN_LENGTH
        and _LEAD_IN.search(lines[index].bare) is not None
    )
