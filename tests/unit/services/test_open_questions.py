"""What a conversation's open question asks is told in the words that the user sees."""

from __future__ import annotations

from datetime import UTC, datetime

from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.reader import read_flows
from privacydesk.domain.conversation import Conversation, Frame
from privacydesk.domain.ids import ConversationId
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
    asked = QUESTIONS.of(_at(Frame("unbinding", "sure", NOW, 1, {"provider": "wechat"})))
    question, yes, no = asked.text.splitlines()
    assert "unbind" in question
    assert yes
    assert no
    assert "{" not in asked.text
    assert asked.before == "WeChat"


def test_what_the_forms_below_hold_was_told_before() -> None:
    form = Frame("deletion", "verify", NOW, 1, {"categories": ["photos", "posts"]})
    asked = QUESTIONS.of(_at(form, Frame("verify", "enter", NOW, 2), locale="zh_Hans"))
    assert "验证码" in asked.text
    assert "照片" in asked.before
    assert "动态" in asked.before


def test_where_nothing_is_asked_there_is_no_question() -> None:
    assert QUESTIONS.of(_at()) is NO_QUESTION
    assert QUESTIONS.of(_at(Frame("gone", "sure", NOW, 1))) is NO_QUESTION
    assert QUESTIONS.of(_at(Frame("deletion", "verify", NOW, 1))) is NO_QUESTION
    assert QUESTIONS.of(_at(Frame("deletion", "gone", NOW, 1))) is NO_QUESTION
