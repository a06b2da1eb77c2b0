from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.samples import (
    ENGLISH,
    MARKDOWN,
    TRADITIONAL,
    TWO_DOCUMENTS,
    assert_covers,
    by_anchor,
)

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.policy.importer import decode_policy, read_policy

LABELS = st.sampled_from(
    [
        "第一条",
        "第2條【",
        "第三部分",
        "第四章",
        "一、",
        "二.",
        "（一）",
        "（十）",
        "(2)",
        "（3）",
        "1.",
        "2、",
        "3)",
        "1.1",
        "2.1.1",
        "１．",
        "a.",
        "(b)",
        "①",
        "|",
        "---",
        ">",
        "**1.x**",
        "目录",
        "隐私政策",
        "更新日期：2020-01-01",
        "Article",
        "Section",
        "IX:",
        "\ufeff",
        "- ",
        "  - ",
        "    * ",
        "# ",
        "## ",
        "###### 1. ",
        "Article 4",
        "1.1 ",
        "\u3000",
        "\x85",
        "\x1c",
    ]
)
LINE = st.builds(
    "".join,
    st.lists(st.one_of(LABELS, st.sampled_from(["权利", "title", "说明。", ""])), max_size=3),
)
POLICY = st.lists(LINE, max_size=30).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r", "\n\n"]).map(lambda end: end.join(lines))
)
SLICE = st.builds(
    lambda text, a, b: text[min(a, b) : max(a, b)],
    st.sampled_from([TWO_DOCUMENTS, ENGLISH, MARKDOWN, TRADITIONAL]),
    st.integers(0, 900),
    st.integers(0, 900),
)


def check_unreadable(error: DeskError) -> None:
    assert error.code is ErrorCode.POLICY_UNREADABLE


@settings(max_examples=300)
@given(st.one_of(POLICY, SLICE, st.text()))
def test_any_text_is_read_whole_or_refused_as_unreadable(text: str) -> None:
    try:
        report = read_policy(text, name="any")
    except DeskError as error:
        check_unreadable(error)
        return
    assert_covers(report)
    passages = [p for document in report.documents for p in document.root.walk()]
    assert len(by_anchor(report)) == len(passages)


@settings(max_examples=100)
@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-16", "ignore"))))
def test_any_bytes_are_decoded_or_refused_as_unreadable(data: bytes) -> None:
    try:
        decode_policy(data)
    except DeskError as error:
        check_unreadable(error)
