from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.unit.policy.samples import ENGLISH, TWO_DOCUMENTS

from privacydesk.errors import NotFoundError
from privacydesk.policy.anchors import citation_of, resolve
from privacydesk.policy.clauses import CLAUSE_NAMES, Clause, ClauseMap, cite
from privacydesk.policy.importer import read_policy
from privacydesk.policy.tree import PolicyVersion


def version_of(text: str) -> PolicyVersion:
    return read_policy(text, name="sample").version(datetime(2026, 1, 2, tzinfo=UTC))


VERSION = version_of(TWO_DOCUMENTS)
CLAUSES = ClauseMap(
    {
        "closing": Clause("第二条（三）", "privacy:art2.sec3"),
        "complaint": Clause("第九条", "privacy:art9"),
        "contact": Clause("第三条"),
    }
)


def test_every_anchor_resolves_to_its_passage() -> None:
    for text in (TWO_DOCUMENTS, ENGLISH):
        version = version_of(text)
        for passage in version.passages():
            assert resolve(version, passage.anchor) == passage


def test_an_unknown_anchor_names_those_near_it() -> None:
    with pytest.raises(NotFoundError) as caught:
        resolve(VERSION, "privacy:art2.sec4")
    assert "privacy:art2.sec3" in caught.value.data["near"]


@pytest.mark.parametrize("anchor", ["", "privacy:", "x", "privacy:art1.", "privacy:art1.sec2~2"])
def test_half_an_anchor_is_unknown(anchor: str) -> None:
    with pytest.raises(NotFoundError):
        resolve(VERSION, anchor)


def test_a_citation_tells_where_the_text_stands() -> None:
    citation = citation_of(VERSION, "privacy:art2.sec3.item1")
    assert citation.reference == "第二条（三）1."
    assert citation.document == "青鸟隐私政策"
    assert citation.article == "第二条 您的选择"
    assert citation.section == "（三）注销帐号"
    assert citation.text == "1.第一种情形；"
    assert citation.anchor == "privacy:art2.sec3.item1"


def test_a_citation_without_articles_names_the_section() -> None:
    citation = citation_of(VERSION, "children:sec2.sub1")
    assert (citation.article, citation.section) == ("二、管理", "（一）访问")


def test_an_english_reference_is_set_apart() -> None:
    assert citation_of(version_of(ENGLISH), "privacy:sec1.sub2.a").reference == "1.2 (a)"


def test_an_imported_clause_is_quoted() -> None:
    citation = cite(CLAUSES, VERSION, "closing")
    assert citation.text.startswith("（三）注销帐号")
    assert citation.anchor == "privacy:art2.sec3"


@pytest.mark.parametrize(
    ("name", "version", "reference"),
    [
        ("closing", None, "第二条（三）"),
        ("complaint", VERSION, "第九条"),
        ("contact", VERSION, "第三条"),
    ],
)
def test_a_clause_that_was_not_imported_is_cited_by_number(
    name: str, version: PolicyVersion | None, reference: str
) -> None:
    citation = cite(CLAUSES, version, name)
    assert (citation.reference, citation.text, citation.anchor) == (reference, "", None)


def test_a_clause_that_the_profile_lacks_has_an_empty_citation() -> None:
    citation = cite(CLAUSES, VERSION, "backups", 2)
    assert (citation.reference, citation.document, citation.anchor) == ("", "", None)


def test_clauses_that_an_import_lost_are_listed() -> None:
    assert list(CLAUSES.missing(VERSION)) == ["complaint"]


def test_each_clause_the_desk_cites_says_what_it_is_about() -> None:
    assert len(CLAUSE_NAMES) == 17
    assert all(CLAUSE_NAMES.values())
