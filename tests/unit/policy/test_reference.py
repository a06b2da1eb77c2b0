"""The importer on an operator's real policy, where one is at hand; none is kept here."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.policy.samples import assert_covers

from privacydesk.policy.anchors import resolve
from privacydesk.policy.clauses import CLAUSE_NAMES
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.notes import ImportReport, NoteCode

ROOT = Path(__file__).resolve().parents[3]

# Each clause's anchor, and the label its passage must bear.
ANCHORS = {
    "automated_decision": ("privacy:art7.sec4", "（四）"),
    "backups": ("privacy:art7.sec2.p1", ""),
    "children_access": ("children:sec4.sub1", "（一）"),
    "children_correct": ("children:sec4.sub2", "（二）"),
    "children_delete": ("children:sec4.sub3", "（三）"),
    "children_guardian": ("children:sec1.item2", "2."),
    "closing": ("privacy:art7.sec3", "（三）"),
    "complaint": ("privacy:art7.sec5", "（五）"),
    "contact": ("privacy:art9", "第九条"),
    "desk_records": ("privacy:art1.part2.sec8", "（八）"),
    "device_permissions": ("privacy:art1.part3", "三、"),
    "minors": ("privacy:art6", "第六条"),
    "no_proof_no_response": ("privacy:art7.sec6.p1", ""),
    "refusal_grounds": ("privacy:art7.sec6", "（六）"),
    "self_service_profile": ("privacy:art7.sec2.item1", "1."),
    "unbinding": ("privacy:art1.part4.sec1", "（一）"),
    "withdrawal": ("privacy:art7.sec1", "（一）"),
}


@pytest.fixture(scope="module")
def report() -> ImportReport:
    named = os.environ.get("PRIVACYDESK_REFERENCE_POLICY")
    found = [Path(named)] if named else sorted((ROOT.parent / "shared" / "reference").glob("*.txt"))
    if not found or not found[0].is_file():
        pytest.skip("no reference policy: set PRIVACYDESK_REFERENCE_POLICY to a file")
    return read_policy(decode_policy(found[0].read_bytes()).text, name="reference")


def test_both_documents_are_found_with_their_articles_and_sections(report: ImportReport) -> None:
    privacy, children = report.documents
    assert (privacy.key, children.key) == ("privacy", "children")
    assert [article.number for article in privacy.articles] == list(range(1, 10))
    assert [section.number for section in children.sections] == list(range(1, 7))
    assert [len(document.dates) for document in report.documents] == [3, 3]


def test_every_line_is_covered_once_or_reported(report: ImportReport) -> None:
    assert_covers(report)


def test_each_clause_stands_where_the_profile_says(report: ImportReport) -> None:
    version = report.version(datetime(2026, 1, 2, tzinfo=UTC))
    assert set(ANCHORS) == set(CLAUSE_NAMES)
    for anchor, label in ANCHORS.values():
        assert resolve(version, anchor).label == label


def test_there_are_seven_grounds_for_refusing(report: ImportReport) -> None:
    version = report.version(datetime(2026, 1, 2, tzinfo=UTC))
    for number in range(1, 8):
        assert resolve(version, f"privacy:art7.sec6.item{number}").number == number


def test_its_slips_are_noticed_and_nothing_else(report: ImportReport) -> None:
    assert [note.code for note in report.notes] == [
        NoteCode.DUPLICATE_NUMBER,
        NoteCode.STYLE_SLIP,
        NoteCode.UNPLACED_LINE,
        NoteCode.STYLE_SLIP,
    ]
