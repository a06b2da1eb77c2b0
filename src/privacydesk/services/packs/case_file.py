"""The case file of one ticket: its dates, decisions, log, files, notices, receipt and audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from privacydesk.domain.audit import SealedEntry
from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.domain.events import Event, Sender
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.minors import FileAct
from privacydesk.domain.scopes import TERM_FAMILIES, item_name
from privacydesk.domain.ticket import LogEntry, ScopeItem, Ticket
from privacydesk.receipts.receipt import Receipt
from privacydesk.services.notice_delivery import NOTICE_LOG_AUTHOR
from privacydesk.services.packs.minors import outcome_name
from privacydesk.services.packs.pack import Section
from privacydesk.services.packs.words import PackWords
from privacydesk.services.spreadsheets import Cell

Row = tuple[Cell, ...]

_NAMING: Final = frozenset({"assign", FileAct.ALLOWED})
"""Acts whose entry has the name of an agent as its reason."""
_WITHOUT_WORDS: Final = frozenset({"filed", FileAct.OPENED})
"""Acts whose entry has an id or a state as its reason."""


class CaseData(Struct, frozen=True):
    """What is recorded of a ticket.

    Attributes:
        receipt: the receipt of its outcome; None while it is open.
        entries: its audit entries, oldest first.
        messages: what was written from its receipt to its closing; empty unless asked for.
        with_words: whether what people wrote is in the file.
    """

    ticket: Ticket
    log: tuple[LogEntry, ...]
    files: tuple[Evidence, ...]
    notices: tuple[Delivery, ...]
    entries: tuple[SealedEntry, ...]
    receipt: Receipt | None = None
    messages: tuple[Event, ...] = ()
    with_words: bool = False


def case_facts(ticket: Ticket, words: PackWords) -> Iterator[tuple[str, str]]:
    """Yield the facts about a ticket; none of them was written by anybody."""
    state = (
        words.text(f"web.case.state.{ticket.state.value}")
        if ticket.outcome is None
        else outcome_name(words, ticket.outcome.value)
    )
    marks = (words.term("web.case.flag", flag) for flag in sorted(ticket.flags))
    facts = {
        "web.export.request": ticket.number,
        "web.export.kind": words.term("kind", ticket.kind.value),
        "pack.case.requester": words.text(f"web.case.requester.{ticket.requester.value}"),
        "web.export.marks": words.join(marks) if ticket.flags else "",
        "web.export.state": state,
        "web.export.holder": words.actor(ticket.holder) if ticket.holder else "",
        "web.export.received": words.timestamp(ticket.received_at),
        "pack.case.verified": words.timestamp(ticket.verified_at),
        "web.export.answered": words.timestamp(ticket.answered_at),
        "web.export.closed": words.timestamp(ticket.closed_at),
        "pack.case.purged": words.timestamp(ticket.purged_at),
    }
    yield from ((words.text(key), value) for key, value in facts.items() if value)


def case_sections(case: CaseData, words: PackWords) -> Iterator[Section]:
    """Yield the sections of a case file."""
    yield _items(case, words)
    yield _clocks(case.ticket, words)
    yield _log(case, words)
    yield _files(case, words)
    yield _notices(case, words)
    yield _receipt(case, words)
    yield _audit(case, words)
    if case.with_words:
        yield _messages(case, words)


def _table(words: PackWords, name: str, columns: tuple[str, ...], rows: Iterator[Row]) -> Section:
    """Return a section with a table; ``name`` is the key of its heading, below ``pack.case``."""
    found = tuple(rows)
    return Section(
        title=words.text(f"pack.case.{name}"),
        source=words.text(f"pack.case.{name}_source"),
        sentences=() if found else words.texts("pack.none"),
        columns=words.texts(*columns),
        rows=found,
    )


def _items(case: CaseData, words: PackWords) -> Section:
    columns: tuple[str, ...] = ("pack.case.item", "pack.case.decision", "web.export.grounds")
    if case.with_words:
        columns = (*columns, "pack.case.reason")
    return _table(words, "items", columns, (_item(case, one, words) for one in case.ticket.items))


def _item(case: CaseData, item: ScopeItem, words: PackWords) -> Row:
    kind, family = case.ticket.kind, TERM_FAMILIES.get(case.ticket.kind, "")
    name = item_name(item) if family else ""
    decision = "part" if item.is_granted_in_part else item.decision or "none"
    ground = "" if item.ground is None else words.term("ground", item.ground.value)
    term = words.term(family, name) if name else words.term("kind", kind.value)
    row = (term, words.term("receipt.decision", decision), ground)
    return (*row, item.reason) if case.with_words else row


def _clocks(ticket: Ticket, words: PackWords) -> Section:
    clocks = (*ticket.clocks, ticket.completion) if ticket.completion else ticket.clocks
    columns = ("pack.case.regime", "pack.case.started", "web.export.due", "web.export.provisional")
    rows = (
        (
            clock.regime,
            words.timestamp(clock.started_at),
            clock.due_date.isoformat(),
            words.text("web.case.yes") if clock.provisional else words.text("web.case.no"),
        )
        for clock in clocks
    )
    return _table(words, "clocks", columns, rows)


def _log(case: CaseData, words: PackWords) -> Section:
    columns: tuple[str, ...] = ("web.export.when", "web.export.who", "web.export.act")
    if case.with_words:
        columns = (*columns, "pack.case.reason")

    def rows() -> Iterator[Row]:
        for entry in case.log:
            row = (words.timestamp(entry.at), words.actor(entry.by), words.act(entry.what))
            yield (*row, _reason(entry, words)) if case.with_words else row

    return _table(words, "log", columns, rows())


def _reason(entry: LogEntry, words: PackWords) -> str:
    """Return why something was done, as it was written; for an agent who was named, their name."""
    if entry.what in _NAMING:
        return words.actor(entry.why)
    return "" if entry.what in _WITHOUT_WORDS or entry.by == NOTICE_LOG_AUTHOR else entry.why


def _files(case: CaseData, words: PackWords) -> Section:
    opened = [one.entry.evidence_id for one in case.entries if one.entry.what == FileAct.OPENED]
    columns = (
        "pack.case.file",
        "web.export.received",
        "pack.case.opened",
        "pack.case.removed",
        "pack.case.digest",
    )
    rows = (
        (
            f"{place} · {file.media_type}",
            words.timestamp(file.created_at),
            opened.count(file.id),
            words.timestamp(file.removed_at),
            file.sha256,
        )
        for place, file in enumerate(case.files, 1)
    )
    return _table(words, "files", columns, rows)


def _notices(case: CaseData, words: PackWords) -> Section:
    columns = ("pack.case.occasion", "pack.case.way", "web.export.state", "web.export.when")

    def rows() -> Iterator[Row]:
        for notice in case.notices:
            tries = int(notice.payload.get("tried", 0))
            waiting = "tried" if tries else "queued"
            is_open = notice.state is DeliveryState.OPEN
            outcome = waiting if is_open else str(notice.payload["outcome"])
            yield (
                words.term("web.case.notice", notice.action),
                words.term("web.case.notice_way", str(notice.payload.get("way", ""))),
                words.text(f"web.case.notice_state.{outcome}", count=tries),
                words.timestamp(notice.created_at),
            )

    return _table(words, "notices", columns, rows())


def _receipt(case: CaseData, words: PackWords) -> Section:
    def rows() -> Iterator[Row]:
        receipt = case.receipt
        if receipt is not None:
            said = receipt.statement
            yield (said.log.hex(), said.entry + 1, words.timestamp(receipt.signed_at))

    columns = ("pack.case.receipt_log", "pack.place", "pack.case.signed")
    return _table(words, "receipt", columns, rows())


def _audit(case: CaseData, words: PackWords) -> Section:
    columns = ("pack.place", "web.export.when", "web.export.who", "web.export.act")
    rows = (
        (
            one.seq or "",
            words.timestamp(one.entry.at),
            words.actor(one.entry.by),
            words.act(one.entry.what),
        )
        for one in case.entries
    )
    return _table(words, "audit", columns, rows)


def _messages(case: CaseData, words: PackWords) -> Section:
    columns = ("web.export.when", "web.export.who", "pack.case.message")
    rows = (
        (
            words.timestamp(event.at),
            event.author
            if event.sender is Sender.AGENT
            else words.text(f"web.case.sender.{event.sender.value}"),
            event.text,
        )
        for event in case.messages
        if event.text
    )
    return _table(words, "messages", columns, rows)
