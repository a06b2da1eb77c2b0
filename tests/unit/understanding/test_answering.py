from __future__ import annotations

import pytest

from privacydesk.data import dialog_files
from privacydesk.dialog.reader import read_flows
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.understanding.answering import Answering
from privacydesk.understanding.lexicon_files import read_lexicon
from privacydesk.understanding.normalise import normalise

ANSWERS = Answering(read_lexicon())


def _said(text: str) -> tuple[str, ...]:
    return ANSWERS.find(normalise(text))


@pytest.mark.parametrize(
    ("text", "button"),
    [
        ("等一下 我没收到", "verify.resend"),
        ("再寄一次", "verify.resend"),
        ("電話唔見咗", "verify.no_code"),
        ("你倒是解释清楚啊", "automated_decision.wish_explain"),
        ("the meeting got leaked and now my address is online", "complaint.about_leak"),
        ("唔使喇，喺度睇就得", "deregistration.answer_chat"),
        ("都删干净再注销", "deregistration.delete_first"),
        ("刪晒先cut", "deregistration.delete_first"),
        ("post留返", "deregistration.go_on"),
        ("only after the posts are gone", "deregistration.delete_first"),
        ("我攞唔到個碼，部電話壞咗", "verify.no_code"),
        ("my phone died", "verify.no_code"),
        ("啱啱個碼過咗期", "verify.resend"),
        ("I'm not giving you any code, that's creepy", "verify.rather_not"),
        ("none, I pressed the wrong thing", "unbinding.none_of_these"),
        ("就这些", "collect_evidence.nothing_to_add"),
        ("nope that's everything", "collect_evidence.nothing_to_add"),
    ],
)
def test_words_stand_for_a_button_anywhere_in_a_message(text: str, button: str) -> None:
    assert button in _said(text)


def test_what_is_denied_speaks_for_nothing() -> None:
    said = _said("不要解释，给我找个活人重新看")
    assert "automated_decision.wish_explain" not in said
    assert "automated_decision.wish_review" in said


def test_a_word_within_a_longer_one_of_its_form_speaks_for_nothing() -> None:
    assert "satisfaction.satisfied" not in _said("不满意")
    assert "deregistration.delete_first" not in _said("不用删了")


def test_a_clause_of_its_own_is_no_part_of_another_one() -> None:
    assert "guardian.no_remark" in _said("没有，谢谢")
    assert "guardian.no_remark" not in _said("我没有刷屏")


@pytest.mark.parametrize(
    "text", ["没有", "没有了，谢谢", "没有了谢谢", "nothing to add, thanks", "冇喇"]
)
def test_a_message_that_says_nothing_else_speaks_for_its_button_alone(text: str) -> None:
    assert "guardian.no_remark" in ANSWERS.find_alone(normalise(text))


@pytest.mark.parametrize("text", ["没有，他昨晚又来骂我了", "谢谢", "", "，，，"])
def test_a_message_that_says_more_or_less_does_not(text: str) -> None:
    assert "guardian.no_remark" not in ANSWERS.find_alone(normalise(text))


def test_a_space_between_chinese_words_parts_them_like_a_comma() -> None:
    assert "deregistration.go_on" in _said("唔使喇 直接銷")
    assert "guardian.no_remark" in ANSWERS.find_alone(normalise("没有 没有了"))
    assert "guardian.no_remark" not in ANSWERS.find_alone(normalise("没有 他昨晚又来骂我了"))
    assert "automated_decision.wish_explain" not in _said("不要 解释")


def test_every_button_with_words_of_its_own_is_asked_somewhere() -> None:
    flows = read_flows(dialog_files())
    asked = {"satisfaction.satisfied", "satisfaction.not_satisfied", "category.all"}
    asked |= {"desk.ask_done", "desk.is_answer", "desk.is_question", "desk.opening_all"}
    for flow in flows.values():
        for step in flow.steps.values():
            if isinstance(step, Ask):
                asked |= {offer.text for offer in step.choices} | {step.skip}
            elif isinstance(step, Confirm):
                # Only the no; nothing but its own button confirms.
                asked.add(step.no)
    assert set(read_lexicon().answers) <= asked


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("我係佢婆婆，佢爸媽唔喺度", "relation.guardian"),
        ("我是外公，孩子父母离婚了", "relation.guardian"),
        ("我係佢媽媽，佢爸爸唔喺度", "relation.mother"),
        ("I'm her mum, her dad doesn't know", "relation.mother"),
        ("我是他爸爸", "relation.father"),
        ("我係佢爸爸", "relation.father"),
        ("her dad", "relation.father"),
    ],
)
def test_of_the_other_parents_it_is_only_told(text: str, relation: str) -> None:
    assert {one for one in _said(text) if one.startswith("relation.")} == {relation}


@pytest.mark.parametrize(
    "text", ["don't delete everything first, just close", "不用删干净再注销 直接来"]
)
def test_posts_that_need_not_go_first_stay(text: str) -> None:
    assert "deregistration.delete_first" not in _said(text)
