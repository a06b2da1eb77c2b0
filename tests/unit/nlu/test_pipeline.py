"""A message is read once, into one value; whatever it holds."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import MENTIONABLE, Modality, Question, ReadingResult
from privacydesk.nlu.pipeline import Pipeline

TODAY = date(2026, 11, 29)
_PIPELINE = Pipeline.load()
_PIECES = st.sampled_from(
    ("把", "动态", "删了", "照片留着", "去年的", "delete", " my photos", " but keep", "13800138000",
     "，", "\n", "😀", "嘅", "a@b.cn", "2024年1月", "我儿子12岁", "？", "\u200b")
)  # fmt: skip


def _read(text: str) -> ReadingResult:
    return _PIPELINE.parse(text, TODAY)


@given(st.one_of(st.text(st.characters(codec=None)), st.lists(_PIECES, max_size=30).map("".join)))
def test_whatever_is_written_is_read_and_the_same_each_time(text: str) -> None:
    read = _read(text)
    assert read == _read(text)
    assert 0 <= read.confidence <= 1
    for request in read.reading.requests:
        for mention in (*request.include, *request.exclude):
            assert mention.value in MENTIONABLE[mention.kind]
            assert mention.qualifier in text
            assert not (mention.since and mention.until) or mention.since <= mention.until
    for question in read.reading.questions:
        assert question in text


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u200b", "\ud800"])
def test_what_has_no_words_asks_for_nothing(text: str) -> None:
    read = _read(text)
    assert read.reading.requests == ()
    assert read.confidence == 0


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("我要注销账号", Intent.DEREGISTRATION),
        ("please unlink my WeChat login", Intent.UNBINDING),
        ("幫我將啲相全部刪咗佢", Intent.DELETION),
        ("把我的个人数据导出一份给我", Intent.ACCESS),
    ],
)
def test_plain_wishes_are_wished(text: str, intent: Intent) -> None:
    read = _read(text)
    assert read.intent is intent
    assert [(one.intent, one.modality) for one in read.reading.requests] == [
        (intent, Modality.WISHED)
    ]


def test_what_is_not_read_whole_is_not_sure() -> None:
    read = _read("把我的动态全部删掉，" + "说来话长，" * 800)
    assert read.reading.requests
    assert not any(one.sure for one in read.reading.requests)


def test_what_is_asked_for_behind_a_long_story_is_read() -> None:
    story = "上个月同事借了我的手机，发了一堆东西，我当时没在意，后来朋友问我才发现。"
    read = _read(story * 50 + "请把我的照片全部删掉。")
    assert read.intent is Intent.DELETION
    assert Intent.DELETION in [one.intent for one in read.reading.requests]
    assert not any(one.sure for one in read.reading.requests)


@pytest.mark.parametrize("number", ["PD-38KG-69X2-3KM", "PD-DG37-2374-J4W", "pd 7kq4 m29x 3hd"])
@pytest.mark.parametrize("text", ["where is my request {}", "{} 到哪了", "how far is {}"])
def test_a_tickets_number_is_its_request_whatever_its_signs(text: str, number: str) -> None:
    (request,) = _read(text.format(number)).reading.requests
    assert request.intent is Intent.REQUEST_STATUS


def test_a_number_alone_asks_for_nothing() -> None:
    read = _read(" PD-1111-1111-111 ")
    assert (read.intent, read.reading.requests) == (Intent.REQUEST_STATUS, ())
    assert read.confidence <= 0.5


@pytest.mark.parametrize(
    ("text", "subject", "since", "until"),
    [
        ("not all of it, only the ones from last year", "delete my posts: ", 2025, 2025),
        ("只要2023年的 别的都留着", "删除我的动态：", 2023, 2023),
        ("淨係2024年之前嗰啲", "刪除我的動態：", None, 2023),
    ],
)
def test_what_only_narrows_is_understood_behind_its_request(
    text: str, subject: str, since: int | None, until: int | None
) -> None:
    asked = Question("Delete these?\nYes, delete them\nNo, keep them", "posts", subject)
    read = _PIPELINE.parse(text, TODAY, asked)
    assert read.fragment is not None
    (posts,) = read.fragment.include
    assert posts.value == "posts"
    assert (posts.since and posts.since.year, posts.until and posts.until.year) == (since, until)
    assert not [one for one in read.reading.requests if one.intent is Intent.DELETION]


def test_a_reply_that_names_its_data_is_understood_by_itself() -> None:
    asked = Question("Delete these?\nYes, delete them\nNo, keep them", "posts", "delete my posts: ")
    read = _PIPELINE.parse("only the photos from last year", TODAY, asked)
    told = (*read.reading.requests, *((read.fragment,) if read.fragment else ()))
    assert {mention.value for one in told for mention in one.include} == {"photos"}


def test_what_goes_only_between_two_periods_that_stay_is_not_sure() -> None:
    (asked,) = _read("唔該幫我刪晒上年12月之前啲語音房錄音，今年嗰啲留返").reading.requests
    ends = {(bool(one.since), bool(one.until)) for one in asked.exclude}
    assert not asked.sure or not {(True, False), (False, True)} <= ends


@pytest.mark.parametrize("text", ["好", " 对的", "不", "482913", "R-0123-4567-89", "", "删了吧"])
def test_what_a_reply_does_is_told_without_its_reading(text: str) -> None:
    for question in (Question(), Question("确认删除吗？\n确认\n取消", "照片")):
        assert _PIPELINE.reply_acts(text, question) == (
            _PIPELINE.parse(text, TODAY, question).reply_acts
        )


@pytest.mark.parametrize("text", ["删掉我去年的聊天记录", "清空我去年的聊天记录"])
def test_a_period_is_seen_where_pieces_would_join_it_with_the_word_before(text: str) -> None:
    (request,) = _read(text).reading.requests
    (chats,) = request.include
    assert (chats.since, chats.until) == (date(2025, 1, 1), date(2025, 12, 31))


def test_what_a_time_right_before_it_should_limit_is_not_sure() -> None:
    # 国庆 may or may not be understood; without it, all chats would go.
    (request,) = _read("删掉我国庆的聊天记录").reading.requests
    assert request.include[0].is_narrowed or not request.sure


@pytest.mark.parametrize(
    ("text", "goes", "stays"),
    [
        ("2025年以前的都删", [(None, date(2024, 12, 31))], []),
        ("把上个月的都删了吧", [(date(2026, 10, 1), date(2026, 10, 31))], []),
        ("就今年的留着，别的都不要了", [(None, None)], [(date(2026, 1, 1), None)]),
        (
            "2021的删，2022的留",
            [(date(2021, 1, 1), date(2021, 12, 31))],
            [(date(2022, 1, 1), date(2022, 12, 31))],
        ),
    ],
)
def test_a_limit_counts_where_nothing_is_named(
    text: str,
    goes: list[tuple[date | None, date | None]],
    stays: list[tuple[date | None, date | None]],
) -> None:
    (request,) = _read(text).reading.requests
    assert {one.value for one in (*request.include, *request.exclude)} == {"all"}
    assert [(one.since, one.until) for one in request.include] == goes
    assert [(one.since, one.until) for one in request.exclude] == stays


def test_where_all_but_a_limit_goes_of_what_nobody_named_it_is_not_sure() -> None:
    (request,) = _read("keep this year's, bin the rest").reading.requests
    assert request.exclude
    assert not request.sure


def test_a_limit_of_what_shall_not_be_deleted_is_what_stays() -> None:
    (request,) = _read("去年嘅唔好刪").reading.requests
    assert request.modality is Modality.DENIED
    assert [(one.value, one.since, one.until) for one in request.include] == [
        ("all", date(2025, 1, 1), date(2025, 12, 31))
    ]
    assert not request.exclude


@pytest.mark.parametrize("text", ["今年的不删吧？", "就今年的留着，别的都不要了"])
def test_a_reply_that_names_nothing_limits_the_open_request(text: str) -> None:
    asked = Question("确认删除吗？\n确认删除\n先不删", "动态", "我要删除动态，")
    read = _PIPELINE.parse(text, TODAY, asked)
    assert read.fragment is not None
    assert not [one for one in read.fragment.include if one.is_narrowed]
    assert [(one.value, one.since) for one in read.fragment.exclude] == [
        ("posts", date(2026, 1, 1))
    ]
