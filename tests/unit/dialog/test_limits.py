"""What narrows the kinds of data that a form is about."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from tests.unit.dialog.test_engine_guards import ME, NOW, advance, engine_of

from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog import limits
from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.effects import OpenTicket
from privacydesk.domain.identity import Assurance, Verification
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Mention, MentionKind
from privacydesk.domain.selection import Part, Selection, Span
from privacydesk.domain.turn import (
    ChoiceMessage,
    Observation,
    RecognisedIntent,
    ResultMessage,
    TextMessage,
    Turn,
)
from privacydesk.i18n.catalog import Catalogs

ENGINE = engine_of(dialog_files())
WORDS = Catalogs(locale_files())
LAST_WEEK = date(2026, 5, 25)
UNTIL_LAST_WEEK = Part("posts", only=(Span(until=date(2026, 5, 24)),))
PROVEN = Conversation(
    ConversationId(b"c" * 16), "e", NOW, version=5, account=ME, locale="zh_Hans",
    verifications=(Verification(ME, Assurance.ONE_TIME_CODE, NOW, "account_phone"),),
)  # fmt: skip


def say(conversation: Conversation, text: str, selection: Selection | None, **found: Any) -> Turn:
    if selection is not None:
        found["selection"] = (msgspec.json.encode(selection).decode(),)
    heard = Observation(
        recognised=RecognisedIntent(Intent.DELETION, 0.99), language="zh_Hans", entities=found
    )
    return counted(advance(ENGINE, conversation, TextMessage("j", text, observed=heard)))


def counted(turn: Turn) -> Turn:
    """Answer the form's question how much is stored, if it asks that."""
    after = turn.snapshot.conversation
    waiting = after.stack[-1].waiting if after.stack else None
    if waiting is None:
        return turn
    return advance(ENGINE, after, ResultMessage("result:1", waiting.ref, "export", "unavailable"))


def begin(selection: Selection) -> Turn:
    named = tuple(part.value for part in selection.parts)
    text = "动态就留最近一个礼拜的，剩下的删"
    return say(PROVEN, text, selection, category=named, wants=("yes",))


def asked(turn: Turn) -> str:
    """Return what is confirmed, up to the end of the sentence that names it."""
    event = next(one for one in reversed(turn.events) if one.key == "deletion.sure")
    return WORDS.text("zh_Hans", event.key, event.args).partition("。")[0]


def filed(turn: Turn) -> list[tuple[str, dict[str, Any]]]:
    after = turn.snapshot.conversation
    assert after.prompt is not None
    done = advance(ENGINE, after, ChoiceMessage("k", "yes", after.prompt.offset))
    (ticket,) = (one for one in done.effects if isinstance(one, OpenTicket))
    return [(item.name, dict(item.detail)) for item in ticket.items]


def test_a_confirmation_names_what_goes_and_what_stays() -> None:
    turn = begin(Selection((UNTIL_LAST_WEEK, Part("photos")), stays=("chat",)))
    assert asked(turn) == (
        "确认后会登记申请，删除：2026年5月24日及之前的动态和照片（全部）；"
        "保留：2026年5月25日起的动态和聊天记录（全部）"
    )
    assert filed(turn) == [("posts", {"only": [{"to": "2026-05-24"}]}), ("photos", {})]


def test_a_confirmation_in_english_says_what_is_to_be_kept() -> None:
    turn = begin(Selection((Part("photos", but=(Span(qualifier="with Mei"),)),), stays=("chat",)))
    event = next(one for one in turn.events if one.key == "deletion.sure")
    asked_for = WORDS.text("en", event.key, event.args).partition(".")[0]
    assert "photos (except “with Mei”); to be kept: " in asked_for


def test_what_was_not_understood_is_confirmed_and_filed_as_it_was_written() -> None:
    turn = begin(Selection((Part("posts"),), words="除了那个"))
    assert asked(turn) == "确认后会登记申请，删除：动态；范围以您的原话为准：“除了那个”"
    assert filed(turn) == [("posts", {"words": "除了那个"})]


def test_a_message_narrows_what_is_to_be_confirmed() -> None:
    turn = begin(Selection((Part("posts"), Part("photos"))))
    but = Selection((Part("photos", but=(Span(qualifier="自拍"),)),))
    narrowed = say(turn.snapshot.conversation, "自拍留着", but, category=("photos",))
    assert (
        asked(narrowed)
        == "确认后会登记申请，删除：动态（全部）和照片（自拍除外）；保留：照片（自拍）"
    )
    assert filed(narrowed) == [("posts", {}), ("photos", {"but": [{"qualifier": "自拍"}]})]


def test_what_some_of_everything_is_narrowed_by_is_of_each_kind() -> None:
    everything = Selection((Part("all"),))
    whole = say(PROVEN, "全部删掉", everything, wants=("yes",), phrase=("everything",))
    posts_stay = Selection.of(
        [Mention(MentionKind.CATEGORY, "all")],
        [Mention(MentionKind.CATEGORY, "posts", since=LAST_WEEK)],
        [kind.value for kind in DataCategory if kind is not DataCategory.BINDINGS],
    )
    narrowed = say(whole.snapshot.conversation, "最近一周的动态留着", posts_stay)
    assert asked(whole) == "确认后会登记申请，删除：全部"
    assert asked(narrowed).endswith("；保留：2026年5月25日起的动态")
    items = dict(filed(narrowed))
    assert items["posts"] == {"only": [{"to": "2026-05-24"}]}
    assert items["photos"] == {}
    assert "bindings" not in items


def test_what_is_named_as_a_whole_lifts_no_limit() -> None:
    before = Selection((UNTIL_LAST_WEEK,))
    named = Selection((Part("posts"), Part("photos")))
    assert limits.narrowed(before, named, adds=False) == before


def test_words_that_are_no_selection_narrow_all_alike() -> None:
    turn = say(
        PROVEN, "删去年的动态", None, wants=("yes",), category=("posts", "photos"), period=("去年",)
    )
    assert asked(turn) == "确认后会登记申请，删除：动态（去年）和照片（去年）"
    assert filed(turn)[0] == ("posts", {"only": [{"qualifier": "去年"}]})


def test_a_form_of_an_earlier_version_keeps_its_words() -> None:
    slots: dict[str, Any] = {"period": "头像"}
    profile, posts = limits.parts(slots, ["profile", "posts"])
    assert profile.only == posts.only == (Span(qualifier="头像"),)
    limits.keep(slots, Selection())
    assert slots == {}


def test_of_the_photos_the_avatar_alone_is_not_all_of_them() -> None:
    slots: dict[str, Any] = {}
    avatar = Part("photos", only=(Span(qualifier="头像"),))
    limits.keep(slots, Selection((avatar,)))
    assert limits.parts(slots, ["photos", "posts"]) == (avatar, Part("posts"))


def test_what_is_said_to_stay_is_kept_beside_what_narrows_a_form() -> None:
    slots: dict[str, Any] = {}
    limits.keep(slots, Selection((SINCE,), stays=("photos",)))
    limits.let_stay(slots, ["voice", "photos"])
    assert limits.held(slots) == Selection((SINCE,), stays=("photos", "voice"))
    assert [part.value for part in limits.staying(slots, ["posts", "voice"])] == ["posts", "photos"]


SINCE = Part("posts", only=(Span(since=LAST_WEEK),))
THIS_YEAR = Part("posts", only=(Span(since=date(2026, 1, 1)),))
EARLIER = Part("posts", only=(Span(date(2024, 1, 1), date(2024, 12, 31)),))
BUT_MEI = Part("posts", but=(Span(qualifier="with Mei"),))


@pytest.mark.parametrize(
    ("before", "new", "adds", "after"),
    [
        (Part("posts"), SINCE, False, (SINCE,)),
        (UNTIL_LAST_WEEK, SINCE, False, (SINCE,)),
        (UNTIL_LAST_WEEK, SINCE, True, (Part("posts"),)),
        (THIS_YEAR, SINCE, True, (THIS_YEAR,)),
        (SINCE, EARLIER, True, (Part("posts", EARLIER.only + SINCE.only),)),
        (UNTIL_LAST_WEEK, BUT_MEI, False, (Part("posts", UNTIL_LAST_WEEK.only, BUT_MEI.but),)),
        (Part("photos", SINCE.only), BUT_MEI, False, (Part("photos", SINCE.only), BUT_MEI)),
        (BUT_MEI, SINCE, False, (Part("posts", SINCE.only, BUT_MEI.but),)),
        (BUT_MEI, SINCE, True, (Part("posts", SINCE.only, BUT_MEI.but),)),
        (BUT_MEI, BUT_MEI, True, (BUT_MEI,)),
        (UNTIL_LAST_WEEK, Part("all", SINCE.only), False, (SINCE, Part("all", SINCE.only))),
        (
            BUT_MEI,
            Part("all", SINCE.only),
            False,
            (Part("posts", SINCE.only, BUT_MEI.but), Part("all", SINCE.only)),
        ),
    ],
)
def test_what_is_said_later_takes_the_place_of_what_was_said_of_the_same(
    before: Part, new: Part, adds: bool, after: tuple[Part, ...]
) -> None:
    assert limits.narrowed(Selection((before,)), Selection((new,)), adds=adds).parts == after


def test_what_is_said_of_one_kind_beside_all_kinds_is_its_own() -> None:
    told = Selection((SINCE, Part("all", EARLIER.only)))
    found = {one.value: one for one in limits.narrowed(Selection(), told, adds=False).parts}
    assert found == {"posts": SINCE, "all": Part("all", EARLIER.only)}


def test_what_goes_is_asked_where_only_what_stays_was_told() -> None:
    every = Part("photos", but=(Span(qualifier="自拍"),))
    turn = say(PROVEN, "自拍要留着", Selection((Part("posts"), every)), wants=("yes",))
    (form,) = turn.snapshot.conversation.stack
    assert "categories" not in form.slots
    assert turn.events[-1].key == "deletion.which"


def test_what_only_says_what_stays_keeps_the_days_that_go() -> None:
    may = Selection((Part("posts", only=(Span(date(2026, 5, 1), date(2026, 5, 31)),)),))
    but_one_day = Span(until=date(2026, 5, 19)), Span(since=date(2026, 5, 21))
    excepted = Selection((Part("posts", only=but_one_day),))
    (part,) = limits.narrowed(may, excepted, adds=False, excepts=True).parts
    assert part.only == (
        Span(date(2026, 5, 1), date(2026, 5, 19)),
        Span(date(2026, 5, 21), date(2026, 5, 31)),
    )
    assert limits.narrowed(may, excepted, adds=False).parts == excepted.parts
