"""The pack of the yearly audit of minors' data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from statistics import median
from typing import Final, TypeVar

from privacydesk.domain.figures import COLUMNS, FigureName
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.minors import AgeBand, FileAccess, FileAct, MinorsAudit
from privacydesk.domain.reports import NO_CLOCK
from privacydesk.domain.ticket import Outcome
from privacydesk.services.packs.pack import Section
from privacydesk.services.packs.words import PackWords
from privacydesk.services.spreadsheets import Cell

_PUNCTUALITY: Final = (*COLUMNS[FigureName.ON_TIME], NO_CLOCK)

Row = tuple[Cell, ...]
T = TypeVar("T", bound=str)


def minors_sections(audit: MinorsAudit, words: PackWords) -> tuple[Section, ...]:
    """Return the sections of the audit of a year."""
    bands = tuple(words.text(f"pack.minors.band.{band.value}") for band in AgeBand)
    by_band = (*bands, words.text("pack.total"))
    return (
        Section(
            title=words.text("pack.minors.received"),
            source=words.text("pack.minors.received_source"),
            sentences=words.texts("pack.minors.bands"),
            columns=(words.text("web.export.kind"), *by_band),
            rows=(
                *_rows(audit.kinds, RequestKind, lambda kind: words.term("kind", kind)),
                (words.text("pack.total"), *_sums(audit.kinds, RequestKind)),
            ),
        ),
        Section(
            title=words.text("pack.minors.answers"),
            source=words.text("pack.minors.answers_source"),
            columns=("", *by_band),
            rows=(*_answer_rows(audit, words), *_day_rows(audit, words)),
        ),
        Section(
            title=words.text("pack.minors.outcomes"),
            source=words.text("pack.minors.received_source"),
            sentences=() if audit.outcomes else words.texts("pack.none"),
            columns=(words.text("pack.outcome"), *by_band),
            rows=tuple(_rows(audit.outcomes, Outcome, lambda one: outcome_name(words, one))),
        ),
        Section(
            title=words.text("pack.minors.files"),
            source=words.text("pack.minors.files_source"),
            sentences=words.texts("pack.minors.files_rule"),
            columns=("", *by_band),
            rows=tuple(_file_rows(audit.accesses, words)),
        ),
        Section(
            title=words.text("pack.minors.accesses"),
            source=words.text("pack.minors.accesses_source"),
            sentences=() if audit.accesses else words.texts("pack.none"),
            columns=words.texts(
                "pack.place",
                "web.export.when",
                "web.export.request",
                "pack.minors.age",
                "web.export.who",
                "web.export.act",
            ),
            rows=tuple(_access_row(one, words) for one in audit.accesses),
        ),
    )


def outcome_name(words: PackWords, outcome: str) -> str:
    """Return the name of an outcome for staff."""
    if outcome == Outcome.WITHDRAWN:
        # The term of this outcome speaks to the requester.
        return words.text("web.case.state.withdrawn")
    return words.term("ticket.outcome", outcome)


def _rows(
    counts: Mapping[tuple[T, AgeBand], int], members: Iterable[T], name: Callable[[T], str]
) -> Iterator[Row]:
    """Yield a row for each member that was counted."""
    for member in members:
        numbers = tuple(counts.get((member, band), 0) for band in AgeBand)
        if any(numbers):
            yield (name(member), *numbers, sum(numbers))


def _sums(counts: Mapping[tuple[T, AgeBand], int], members: Iterable[T]) -> Row:
    members = tuple(members)
    numbers = [sum(counts.get((one, band), 0) for one in members) for band in AgeBand]
    return (*numbers, sum(numbers))


def _answer_rows(audit: MinorsAudit, words: PackWords) -> Iterator[Row]:
    names = {name: words.text(f"web.report.column.{name}") for name in COLUMNS[FigureName.ON_TIME]}
    names[NO_CLOCK] = words.text("web.report.backlog.no_clock")
    for name in _PUNCTUALITY:
        numbers = tuple(audit.punctuality.get((name, band), 0) for band in AgeBand)
        yield (names[name], *numbers, sum(numbers))


def _day_rows(audit: MinorsAudit, words: PackWords) -> Iterator[Row]:
    by_band = [audit.reply_days[band] for band in AgeBand]
    groups = (*by_band, tuple(day for days in by_band for day in days))
    yield (words.text("web.report.median"), *(_median(days) for days in groups))
    yield (words.text("pack.minors.slowest"), *(max(days, default="–") for days in groups))


def _median(days: Collection[int]) -> Cell:
    if not days:
        return "–"
    middle = median(days)
    return int(middle) if middle == int(middle) else f"{middle:g}"


def _file_rows(accesses: Iterable[FileAccess], words: PackWords) -> Iterator[Row]:
    accesses = tuple(accesses)

    def row(name: str, picked: Iterable[FileAccess]) -> Row:
        picked = tuple(picked)
        numbers = tuple(sum(one.band is band for one in picked) for band in AgeBand)
        return (words.text(f"pack.minors.{name}"), *numbers, len(picked))

    def distinct(name: str, key: Callable[[FileAccess], object]) -> Row:
        numbers = tuple(len({key(one) for one in opened if one.band is band}) for band in AgeBand)
        return (words.text(f"pack.minors.{name}"), *numbers, len({key(one) for one in opened}))

    opened = [one for one in accesses if one.act is FileAct.OPENED]
    yield row(FileAct.OPENED.value, opened)
    yield row("opened_allowed", (one for one in opened if one.was_allowed))
    yield row("opened_otherwise", (one for one in opened if not one.was_allowed))
    yield distinct("opened_files", lambda one: one.entry.entry.evidence_id)
    yield distinct("opened_by", lambda one: one.entry.entry.by)
    for act in (FileAct.ASKED, FileAct.ALLOWED, FileAct.REFUSED, FileAct.COUNTED):
        yield row(act.value, (one for one in accesses if one.act is act))


def _access_row(access: FileAccess, words: PackWords) -> Row:
    entry = access.entry.entry
    return (
        access.entry.seq or "",
        words.timestamp(entry.at),
        access.number,
        words.text(f"pack.minors.band.{access.band.value}"),
        words.actor(entry.by),
        words.act(entry.what),
    )
