"""The pack of a period's report: the figures of the reports page, with their sources."""

from __future__ import annotations

from collections.abc import Iterator

from privacydesk.domain.figures import HELP_FIGURES
from privacydesk.domain.reports import Report
from privacydesk.services.figure_tables import FigureTables, cells
from privacydesk.services.packs.pack import Section
from privacydesk.services.packs.words import PackWords


def period_facts(report: Report, words: PackWords) -> Iterator[tuple[str, str]]:
    """Yield the totals of a report."""
    median = "–" if report.median_days is None else f"{report.median_days:g}"
    yield words.text("pack.as_of"), words.timestamp(report.as_of)
    yield words.text("web.report.received"), str(report.received)
    yield words.text("web.report.answered"), str(report.answered)
    yield words.text("web.report.median"), median


def period_sections(report: Report, words: PackWords) -> Iterator[Section]:
    """Yield a section for each figure of a report."""
    tables = FigureTables(words.text, words.language, words.team)
    for figure in report.figures:
        name = figure.name
        total = (words.text("web.report.total"), *cells(figure, figure.totals))
        source = "pack.period.visits" if name in HELP_FIGURES else f"pack.period.{name.value}"
        yield Section(
            title=tables.title(name),
            source=words.text(source),
            sentences=(
                tables.explanation(name),
                *(words.texts("web.report.empty") if figure.is_empty else ()),
            ),
            columns=(
                tables.row_heading(name),
                *tables.columns(name),
                *tables.rate_column(figure),
            ),
            rows=() if figure.is_empty else (*tables.rows(figure), total),
        )
