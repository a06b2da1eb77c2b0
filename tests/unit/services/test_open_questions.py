"""What a conversation's open question asks is told in the words that the user sees."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.desk_choices import menu_choices, more_choices
from privacydesk.dialog.reader import read_flows
from privacydesk.domain.conversation import (
    Conversation,
    Frame,
    Owner,
    OwnerKind,
    Prompt,
    RequestDraft,
)
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import NO_QUESTION
from privacydesk.i18n.catalog import Catalogs
from privacydesk.services.open_questions import OpenQuestions

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FILES = {name: text for name, text in dialog_files().items() if "/stories/" not in name}
QUESTIONS = OpenQuestions(read_flows(FILES), Catalogs.load(locale_files()))


def _at(*frames: Frame, locale: str = "en") -> Conversation:
    return Conversation(
        id=ConversationId(b"c" * 16), epoch="e", created_at=NOW, locale=locale, stack=frames
    )


def test_the_question_is_told_with_its_buttons() -> None:
    asked = QUESTIONS.find(_at(Frame("unbinding", "sure", NOW, 1, {"provider": "wechat"})))
    question, yes, no = asked.text.splitlines()
    assert "disconnect" in question
    assert yes
    assert no
    assert "{" not in asked.text
    assert asked.before == "WeChat"


def test_what_the_forms_below_hold_was_told_before() -> None:
    form = Frame("deletion", "verify", NOW, 1, {"categories": ["photos", "posts"]})
    asked = QUESTIONS.find(_at(form, Frame("verify", "enter", NOW, 2), locale="zh_Hans"))
    assert "验证码" in asked.text
    assert "照片" in asked.before
    assert "动态" in asked.before


def test_where_nothing_is_asked_there_is_no_question() -> None:
    assert QUESTIONS.find(_at()) is NO_QUESTION
    assert QUESTIONS.find(_at(Frame("gone", "sure", NOW, 1))) is NO_QUESTION
    assert QUESTIONS.find(_at(Frame("deletion", "verify", NOW, 1))) is NO_QUESTION
    assert QUESTIONS.find(_at(Frame("deletion", "gone", NOW, 1))) is NO_QUESTION


def test_after_a_request_was_filed_it_is_what_was_told_before() -> None:
    filed = RequestDraft(Intent.DELETION, {"categories": ["photos"]})
    asked = QUESTIONS.find(replace(_at(locale="zh_Hans"), last_filed=filed))
    assert "还有别的" in asked.text
    assert asked.before.splitlines() == ["删除信息", "照片"]


def test_who_waits_for_a_person_is_asked_whether_they_leave() -> None:
    form = Frame("deletion", "sure", NOW, 1, {"categories": ["photos"]})
    queued = replace(_at(form), owner=Owner(OwnerKind.QUEUE))
    assert "queue" in QUESTIONS.find(queued).text
    # A question that is put while they wait is the open one.
    asked = replace(queued, prompt=Prompt(offset=3, serial=1))
    assert QUESTIONS.find(asked) == QUESTIONS.find(_at(form))


def test_a_request_with_a_scope_tells_how_it_would_be_asked_for() -> None:
    form = Frame("deletion", "sure", NOW, 1, {"categories": ["photos", "posts"]})
    assert QUESTIONS.find(_at(form)).subject == "delete my photos and posts: "
    assert QUESTIONS.find(_at(form, locale="zh_Hans")).subject == "删除我的照片和动态："
    assert not QUESTIONS.find(_at(Frame("unbinding", "sure", NOW, 1, {"provider": "qq"}))).subject


def test_who_was_asked_for_anything_else_is_asked_that() -> None:
    asked = replace(_at(), prompt=Prompt(offset=3, choices=more_choices()))
    assert "anything else" in QUESTIONS.find(asked).text
    menu = replace(_at(), prompt=Prompt(offset=3, choices=menu_choices()))
    assert QUESTIONS.find(menu) is NO_QUESTION


def test_a_request_whose_flow_is_gone_is_not_told_about() -> None:
    filed = RequestDraft(Intent.DELETION, {"categories": ["photos"]})
    asked = OpenQuestions({}, Catalogs.load(locale_files())).find(replace(_at(), last_filed=filed))
    assert "anything else" in asked.text
    assert not asked.before


def test_only_terms_of_the_desk_count_as_its_own_words() -> None:
    deletion = Frame("deletion", "verify", NOW, 1, {"categories": ["photos", "posts"]})
    assert QUESTIONS.find(_at(deletion, Frame("verify", "enter", NOW, 2))).terms_only
    told = {"field": "nickname", "new_value": "小明"}
    correcting = QUESTIONS.find(_at(Frame("rectification", "sure", NOW, 1, told)))
    assert "小明" in correcting.before
    assert not correcting.terms_only
