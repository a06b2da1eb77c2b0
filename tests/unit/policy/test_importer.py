from __future__ import annotations

import codecs
from datetime import UTC, date, datetime

import pytest
from tests.unit.policy.samples import (
    ENGLISH,
    MARKDOWN,
    TRADITIONAL,
    TWO_DOCUMENTS,
    assert_covers,
    by_anchor,
)

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.policy.documents import DocumentKey
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.notes import ImportReport, NoteCode
from privacydesk.policy.tree import PassageKind


def read(text: str) -> ImportReport:
    return read_policy(text, name="sample")


def codes(report: ImportReport) -> list[tuple[int, NoteCode]]:
    return [(note.line, note.code) for note in report.notes]


def line_of(text: str, line: str, *, nth: int = 1) -> int:
    return [n for n, each in enumerate(text.split("\n"), start=1) if each.strip() == line][nth - 1]


@pytest.mark.parametrize("text", [TWO_DOCUMENTS, ENGLISH, MARKDOWN, TRADITIONAL])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_belongs_to_one_passage_or_is_reported(text: str, end: str) -> None:
    assert_covers(read(text.replace("\n", end)))


def test_two_documents_in_one_file_are_told_apart() -> None:
    privacy, children = read(TWO_DOCUMENTS).documents
    assert (privacy.key, privacy.title) == ("privacy", "青鸟隐私政策")
    assert (children.key, children.title) == ("children", "青鸟儿童保护声明")
    assert [article.label for article in privacy.articles] == ["第一条", "第二条", "第三条"]
    assert [section.label for section in children.sections] == ["一、", "二、", "3、", "四、"]


def test_a_second_document_may_be_called_rules() -> None:
    rules = TWO_DOCUMENTS.replace("青鸟儿童保护声明", "青鸟儿童个人信息保护规则")
    privacy, children = read(rules).documents
    assert (privacy.key, children.key) == ("privacy", "children")
    assert children.title == "青鸟儿童个人信息保护规则"


def test_dates_at_the_head_are_read() -> None:
    privacy, children = read(TWO_DOCUMENTS).documents
    assert [d.day for d in privacy.dates] == [date(2020, 1, 2), date(2021, 3, 4)]
    assert [d.label for d in children.dates] == ["发布日期"]


def test_a_day_no_calendar_has_is_kept_as_written() -> None:
    (found,) = read(TRADITIONAL).documents[0].dates
    assert (found.written, found.day) == ("2023年2月30日", None)


def test_contents_are_not_taken_for_headings() -> None:
    report = read(TWO_DOCUMENTS)
    listed = [p.text for p in by_anchor(report).values() if p.kind is PassageKind.CONTENTS]
    assert listed[0] == "您会读到："
    assert listed[1] == "第一条 收集"
    assert "内容如下" in listed
    assert len(listed) == 9
    assert by_anchor(report)["privacy:art1"].label == "第一条"
    assert by_anchor(report)["privacy:art1"].title == "收集"


def test_equal_lists_in_two_sections_are_no_contents() -> None:
    text = "第一条 甲\n（一）子\n1.相机\n2.相册\n（二）丑\n1.相机\n2.相册\n"
    anchors = by_anchor(read(text))
    assert "doc1:art1.sec1.item2" in anchors
    assert "doc1:art1.sec2.item2" in anchors


def test_a_number_used_twice_gets_a_suffix_and_a_note() -> None:
    report = read(TWO_DOCUMENTS)
    anchors = by_anchor(report)
    assert anchors["privacy:art1.part1.sec2"].title == "发帖"
    assert anchors["privacy:art1.part1.sec2~2"].title == "缓存"
    assert anchors["privacy:art1.part1.sec2~2.p1"].text == "图片会缓存。"
    assert (line_of(TWO_DOCUMENTS, "（二）缓存"), NoteCode.DUPLICATE_NUMBER) in codes(report)


def test_a_wrongly_written_number_continues_the_headings() -> None:
    report = read(TWO_DOCUMENTS)
    anchors = by_anchor(report)
    assert anchors["privacy:art1.part2.sec2"].text.startswith("（2）乙系统权限")
    assert anchors["privacy:art1.part2.sec2.item1.p1"].text == "用途：选图"
    assert anchors["children:sec3"].label == "3、"
    assert anchors["children:sec3.item2"].text == "2、小的改变。"
    slips = [line for line, code in codes(report) if code is NoteCode.STYLE_SLIP]
    assert slips == [
        line_of(TWO_DOCUMENTS, "（2）乙系统权限"),
        line_of(TWO_DOCUMENTS, "3、变更"),
    ]


def test_a_number_alone_on_a_line_is_reported_as_unplaced() -> None:
    report = read(TWO_DOCUMENTS)
    assert [note.line for note in report.unplaced] == [line_of(TWO_DOCUMENTS, "（3）")]
    closing = by_anchor(report)["privacy:art2.sec3"]
    assert closing.title == "注销帐号"


def test_lists_are_nested_and_restarted_as_they_read() -> None:
    anchors = by_anchor(read(TWO_DOCUMENTS))
    assert anchors["privacy:art1.item2"].text == "2、可选的。"
    assert anchors["privacy:art1.list2.item2"].text == "2、乙事。"
    assert anchors["privacy:art2.sec1.item2.b"].text == "b.点击撤回"
    assert anchors["children:sec1.item2.item1"].text == "（1）验证；"
    assert anchors["privacy:art2.sec3.item2"].text == "2.第二种情形。"


def test_text_after_a_nested_list_belongs_to_the_section() -> None:
    anchors = by_anchor(read(TWO_DOCUMENTS))
    assert anchors["privacy:art2.sec1.p1"].text == "备份里的旧数据会另行封存。"


def test_text_after_the_last_article_is_its_own() -> None:
    assert by_anchor(read(TWO_DOCUMENTS))["privacy:art3.p2"].text == "争议由双方商量。"


def test_an_english_policy_with_plain_numbers_is_read_in_sections() -> None:
    report = read(ENGLISH)
    anchors = by_anchor(report)
    (document,) = report.documents
    assert document.title == "Privacy Policy"
    assert [d.day for d in document.dates] == [date(2022, 11, 8), date(2022, 11, 9)]
    assert [s.title for s in document.sections] == ["What we keep", "What we do", "Contact"]
    assert anchors["privacy:sec1.sub1.item2"].text == "2. a picture"
    assert anchors["privacy:sec1.sub2.b"].text == "(b) its system;"
    assert anchors["privacy:sec2.point2.point1"].text == "- in trees"
    assert anchors["privacy:p1"].text.count("\n") == 1
    assert codes(report) == [(line_of(ENGLISH, "4. Contact"), NoteCode.NUMBERING_GAP)]


def test_markdown_headings_lists_and_tables_are_read() -> None:
    report = read(MARKDOWN)
    anchors = by_anchor(report)
    assert [document.key for document in report.documents] == ["privacy", "children"]
    assert report.documents[0].dates[0].day == date(2024, 1, 2)
    assert anchors["privacy:sec1.sub1"].title == "帐号"
    assert anchors["privacy:sec1.sub1.point2.p1"].text == "头像可以不填。"
    assert anchors["privacy:sec1.sub1.list2.item2"].text == "1. 乙"
    assert anchors["privacy:sec1.head1.p1"].text.count("\n") == 2
    assert anchors["privacy:toc1"].text == "- [1. 收集](#1)"
    assert codes(report) == [(line_of(MARKDOWN, "---"), NoteCode.UNPLACED_LINE)]


def test_traditional_characters_and_mixed_lists_are_read() -> None:
    report = read(TRADITIONAL)
    anchors = by_anchor(report)
    assert anchors["privacy:art2.item3.item2"].text == "②丑"
    assert anchors["privacy:art2.p1"].text.startswith("第一條的規定")
    assert [code for _, code in codes(report)] == [NoteCode.STYLE_SLIP, NoteCode.NUMBERING_GAP]


def test_english_articles_and_sections_are_read() -> None:
    text = (
        "Children's Privacy Statement\n\nArticle 1 — Scope\nAll of it.\nSection 1: Who\n1) birds\n"
        "2) friends\nArticle II\nSection 2 of this says nothing.\n"
    )
    anchors = by_anchor(read(text))
    assert anchors["children:art1.sec1.item2"].text == "2) friends"
    assert anchors["children:art2.p1"].text == "Section 2 of this says nothing."


def test_articles_that_are_sentences_have_no_title() -> None:
    text = (
        "青鸟规则\n第一章 总则\n第一条 为了说明用法，写下这些。\n第二章 用法\n第二条 飞行\n飞。\n"
    )
    anchors = by_anchor(read(text))
    assert anchors["doc1:art1"].title == ""
    assert anchors["doc1:art1"].head == "第一条 为了说明用法，写下这些。"
    assert anchors["doc1:art2"].title == "飞行"
    assert anchors["doc1:chap2"].kind is PassageKind.PART


def test_numbers_ahead_of_listed_headings_are_a_list() -> None:
    listed = "Bluebird\n\nContents\n1. Keep\n2. Do\n\n"
    text = f"{listed}We promise\n1. to fly\n2. to nest\n\n1. Keep\nKept.\n2. Do\nDone.\n"
    anchors = by_anchor(read(text))
    assert anchors["doc1:item2"].text == "2. to nest"
    assert anchors["doc1:sec2.p1"].text == "Done."


def test_a_title_by_other_words_gets_its_order_as_key() -> None:
    assert read("青鸟须知\n第一条 甲\n").documents[0].key == "doc1"


def test_an_operator_may_name_its_documents_by_title() -> None:
    keys = (DocumentKey("bird", "青鸟须"),)
    report = read_policy("青鸟须知\n第一条 甲\n", name="sample", keys=keys)
    assert report.documents[0].articles[0].anchor == "bird:art1"


def test_a_file_without_numbers_is_kept_as_paragraphs_and_says_so() -> None:
    report = read("青鸟不收集任何信息。\n请放心使用。\n")
    (document,) = report.documents
    assert [p.text for p in document.root.children] == ["青鸟不收集任何信息。", "请放心使用。"]
    assert codes(report) == [(1, NoteCode.NO_NUMBERING)]


def test_a_version_carries_what_was_read() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    report = read(TWO_DOCUMENTS)
    version = report.version(now)
    assert (version.name, version.source, version.imported_at) == ("sample", TWO_DOCUMENTS, now)
    assert version.digest == report.digest


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("第一条 甲".encode(), "UTF-8"),
        (codecs.BOM_UTF8 + "第一条 甲".encode(), "UTF-8"),
        (codecs.BOM_UTF16_LE + "第一条 甲".encode("utf-16-le"), "UTF-16"),
        (codecs.BOM_UTF16_BE + "第一条 甲".encode("utf-16-be"), "UTF-16"),
        ("第一条 甲".encode("gb18030"), "GB18030"),
    ],
)
def test_usual_encodings_are_recognised(data: bytes, encoding: str) -> None:
    decoded = decode_policy(data)
    assert (decoded.text, decoded.encoding) == ("第一条 甲", encoding)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\xff\xfe\x00",
        b"\xff\x01\x02",
        bytes([0x81]),
        b"\x05\xb0\xa1",
        b"x" * (5 * 1024 * 1024 + 1),
    ],
)
def test_files_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(DeskError) as caught:
        decode_policy(data)
    assert caught.value.code is ErrorCode.POLICY_UNREADABLE


@pytest.mark.parametrize(
    "text", ["", " \n\ufeff\n", "---\n。\n", "甲\x00乙", "\ud800", "字" * 2_000_000]
)
def test_texts_that_hold_no_policy_are_refused(text: str) -> None:
    with pytest.raises(DeskError) as caught:
        read(text)
    assert caught.value.code is ErrorCode.POLICY_UNREADABLE


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"PK\x03\x04\x14\x00", "a Word document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Word document"),
        (b"{\\rtf1\\ansi", "rich text"),
        ("\n<!DOCTYPE html>\n<p>第一条 甲</p>".encode(), "a web page"),
        (codecs.BOM_UTF16_LE + "<HTML lang=zh>".encode("utf-16-le"), "a web page"),
        ('<?xml version="1.0"?><!-- 甲 --><html>'.encode("gb18030"), "a web page"),
        ("第一条 甲".encode("utf-32"), "UTF-32"),
    ],
)
def test_a_file_of_another_format_is_refused_by_its_name(data: bytes, what: str) -> None:
    with pytest.raises(DeskError, match=what) as caught:
        decode_policy(data)
    assert caught.value.code is ErrorCode.POLICY_UNREADABLE
    assert "save" in caught.value.message


def test_a_policy_may_speak_of_markup() -> None:
    assert decode_policy("第一条 我们的 <html> 页面".encode()).encoding == "UTF-8"


def test_formal_numbers_head_the_main_sections_of_a_taiwanese_policy() -> None:
    text = (
        "青鳥隱私權政策\n壹、蒐集\n一、註冊\n信箱與暱稱。\n（一）暱稱\n隨意取名。\n"
        "貳、利用\n不出售。\n拾壹、聯絡\n請來信。\n"
    )
    report = read(text)
    assert_covers(report)
    anchors = by_anchor(report)
    assert anchors["privacy:part1.sec1.sub1"].title == "暱稱"
    assert anchors["privacy:part2"].title == "利用"
    assert anchors["privacy:part11"].label == "拾壹、"


def test_underlined_titles_are_headings() -> None:
    report = read("青鸟隐私政策\n====\n\n收集\n----\n只有昵称。\n\n分享\n----\n没有。\n")
    assert_covers(report)
    assert report.documents[0].title == "青鸟隐私政策"
    assert [
        p.title for p in by_anchor(report).values() if p.anchor.endswith(("head1", "head2"))
    ] == [
        "收集",
        "分享",
    ]


@pytest.mark.parametrize("line", ["我们不卖您的信息。\n---", "收集\n\n---", "- 甲\n--"])
def test_a_rule_between_paragraphs_underlines_nothing(line: str) -> None:
    anchors = by_anchor(read(f"第一条 甲\n{line}\n完。\n"))
    assert not any("head" in anchor for anchor in anchors)
