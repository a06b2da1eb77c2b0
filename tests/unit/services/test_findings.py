from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    ALL,
    Fragment,
    Holder,
    Mention,
    MentionKind,
    Modality,
    Reading,
    ReadingResult,
    ReplyAct,
    Request,
    Safety,
)
from privacydesk.domain.selection import Part, Selection, Span
from privacydesk.domain.turn import Observation
from privacydesk.services.findings import observed
from privacydesk.services.findings.requests import stays_open

PHOTOS = Mention(MentionKind.CATEGORY, "photos")
POSTS = Mention(MentionKind.CATEGORY, "posts")
EVERYTHING = Mention(MentionKind.CATEGORY, ALL)
WECHAT = Mention(MentionKind.PROVIDER, "wechat")
GOOGLE = Mention(MentionKind.PROVIDER, "google")
SINCE_NEW_YEAR = date(2026, 1, 1)


def request(
    intent: Intent,
    *include: Mention,
    exclude: tuple[Mention, ...] = (),
    modality: Modality = Modality.WISHED,
    holder: Holder = Holder.SELF,
    sure: bool = True,
    **told: Any,
) -> Request:
    return Request(intent, modality, holder, sure, include, exclude, **told)


def read(*requests: Request, intent: Intent | None = None, **told: Any) -> ReadingResult:
    """Return what is read, mainly the first request unless told otherwise."""
    main = intent or (requests[0].intent if requests else Intent.OTHER)
    fragment, confidence = told.pop("fragment", None), told.pop("confidence", 0.8)
    clear = told.pop("clear", ())
    return ReadingResult(
        main, confidence, (), Reading(requests, **told), fragment, clear_requests=clear
    )


def found(
    reading: ReadingResult, text: str = "", listed: dict[str, tuple[Any, ...]] | None = None
) -> Observation:
    return observed(text, reading, listed or {}, "en")


def entities(reading: ReadingResult, text: str = "") -> dict[str, tuple[Any, ...]]:
    return dict(found(reading, text).entities)


def test_a_sure_wish_leads_and_names_what_goes() -> None:
    seen = found(read(request(Intent.DELETION, PHOTOS), confidence=0.5))
    assert seen.recognised is not None
    assert (seen.recognised.intent, seen.recognised.sure) == (Intent.DELETION, True)
    assert seen.entities["category"] == ("photos",)
    assert seen.entities["wants"] == ("yes",)
    assert seen.entities["wish_words"] == ("deletion",)
    assert not seen.requests


@pytest.mark.parametrize(
    "unsure",
    [
        request(Intent.DELETION, PHOTOS, sure=False),
        request(Intent.DELETION, PHOTOS, modality=Modality.CONDITIONAL, sure=False),
        request(Intent.DELETION, PHOTOS, modality=Modality.REPORTED),
    ],
)
def test_what_is_not_surely_wished_is_asked_back(unsure: Request) -> None:
    seen = found(read(unsure, confidence=0.99))
    assert seen.recognised is not None
    assert seen.recognised.intent is Intent.DELETION
    assert not seen.recognised.sure


def selected(seen: Observation) -> Selection:
    (selection,) = seen.entities["selection"]
    return msgspec.json.decode(selection, type=Selection)


def test_a_scope_that_was_not_understood_goes_by_the_words_of_the_message() -> None:
    text = "删照片，有狗的留着"
    dogs = Mention(MentionKind.CATEGORY, "photos", SINCE_NEW_YEAR, qualifier="有狗的")
    unsure = request(Intent.DELETION, PHOTOS, exclude=(dogs,), sure=False)
    seen = found(read(unsure, clear=(True,)), text)
    assert seen.recognised is not None
    assert seen.recognised.sure
    assert selected(seen) == Selection((Part("photos"),), words=text)
    assert "kept_some" not in seen.entities


def test_what_is_asked_for_on_a_condition_goes_by_the_words_beside_its_scope() -> None:
    text = "delete this year's photos if they're also in backups"
    photos = Mention(MentionKind.CATEGORY, "photos", SINCE_NEW_YEAR)
    seen = found(read(request(Intent.DELETION, photos, modality=Modality.CONDITIONAL)), text)
    assert seen.recognised is not None
    assert seen.recognised.sure
    assert selected(seen) == Selection((Part("photos", (Span(SINCE_NEW_YEAR),)),), words=text)


def test_of_what_else_is_clear_it_is_asked_what_is_meant() -> None:
    unsure = request(Intent.UNBINDING, WECHAT, exclude=(GOOGLE,), sure=False)
    seen = found(read(unsure, clear=(True,)), "WeChat, no, not Google")
    assert seen.recognised is not None
    assert seen.recognised.sure
    assert "provider" not in seen.entities


def test_a_closing_that_is_not_sure_is_asked_back() -> None:
    unsure = request(Intent.DEREGISTRATION, sure=False)
    seen = found(read(unsure, clear=(True,)), "close it on the 15th, not sooner")
    assert seen.recognised is not None
    assert not seen.recognised.sure


def test_no_story_stands_for_a_scope() -> None:
    unsure = request(Intent.DELETION, PHOTOS, sure=False)
    seen = found(read(unsure, clear=(True,)), "so " * 100)
    assert seen.recognised is not None
    assert not seen.recognised.sure


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("除了小鹿的评论都删", ""),
        ("除了给小鹿写的评论，别的统统删掉，一条也别剩，谢谢你们了", "all"),
    ],
)
def test_a_longer_message_goes_beside_a_scope_that_a_person_applies(text: str, beside: str) -> None:
    but = Mention(MentionKind.CATEGORY, "comments", qualifier="小鹿的")
    comments = Mention(MentionKind.CATEGORY, "comments")
    seen = found(read(request(Intent.DELETION, comments, exclude=(but,))), text)
    assert selected(seen).words == (text if beside else "")


def test_a_message_that_only_reports_asks_for_nothing() -> None:
    gone = request(Intent.DELETION, POSTS, modality=Modality.REPORTED)
    assert entities(read(gone))["only_tells"] == ("yes",)
    assert "only_tells" not in entities(read(gone, questions=("are they gone",)))
    never = request(Intent.DELETION, POSTS, modality=Modality.DENIED)
    assert "only_tells" not in entities(read(gone, never))


def test_what_is_reported_names_nothing() -> None:
    named = entities(read(request(Intent.DELETION, PHOTOS, modality=Modality.REPORTED)))
    assert "category" not in named
    assert "wants" not in named


def test_an_intent_without_requests_is_sure_by_its_confidence() -> None:
    for confidence, sure in ((0.9, True), (0.3, False)):
        seen = found(read(intent=Intent.POLICY_QUESTION, confidence=confidence))
        assert seen.recognised is not None
        assert seen.recognised.sure is sure


def test_ones_own_data_is_not_dealt_with_without_a_request() -> None:
    for intent, sure in (
        (Intent.ACCESS, False),
        (Intent.DELETION, False),
        (Intent.COMPLAINT, True),
    ):
        seen = found(read(intent=intent, confidence=0.9))
        assert seen.recognised is not None
        assert seen.recognised.sure is sure
    asked = request(Intent.DEREGISTRATION, modality=Modality.ASKED)
    seen = found(read(asked, confidence=0.9))
    assert seen.recognised is not None
    assert seen.recognised.sure


def test_what_stays_beside_what_goes_is_kept() -> None:
    named = entities(read(request(Intent.DELETION, EVERYTHING, exclude=(PHOTOS,))))
    assert named["kept_category"] == ("photos",)
    assert named["phrase"] == ("everything",)
    assert "category" not in named


def test_what_shall_stay_alone_begins_nothing() -> None:
    seen = found(read(request(Intent.DELETION, PHOTOS, modality=Modality.DENIED)))
    assert seen.entities["only_kept"] == seen.entities["category"] == ("photos",)
    assert seen.recognised is not None
    assert not seen.recognised.sure


def test_what_shall_stay_is_not_named_beside_what_goes() -> None:
    kept = request(Intent.DELETION, PHOTOS, modality=Modality.DENIED)
    named = entities(read(request(Intent.DELETION, POSTS), kept))
    assert named["category"] == ("posts",)
    assert named["only_kept"] == ("photos",)


def test_where_one_is_may_be_data_or_a_purpose() -> None:
    location = Mention(MentionKind.CATEGORY, "location")
    assert entities(read(request(Intent.DELETION, location)))["category"] == ("location",)
    assert entities(read(request(Intent.CONSENT_WITHDRAWAL, location)))["purpose"] == ("location",)


def test_several_that_are_meant_correct_nothing() -> None:
    listed = {"phrase": ("instead", "also")}
    both = found(read(request(Intent.UNBINDING, WECHAT, GOOGLE)), listed=listed)
    assert both.entities["phrase"] == ("also", "and")
    one = found(read(request(Intent.UNBINDING, WECHAT, exclude=(GOOGLE,))), listed=listed)
    assert one.entities["phrase"] == ("instead", "also")


def test_what_shall_not_be_done_is_taken_back() -> None:
    seen = found(read(request(Intent.DEREGISTRATION, modality=Modality.DENIED)))
    assert seen.recognised is not None
    assert (seen.recognised.intent, seen.recognised.sure) == (Intent.CANCEL_REQUEST, True)
    assert seen.entities["taken_back"] == ("deregistration",)
    assert seen.entities["account_stays"] == ("yes",)


def test_a_request_that_was_filed_is_taken_back_whatever_it_is() -> None:
    assert entities(read(request(Intent.CANCEL_REQUEST)))["taken_back"] == ("any",)


def test_a_main_intent_that_names_nothing_needs_no_request() -> None:
    alone = entities(read(intent=Intent.CANCEL_REQUEST, confidence=0.9))
    assert alone["wish_words"] == ("cancel_request",)
    assert alone["taken_back"] == ("any",)
    assert "wish_words" not in entities(read(intent=Intent.CANCEL_REQUEST, confidence=0.3))
    assert "wish_words" not in entities(read(intent=Intent.DELETION, confidence=0.9))


def selection(named: dict[str, tuple[Any, ...]]) -> Selection:
    return msgspec.json.decode(named["selection"][0], type=Selection)


def test_a_time_that_limits_what_goes_is_selected() -> None:
    last_year = Mention(MentionKind.CATEGORY, "posts", date(2025, 1, 1), date(2025, 12, 31))
    named = entities(read(request(Intent.DELETION, last_year)))
    span = Span(date(2025, 1, 1), date(2025, 12, 31))
    assert selection(named) == Selection((Part("posts", only=(span,)),))
    assert named["period"] == ("yes",)
    assert "kept_some" not in named


def test_of_what_stays_in_a_time_the_other_days_are_selected() -> None:
    kept = Mention(MentionKind.CATEGORY, "posts", since=SINCE_NEW_YEAR)
    named = entities(read(request(Intent.DELETION, POSTS, exclude=(kept,))))
    assert named["category"] == ("posts",)
    assert selection(named) == Selection((Part("posts", only=(Span(until=date(2025, 12, 31)),)),))
    assert named["period"] == named["kept_some"] == ("yes",)
    assert "kept_category" not in named


def test_a_qualifier_that_stays_is_excepted() -> None:
    kept = Mention(MentionKind.CATEGORY, "photos", qualifier="with Mei")
    named = entities(read(request(Intent.DELETION, PHOTOS, exclude=(kept,))))
    assert selection(named) == Selection((Part("photos", but=(Span(qualifier="with Mei"),)),))


def test_each_thing_has_limits_of_its_own() -> None:
    selfies = Mention(MentionKind.CATEGORY, "photos", qualifier="selfies")
    named = entities(read(request(Intent.DELETION, selfies, POSTS)))
    assert named["category"] == ("photos", "posts")
    only = (Span(qualifier="selfies"),)
    assert selection(named) == Selection((Part("photos", only=only), Part("posts")))


def test_several_wishes_have_what_each_names() -> None:
    seen = found(read(request(Intent.DELETION, POSTS), request(Intent.UNBINDING, WECHAT)))
    assert [one.recognised.intent for one in seen.requests] == [Intent.DELETION, Intent.UNBINDING]
    first, second = (one.entities for one in seen.requests)
    assert first["category"] == ("posts",)
    assert "provider" not in first
    assert second["provider"] == ("wechat",)


def test_an_unsure_wish_is_none_of_several() -> None:
    unsure = request(Intent.UNBINDING, WECHAT, sure=False)
    seen = found(read(request(Intent.DELETION, POSTS), unsure))
    assert [one.recognised.intent for one in seen.requests] == [Intent.DELETION]


def test_each_of_several_things_that_are_unsure_has_its_own() -> None:
    deletion = request(Intent.DELETION, PHOTOS, sure=False)
    copy = request(Intent.ACCESS, POSTS, sure=False)
    seen = found(read(deletion, copy))
    assert not seen.requests
    named = {one.recognised.intent: one.entities["category"] for one in seen.parts}
    assert named == {Intent.DELETION: ("photos",), Intent.ACCESS: ("posts",)}
    assert not found(read(deletion)).parts


def test_closing_the_account_is_no_deletion_from_which_something_stays() -> None:
    closing = request(Intent.DEREGISTRATION)
    kept = request(Intent.DELETION, EVERYTHING, exclude=(PHOTOS,))
    seen = found(read(kept, closing))
    assert [one.recognised.intent for one in seen.requests] == [
        Intent.DELETION,
        Intent.DEREGISTRATION,
    ]


def test_closing_the_account_is_deleting_everything() -> None:
    seen = found(read(request(Intent.DEREGISTRATION), request(Intent.DELETION, EVERYTHING)))
    assert [one.recognised.intent for one in seen.requests] == [Intent.DEREGISTRATION]


def test_the_wish_beside_a_denial_is_the_wish() -> None:
    closing = request(Intent.DEREGISTRATION, modality=Modality.DENIED)
    seen = found(read(request(Intent.UNBINDING, GOOGLE), closing))
    assert seen.recognised is not None
    assert seen.recognised.intent is Intent.UNBINDING
    assert [one.recognised.intent for one in seen.requests] == [Intent.UNBINDING]
    assert seen.entities["account_stays"] == ("yes",)


def test_a_copy_before_a_loss_comes_first() -> None:
    copy, closing = request(Intent.ACCESS), request(Intent.DEREGISTRATION)
    assert entities(read(copy, closing))["copy_first"] == ("yes",)
    assert "copy_first" not in entities(read(closing, copy))
    spoken_of = request(Intent.DELETION, modality=Modality.REPORTED)
    assert entities(read(copy, spoken_of))["copy_first"] == ("yes",)


def test_a_fragment_names_and_wishes_nothing() -> None:
    seen = found(read(fragment=Fragment(include=(PHOTOS,)), intent=Intent.DELETION))
    assert seen.entities["category"] == ("photos",)
    assert seen.entities["only_chooses"] == ("yes",)
    assert "wants" not in seen.entities
    assert seen.recognised is not None
    assert not seen.recognised.sure


@pytest.mark.parametrize(
    "reading",
    [
        read(request(Intent.ACCESS, PHOTOS), questions=("why",)),
        read(request(Intent.ACCESS, PHOTOS, modality=Modality.ASKED)),
        read(request(Intent.ACCESS, PHOTOS), request(Intent.DELETION, POSTS)),
        read(request(Intent.UNBINDING, WECHAT)),
    ],
)
def test_what_asks_or_does_more_than_choose_does_not_only_choose(reading: ReadingResult) -> None:
    assert "only_chooses" not in entities(reading)


def test_an_exception_alone_is_all_the_rest() -> None:
    named = entities(read(fragment=Fragment(exclude=(PHOTOS,))))
    assert named["kept_category"] == ("photos",)
    assert named["phrase"] == ("everything",)


def test_a_limit_alone_is_a_limit() -> None:
    last_year = Mention(MentionKind.CATEGORY, ALL, since=date(2025, 1, 1), until=date(2025, 12, 31))
    named = entities(read(fragment=Fragment(limit=last_year)))
    span = Span(date(2025, 1, 1), date(2025, 12, 31))
    assert selection(named) == Selection((Part(ALL, only=(span,)),))
    assert "everything" not in named.get("phrase", ())


def test_entries_are_wished_or_only_told() -> None:
    wished = entities(read(request(Intent.RECTIFICATION, set={"nickname": "Mia"})))
    assert wished["entry"] == wished["entry_told"] == (("nickname", "Mia", ""),)
    assert wished["profile_field"] == ("nickname",)
    assert wished["new_value"] == ("Mia",)
    told = entities(read(fragment=Fragment(set={"nickname": "Mia"})))
    assert "entry" not in told
    assert told["entry_told"] == (("nickname", "Mia", ""),)


def test_an_entry_without_a_value_may_be_meant_instead() -> None:
    signature = Mention(MentionKind.FIELD, "signature")
    named = entities(read(request(Intent.RECTIFICATION, signature)))
    assert named["entry_instead"] == named["profile_field"] == ("signature",)


def test_what_a_correction_names_is_an_entry() -> None:
    real_name = Mention(MentionKind.CATEGORY, "real_name")
    named = entities(read(request(Intent.RECTIFICATION, real_name)))
    assert named["profile_field"] == ("real_name",)
    assert "category" not in named


def test_a_number_that_is_all_of_a_message_may_be_an_age() -> None:
    assert entities(read(), "十二")["age"] == (12,)
    assert "age" not in entities(read(), "2014")


def test_ages_are_whose_they_are() -> None:
    own = entities(read(request(Intent.UNDERAGE_REPORT, age=13)))
    assert own["own_age_group"] == ("under_14",)
    assert own["phrase"] == ("me",)
    child = entities(read(request(Intent.GUARDIAN, holder=Holder.CHILD, age=9)))
    assert child["child_age"] == (9,)
    assert "own_age_group" not in child


def test_an_answer_is_told_as_the_dialogue_takes_it() -> None:
    def answered(*acts: ReplyAct, text: str = "go for it then") -> dict[str, tuple[Any, ...]]:
        return entities(msgspec.structs.replace(read(), reply_acts=frozenset(acts)), text)

    assert answered(ReplyAct.YES)["plain_answer"] == ("yes",)
    assert answered(ReplyAct.NO)["plain_answer"] == ("no",)
    assert "plain_answer" not in answered(ReplyAct.YES, ReplyAct.ASKS)
    assert "plain_answer" not in answered(ReplyAct.YES, text="嗯")
    assert answered(ReplyAct.NOTHING, ReplyAct.UPSET)["nothing_to_add"] == ("yes",)
    assert "nothing_to_add" not in answered(ReplyAct.NOTHING, ReplyAct.TELLS)
    assert answered(ReplyAct.TOLD)["told_already"] == ("yes",)
    assert "told_already" not in answered(ReplyAct.TOLD, ReplyAct.ANSWER)
    assert answered(ReplyAct.LATER)["phrase"] == ("postpones", "thinks")


def test_what_a_reply_does_tells_more_than_lists() -> None:
    corrected = msgspec.structs.replace(read(), reply_acts=frozenset({ReplyAct.CORRECT}))
    listed = {"phrase": ("also", "both")}
    assert set(observed("x", corrected, listed, "").entities["phrase"]) == {
        "both", "instead", "slip",
    }  # fmt: skip
    assert observed("x", read(), listed, "").entities["phrase"] == ("also", "both")


def test_news_that_are_surely_asked_for_lead_a_wish_that_is_not_sure() -> None:
    unsure = request(Intent.UNBINDING, GOOGLE, sure=False)
    news = request(Intent.REQUEST_STATUS)
    seen = found(read(unsure, news, intent=Intent.UNBINDING))
    assert seen.recognised is not None
    assert (seen.recognised.intent, seen.recognised.sure) == (Intent.REQUEST_STATUS, True)
    assert seen.entities["asks_status"] == ("yes",)


def test_a_question_without_a_wish_asks_what_becomes_of_something() -> None:
    asked = request(Intent.DEREGISTRATION, modality=Modality.ASKED)
    named = entities(read(asked, intent=Intent.POLICY_QUESTION))
    assert named["consequence"] == ("asked",)
    assert named["wish_words"] == ("deregistration",)


def test_a_question_about_what_the_desk_does_asks_the_policy() -> None:
    asked = request(Intent.AUTOMATED_DECISION, modality=Modality.ASKED)
    seen = found(
        read(asked, intent=Intent.POLICY_QUESTION, confidence=0.4, questions=("do you decide",))
    )
    assert seen.recognised is not None
    assert (seen.recognised.intent, seen.recognised.sure) == (Intent.POLICY_QUESTION, True)


@pytest.mark.parametrize(
    ("theirs", "intent"),
    [
        (request(Intent.ACCESS, holder=Holder.OTHER_PERSON), Intent.ACCESS),
        (request(Intent.DELETION, POSTS, holder=Holder.OTHER_PERSON), Intent.COMPLAINT),
        (request(Intent.DEREGISTRATION, holder=Holder.OTHER_PERSON), Intent.OTHER),
        (request(Intent.DEREGISTRATION, holder=Holder.DECEASED), Intent.DECEASED),
        (request(Intent.DELETION, holder=Holder.ELSEWHERE), Intent.OTHER),
    ],
)
def test_what_is_somebody_elses_is_no_wish_of_ones_own(theirs: Request, intent: Intent) -> None:
    seen = found(read(theirs))
    assert seen.recognised is not None
    assert seen.recognised.intent is intent
    assert seen.entities["named_user"] == ("yes",)
    assert bool(seen.entities.get("somebody_else")) is (intent is Intent.ACCESS)


def test_what_somebody_else_asked_for_and_is_not_wanted_is_for_a_person() -> None:
    asked = request(Intent.DEREGISTRATION, modality=Modality.REPORTED)
    unwanted = request(Intent.DEREGISTRATION, modality=Modality.DENIED)
    seen = found(read(asked, unwanted)).recognised
    assert seen is not None
    assert (seen.intent, seen.sure) == (Intent.OTHER, True)


def test_a_question_about_somebody_who_died_begins_the_form_for_relatives() -> None:
    asked = request(Intent.DEREGISTRATION, modality=Modality.ASKED, holder=Holder.DECEASED)
    seen = found(read(asked, intent=Intent.POLICY_QUESTION)).recognised
    assert seen is not None
    assert (seen.intent, seen.sure) == (Intent.DECEASED, True)


def test_whose_account_is_meant_is_told_by_its_name() -> None:
    meant = request(Intent.OTHER, holder=Holder.OTHER_PERSON)
    assert "named_user" not in entities(read(meant))
    named = msgspec.structs.replace(read(meant), accounts=("fawn",))
    assert entities(named)["named_user"] == ("yes",)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("I complain", {"tells_nothing"}),
        ("somebody posted my photos", set()),
        ("my number was sold, and loan sharks call me", {"tells"}),
        ("你们把我的手机号卖给了推销公司", {"tells"}),
    ],
)
def test_how_much_a_message_says_shows_whether_it_tells_a_story(text: str, kinds: set[str]) -> None:
    assert entities(read(), text).keys() & {"tells", "tells_nothing"} == kinds


def test_dangers_are_told_the_gravest_first() -> None:
    told = (Safety.ACCOUNT_TAKEN_OVER, Safety.THREAT, Safety.CHILD_IN_DANGER)
    assert entities(read(safety=told))["in_danger"] == ("child", "self", "account")


def test_values_of_closed_form_are_of_the_whole_message() -> None:
    named = entities(read(), "my number is 13800138000, born 1990-03-02")
    assert named["phone"] == ("+8613800138000",)
    assert named["date"] == named["birthday"] == ("1990-03-02",)


def test_a_contact_that_is_given_is_the_writers_own() -> None:
    mail = Fragment(contact="mei@example.com")
    assert entities(read(fragment=mail), "it's mei@example.com")["phrase"] == ("own_contact",)
    assert "phrase" not in entities(read(fragment=mail), "mei@example.com")
    # A code is no contact, whatever it is read as.
    assert "phrase" not in entities(read(fragment=Fragment(contact="028479")), "it's 028479")


def test_lists_tell_what_the_reading_does_not() -> None:
    listed = {"command": ("menu",), "phrase": ("also", "everything")}
    seen = found(read(fragment=Fragment(include=(PHOTOS,))), listed=listed)
    assert seen.entities["command"] == ("menu",)
    assert seen.entities["phrase"] == ("also",)


def test_several_logins_with_a_phone_are_listed() -> None:
    phone = Mention(MentionKind.PROVIDER, "phone")
    named = entities(read(request(Intent.UNBINDING, WECHAT, phone)))
    assert named["phone_listed"] == ("yes",)
    assert named["phrase"] == ("and",)


def test_posts_that_stay_when_the_account_is_closed_are_gone_on_without() -> None:
    posts = request(Intent.DELETION, POSTS, modality=Modality.DENIED)
    named = entities(read(request(Intent.DEREGISTRATION), posts))
    assert named["phrase"] == ("go_on",)
    assert named["only_kept"] == ("posts",)


def test_a_guardians_act_speaks_for_its_button() -> None:
    asked = request(Intent.GUARDIAN, holder=Holder.CHILD)
    reading = msgspec.structs.replace(read(asked), guardian_acts=(Intent.DELETION, Intent.OTHER))
    seen = found(reading, listed={"answer": ("relation.parent", "wish.close")})
    assert seen.entities["answer"] == ("relation.parent", "wish.delete", "relative_wish.delete")


def test_an_account_is_told_by_name() -> None:
    report = request(Intent.UNDERAGE_REPORT, holder=Holder.OTHER_PERSON)
    reading = msgspec.structs.replace(read(report), accounts=("bunny_2014",))
    assert entities(reading)["account_name"] == ("bunny_2014",)
    assert "account_alone" not in entities(reading)
    answer = msgspec.structs.replace(read(), accounts=("bunny_2014",))
    assert entities(answer)["account_alone"] == ("bunny_2014",)


def test_two_acts_of_a_guardian_are_both_meant() -> None:
    asked = [request(Intent.GUARDIAN, holder=Holder.CHILD) for _ in range(2)]
    closes_too = (Intent.DELETION, Intent.DEREGISTRATION)
    seen = found(msgspec.structs.replace(read(*asked), guardian_acts=closes_too))
    assert not seen.requests
    assert seen.entities["acts"] == (
        "wish.delete", "wish.close", "relative_wish.delete", "relative_wish.close",
    )  # fmt: skip
    assert seen.entities["answer"] == seen.entities["acts"]
    assert "and" in seen.entities["phrase"]


def test_what_is_wished_speaks_for_its_button_whoever_it_is_of() -> None:
    theirs = request(Intent.DELETION, PHOTOS, holder=Holder.OTHER_PERSON)
    closing = request(Intent.DEREGISTRATION, modality=Modality.DENIED)
    seen = found(read(theirs, closing), listed={"answer": ("wish.close",)})
    assert seen.entities["answer"] == ("wish.delete", "relative_wish.delete")


def test_who_denies_to_ask_for_a_child_asks_for_oneself() -> None:
    child = request(Intent.GUARDIAN, modality=Modality.DENIED, holder=Holder.CHILD)
    assert entities(read(child))["for_oneself"] == ("yes",)


def test_a_wish_beside_others_tells_whose_it_is() -> None:
    report = request(Intent.UNDERAGE_REPORT, holder=Holder.OTHER_PERSON)
    other = request(Intent.OTHER, holder=Holder.OTHER_PERSON)
    (heard,) = found(read(report, other)).requests
    assert heard.entities["phrase"] == ("stranger",)


def test_a_part_of_a_birthday_is_told_where_it_is_named() -> None:
    birthday = Mention(MentionKind.FIELD, "birthday")
    assert entities(read(fragment=Fragment((birthday,))), "2014年生的")["birth"] == ("2014",)
    assert "birth" not in entities(read(fragment=Fragment((PHOTOS,))), "2014年生的")


@pytest.mark.parametrize(
    ("intent", "confidence", "found_intent", "sure"),
    [
        (Intent.POLICY_QUESTION, 0.4, Intent.POLICY_QUESTION, True),
        (Intent.AUTOMATED_DECISION, 0.4, Intent.POLICY_QUESTION, True),
        (Intent.HUMAN_AGENT, 0.9, Intent.HUMAN_AGENT, True),
    ],
)
def test_what_only_asks_is_a_question_for_sure(
    intent: Intent, confidence: float, found_intent: Intent, *, sure: bool
) -> None:
    asks = read(intent=intent, confidence=confidence, questions=("隐私政策怎么说",))
    seen = found(asks).recognised
    assert seen is not None
    assert (seen.intent, seen.sure) == (found_intent, sure)


YEAR_2026 = Mention(MentionKind.CATEGORY, "posts", SINCE_NEW_YEAR, date(2026, 12, 31))
FROM_2026 = Mention(MentionKind.CATEGORY, "posts", SINCE_NEW_YEAR)


def test_what_stays_of_this_year_stays_for_good() -> None:
    told = read(request(Intent.DELETION, POSTS, exclude=(YEAR_2026,)))
    (asked,) = stays_open(told, date(2026, 12, 3)).reading.requests
    assert (asked.include, asked.exclude) == ((POSTS,), (FROM_2026,))
    fragment = read(fragment=Fragment(exclude=(YEAR_2026,)))
    assert stays_open(fragment, date(2026, 12, 3)).fragment == Fragment(exclude=(FROM_2026,))


def test_what_goes_and_what_stayed_until_a_day_gone_by_end_with_their_day() -> None:
    goes = read(request(Intent.DELETION, YEAR_2026))
    assert stays_open(goes, date(2026, 12, 3)) == goes
    stays = read(request(Intent.DELETION, POSTS, exclude=(YEAR_2026,)))
    assert stays_open(stays, date(2027, 1, 1)) == stays


def test_what_shall_not_be_deleted_of_this_year_stays_for_good() -> None:
    told = read(request(Intent.DELETION, YEAR_2026, modality=Modality.DENIED))
    (asked,) = stays_open(told, date(2026, 12, 3)).reading.requests
    assert asked.include == (FROM_2026,)
