"""The pack of a self-check: item by item, the evidence that the desk has, and where it is from.

It judges nothing: a fact is stated with its source, and one that asks for a look is listed first.
What the desk can't know is left to the operator, as a question with an empty field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.audit import SealedEntry
from privacydesk.domain.figures import Figure, FigureName
from privacydesk.domain.intents import DESTRUCTIVE, RequestKind
from privacydesk.domain.minors import AgeBand, FileAct
from privacydesk.domain.reports import OVERDUE
from privacydesk.domain.ticket import Outcome
from privacydesk.services.packs.evidence import Evidence
from privacydesk.services.packs.minors import outcome_name
from privacydesk.services.packs.pack import Section
from privacydesk.services.packs.words import PackWords

QUESTIONS: Final = (
    "person",
    "rules",
    "contracts",
    "other_systems",
    "encryption",
    "backups",
    "training",
    "assessment",
)
"""What only the operator can answer."""
_RUN_IS_LATE_AFTER: Final = timedelta(days=2)
"""Retention runs once a day; what waits for longer is overdue."""


class Item(StrEnum):
    """An item of the self-check."""

    MECHANISM = "mechanism"
    """How people exercise their rights."""
    REFUSALS = "refusals"
    RESPONSE = "response"
    """Answers in time."""
    DELETION = "deletion"
    MINORS = "minors"
    RECORDS = "records"
    """Traces of what staff did, and of incidents."""


class Source(StrEnum):
    """Where a fact comes from."""

    SETUP = "setup"
    REQUESTS = "requests"
    REPORT = "report"
    COUNTERS = "counters"
    VISITS = "visits"
    AUDIT = "audit"
    AUDIT_CHECK = "audit_check"
    DRY_RUN = "dry_run"
    MINORS = "minors"
    RECEIPTS = "receipts"
    INTEGRITY = "integrity"
    RECIPIENTS = "recipients"
    ALARMS = "alarms"


class Fact(Struct, frozen=True):
    """A fact in the words of one language.

    Attributes:
        name: the end of its text's key.
        value: what was found.
        source: where it comes from.
        stands_out: whether somebody should look at it.
    """

    name: str
    value: str
    source: Source
    stands_out: bool = False


def self_check_sections(evidence: Evidence, words: PackWords) -> tuple[Section, ...]:
    """Return the sections: what stands out, the items, and the questions to the operator."""
    facts = _Facts(evidence, words)
    by_item = {
        Item.MECHANISM: tuple(facts.mechanism()),
        Item.REFUSALS: tuple(facts.refusals()),
        Item.RESPONSE: tuple(facts.response()),
        Item.DELETION: tuple(facts.deletion()),
        Item.MINORS: tuple(facts.minors()),
        Item.RECORDS: tuple(facts.records()),
    }
    return (
        _standing_out(by_item, words),
        *(_item_section(item, found, words) for item, found in by_item.items()),
        _questions(words),
    )


def _standing_out(by_item: dict[Item, tuple[Fact, ...]], words: PackWords) -> Section:
    rows = tuple(
        (_label(fact, words), fact.value, words.text(f"pack.self_check.item.{item.value}"))
        for item, facts in by_item.items()
        for fact in facts
        if fact.stands_out
    )
    return Section(
        title=words.text("pack.self_check.to_look_at"),
        sentences=words.texts("pack.self_check.about")
        if rows
        else words.texts("pack.self_check.about", "pack.self_check.nothing_to_look_at"),
        columns=words.texts("pack.self_check.fact", "pack.self_check.value", "pack.self_check.at"),
        rows=rows,
    )


def _item_section(item: Item, facts: tuple[Fact, ...], words: PackWords) -> Section:
    return Section(
        title=words.text(f"pack.self_check.item.{item.value}"),
        sentences=words.texts(f"pack.self_check.basis.{item.value}"),
        columns=words.texts(
            "pack.self_check.fact", "pack.self_check.value", "pack.self_check.from"
        ),
        rows=tuple(
            (
                _label(fact, words),
                fact.value,
                words.text(f"pack.self_check.source.{fact.source.value}"),
            )
            for fact in facts
        ),
    )


def _questions(words: PackWords) -> Section:
    return Section(
        title=words.text("pack.self_check.questions"),
        sentences=words.texts("pack.self_check.questions_rule"),
        columns=words.texts(
            "pack.self_check.question", "pack.self_check.answer", "pack.self_check.checked"
        ),
        rows=tuple((words.text(f"pack.self_check.question.{one}"), "", "") for one in QUESTIONS),
        to_fill_in=frozenset({1, 2}),
    )


def _label(fact: Fact, words: PackWords) -> str:
    return words.text(f"pack.self_check.fact.{fact.name}")


class _Facts:
    """The facts of each item, in the words of one language."""

    def __init__(self, evidence: Evidence, words: PackWords) -> None:
        self._evidence = evidence
        self._words = words

    def mechanism(self) -> Iterator[Fact]:
        setup, report = self._evidence.setup, self._evidence.report
        waits = report.waits
        gave_up = report.figure(FigureName.GIVEN_UP)
        requests = self._evidence.requests
        yield Fact("door_chat", self._said("open"), Source.SETUP)
        yield Fact("door_mail", self._said("open" if setup.takes_mail else "shut"), Source.SETUP)
        yield Fact("kinds", self._kinds(RequestKind), Source.SETUP)
        yield Fact("received", self._breakdown("kind", requests.kinds.items()), Source.REQUESTS)
        yield Fact("received_mail", str(requests.by_mail), Source.REQUESTS)
        yield Fact("gave_up", self._share(gave_up), Source.COUNTERS)
        yield Fact("waits", self._of(waits.in_time, waits.answered), Source.VISITS)

    def refusals(self) -> Iterator[Fact]:
        requests, missing = self._evidence.requests, self._evidence.setup.missing_remedies
        grounds = Counter(_first_values(self._evidence.report.figure(FigureName.REFUSALS)))
        yield Fact("refused_parts", self._breakdown("ground", grounds.items()), Source.REPORT)
        yield _look("without_ground", requests.refused_without_ground, Source.REQUESTS)
        for name in ("complaint", "lawsuit"):
            is_missing = name in missing
            said = self._said("missing" if is_missing else "named")
            yield Fact(f"remedy_{name}", said, Source.SETUP, stands_out=is_missing)
        yield Fact("objections", str(requests.objections), Source.REQUESTS)

    def response(self) -> Iterator[Fact]:
        report = self._evidence.report
        overdue = _first_values(report.figure(FigureName.BACKLOG)).get(OVERDUE, 0)
        tasks = _values(report.figure(FigureName.TASKS))
        yield self._punctuality("on_time", report.figure(FigureName.ON_TIME))
        yield Fact("median_days", _days(report.median_days), Source.REPORT)
        yield Fact("longest_days", _days(report.longest_days), Source.REPORT)
        yield _look("overdue", overdue, Source.REPORT)
        yield Fact("extended", str(self._evidence.requests.extended), Source.REQUESTS)
        yield self._punctuality("closings", report.figure(FigureName.CLOSINGS))
        yield _look("tasks_overdue", tasks["overdue"], Source.REPORT)

    def deletion(self) -> Iterator[Fact]:
        evidence, runs = self._evidence, self._evidence.retention_runs
        requests = evidence.requests
        kinds = {kind: n for kind, n in requests.kinds.items() if kind in DESTRUCTIVE}
        last = runs[-1].entry.at if runs else None
        due = evidence.overdue
        waiting = len(due.requests) + due.erased + due.conversations
        is_late = last is None or evidence.made_at - last > _RUN_IS_LATE_AFTER
        yield Fact("deletions", self._breakdown("kind", kinds.items()), Source.REQUESTS)
        yield Fact("deletions_closed", self._outcomes(requests.deletions), Source.REQUESTS)
        yield Fact("retention_days", str(evidence.setup.retention_days), Source.SETUP)
        yield Fact("retention_runs", str(len(runs)), Source.AUDIT, stands_out=not runs)
        yield Fact("last_run", self._words.timestamp(last) or "–", Source.AUDIT)
        yield Fact("purged", str(_sum(runs, "requests")), Source.AUDIT)
        yield _look("purge_failed", _sum(runs, "failed"), Source.AUDIT)
        yield Fact("purge_due", str(waiting), Source.DRY_RUN, stands_out=waiting > 0 and is_late)
        yield Fact("on_hold", str(len(due.held) + len(due.objected)), Source.DRY_RUN)

    def minors(self) -> Iterator[Fact]:
        audit = self._evidence.minors
        bands = dict.fromkeys(AgeBand, 0)
        for (_, band), count in audit.kinds.items():
            bands[band] += count
        late = sum(count for (name, _), count in audit.punctuality.items() if name == "late")
        acts = Counter(one.act for one in audit.accesses)
        allowed = sum(one.was_allowed for one in audit.accesses)
        guardians = self._evidence.requests.kinds.get(RequestKind.GUARDIAN, 0)
        yield Fact("minors", self._breakdown("pack.minors.band", bands.items()), Source.MINORS)
        yield Fact("guardians", str(guardians), Source.REQUESTS)
        yield _look("minors_late", late, Source.MINORS)
        yield Fact("minors_opened", self._of(allowed, acts[FileAct.OPENED]), Source.MINORS)
        yield Fact("minors_allowed", str(acts[FileAct.ALLOWED]), Source.MINORS)
        yield Fact("minors_refused", str(acts[FileAct.REFUSED]), Source.MINORS)

    def records(self) -> Iterator[Fact]:
        evidence, chain = self._evidence, self._evidence.chain
        receipts = evidence.receipts
        notices = evidence.report.figure(FigureName.INCIDENTS)
        two_persons = sorted(evidence.setup.two_person_kinds)
        yield Fact("audit_entries", str(chain.head.entries), Source.AUDIT_CHECK)
        yield self._check("audit_check", chain.fault is None, Source.AUDIT_CHECK)
        yield Fact("receipts", str(sum(log.size for log in receipts.logs)), Source.RECEIPTS)
        yield self._check("receipts_check", not receipts.faults, Source.RECEIPTS)
        yield _look("changed_rows", evidence.changed_rows, Source.INTEGRITY)
        yield Fact("two_persons", self._kinds(two_persons) or "–", Source.SETUP)
        yield Fact("exports", str(evidence.exports), Source.AUDIT)
        yield Fact("notices", str(len(notices.lines)), Source.RECIPIENTS)
        yield _look("notices_unreached", _values(notices)["unreached"], Source.RECIPIENTS)
        yield _look("alarms", evidence.unseen_alarms, Source.ALARMS)

    # -- values in words -------------------------------------------------------------------

    def _said(self, name: str) -> str:
        return self._words.text(f"pack.self_check.{name}")

    def _of(self, count: int, total: int) -> str:
        return self._words.text("web.report.count_of", count=count, total=total) if total else "–"

    def _share(self, figure: Figure) -> str:
        return self._of(*(figure.share_counts(figure.totals) or (0, 0)))

    def _punctuality(self, name: str, figure: Figure) -> Fact:
        is_late = _values(figure)["late"] > 0
        return Fact(name, self._share(figure), Source.REPORT, stands_out=is_late)

    def _check(self, name: str, is_sound: bool, source: Source) -> Fact:
        value = self._said("sound" if is_sound else "faulty")
        return Fact(name, value, source, stands_out=not is_sound)

    def _kinds(self, kinds: Iterable[RequestKind]) -> str:
        return self._words.join(self._words.term("kind", kind.value) for kind in kinds)

    def _breakdown(self, family: str, counts: Iterable[tuple[str, int]]) -> str:
        """Return a total with its parts, such as "5 (access: 3; deletion: 2)"."""
        parts = ((self._words.term(family, name), count) for name, count in counts)
        return self._listed(parts)

    def _outcomes(self, outcomes: Mapping[Outcome, int]) -> str:
        return self._listed(
            (outcome_name(self._words, one.value), count) for one, count in outcomes.items()
        )

    def _listed(self, parts: Iterable[tuple[str, int]]) -> str:
        counted = [(name, count) for name, count in parts if count]
        if not counted:
            return "0"
        text = self._words.text
        named = (text("web.console.pair", name=name, value=str(count)) for name, count in counted)
        total = sum(count for _, count in counted)
        return text("pack.self_check.total", total=str(total), parts=self._words.join(named))


def _look(name: str, count: int, source: Source) -> Fact:
    """Return a count that should be 0, and stands out if it isn't."""
    return Fact(name, str(count), source, stands_out=count > 0)


def _values(figure: Figure) -> dict[str, int]:
    """Return the totals of a figure by column."""
    return dict(zip(figure.columns, figure.totals, strict=True))


def _first_values(figure: Figure) -> dict[str, int]:
    """Return the value of each line in the first column, by label."""
    return {line.label: line.values[0] for line in figure.lines}


def _sum(runs: Iterable[SealedEntry], name: str) -> int:
    """Return the sum of a number that retention runs recorded."""
    return sum(int(one.entry.detail.get(name, 0)) for one in runs)


def _days(days: float | None) -> str:
    return "–" if days is None else f"{days:g}"
