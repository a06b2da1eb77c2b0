from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.common.policies import sample_policy

from privacydesk.policy.chunks import MAX_CHUNK_LENGTH, Chunk, split_into_chunks
from privacydesk.policy.importer import read_policy


def pieces(text: str) -> tuple[Chunk, ...]:
    return split_into_chunks(read_policy(text, name="a").version(datetime(2026, 1, 2, tzinfo=UTC)))


def test_a_short_section_stays_in_one_piece_with_its_heading() -> None:
    found = [
        piece for piece in split_into_chunks(sample_policy()) if piece.section == "（三）注销帐号"
    ]
    assert [piece.text.splitlines()[0] for piece in found] == ["（三）注销帐号"]


def test_titles_and_contents_are_no_pieces() -> None:
    said = "\n".join(piece.text for piece in split_into_chunks(sample_policy()))
    assert "# 小巷" not in said


def test_the_dates_at_the_head_are_a_piece_of_their_own() -> None:
    found = pieces(
        "隐私政策\n发布日期：2020年1月2日\n生效日期：2021年3月4日\n"
        "我们很重视您的隐私。\n第一条 收集\n我们只收集昵称。\n"
    )
    assert [piece.text for piece in found] == [
        "发布日期：2020年1月2日\n生效日期：2021年3月4日",
        "我们很重视您的隐私。",
        "我们只收集昵称。",
    ]


def test_every_word_below_a_heading_is_in_a_piece() -> None:
    version = sample_policy()
    said = "".join("".join(piece.text.split()) for piece in split_into_chunks(version))
    for passage in version.passages():
        if not passage.children and passage.anchor.startswith("privacy:art"):
            assert "".join(passage.text.split()) in said


def test_a_long_list_is_cut_between_items_and_keeps_what_leads_it_in() -> None:
    items = "\n\n".join(f"{n}.{'很长的一条情形' * 10}。" for n in range(1, 9))
    found = pieces(f"# 隐私政策\n\n第一条【情形】\n\n下列情形除外：\n\n{items}\n")
    assert found[0].text.startswith("下列情形除外：")
    assert len(found) > 1
    assert all(len(piece.text) <= MAX_CHUNK_LENGTH for piece in found)
    assert all(piece.article == "第一条 情形" for piece in found)


def test_a_heading_that_is_a_sentence_is_told_with_what_it_leads_in() -> None:
    text = (
        "青鸟政策\n发布日期：2025年1月1日\n\n第一条 共享\n"
        "一、共享。我们不出售您的信息，下列情形除外：\n1. 您单独同意的；\n2. 法律要求的。\n"
        "二、转让。公司合并时我们会先告诉您，并且：\n（一）先问您\n我们会先问您是否同意。\n"
    )
    told = [piece.text for piece in pieces(text)]
    assert told[1:] == [
        "一、共享。我们不出售您的信息，下列情形除外：\n1. 您单独同意的；\n2. 法律要求的。",
        "二、转让。公司合并时我们会先告诉您，并且：",
        "（一）先问您\n我们会先问您是否同意。",
    ]


def test_a_paragraph_without_end_is_cut_where_sentences_end() -> None:
    found = pieces(f"# 隐私政策\n\n第一条【长】\n\n{'这是一个句子，写得不短。' * 200}\n")
    assert len(found) > 1
    assert all(piece.text.endswith("。") for piece in found)
    assert all(len(piece.text) <= MAX_CHUNK_LENGTH for piece in found)


@pytest.mark.parametrize(
    "text", ["没有编号的一段话，也算一份政策。", "Article 1 Data\n\nWe keep it.\n"]
)
def test_any_policy_has_pieces(text: str) -> None:
    assert pieces(text)
