"""From what was found in a message to what goes and what stays."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Holder, Mention, MentionKind, Modality, Request
from privacydesk.nlu.heads.parsed import FoundMention, FoundRequest, Parsed
from privacydesk.nlu.heads.stretches import Found
from privacydesk.nlu.heads.weights import Floats
from privacydesk.nlu.labels import ACCOUNT, AGE, CONTACT, INTENTS, SAFETIES, SLOTS
from privacydesk.nlu.scope import Scope

TODAY = date(2026, 11, 29)
INCLUDE, EXCLUDE = 0, 1


def _found(text: str, words: str, type_: str = "") -> Found:
    start = text.index(words)
    place = (start, start + len(words))
    return Found(place, place, 0.99, type_)


def _mention(text: str, words: str, value: str) -> FoundMention:
    return FoundMention(_found(text, words), MentionKind.CATEGORY, value, 0.99)


def _request(
    intent: Intent = Intent.DELETION, centre: float = 0.0, act: Intent = Intent.OTHER
) -> FoundRequest:
    return FoundRequest(intent, Modality.WISHED, Holder.SELF, act, centre, 0.99, 0.99, 0.99)


def _chances(shape: tuple[int, ...], *ones: tuple[int, ...]) -> Floats:
    made = np.zeros(shape, np.float32)
    for one in ones:
        made[one] = 1.0
    return made


def _parsed(
    requests: list[FoundRequest],
    mentions: list[FoundMention],
    roles: list[tuple[int, int, int]],
    *,
    whens: list[Found] | None = None,
    qualifiers: list[Found] | None = None,
    narrowing: list[tuple[int, int, int]] | None = None,
    values: list[Found] | None = None,
    told: list[tuple[int, int]] | None = None,
) -> Parsed:
    narrows = len(whens or []) + len(qualifiers or [])
    return Parsed(
        np.zeros(len(INTENTS), np.float32),
        np.zeros(len(SAFETIES), np.float32),
        np.zeros(len(SLOTS), np.float32),
        requests,
        mentions,
        [],
        whens or [],
        qualifiers or [],
        values or [],
        _chances((len(requests), len(mentions), 2), *roles),
        _chances((len(requests), len(values or [])), *(told or [])),
        _chances((narrows, len(mentions), 2), *(narrowing or [])),
        0.0,
        np.zeros((0, 0), np.float32),
        99,
    )


def _requests(text: str, parsed: Parsed) -> list[Request]:
    return [request for _, request in Scope(text, parsed, TODAY).requests()]


def test_one_name_goes_but_for_a_time() -> None:
    text = "动态就留今年的，剩下的删"
    parsed = _parsed(
        [_request()],
        [_mention(text, "动态", "posts")],
        [(0, 0, INCLUDE), (0, 0, EXCLUDE)],
        whens=[_found(text, "今年")],
        narrowing=[(0, 0, EXCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert request.include == (Mention(MentionKind.CATEGORY, "posts"),)
    assert request.exclude == (Mention(MentionKind.CATEGORY, "posts", date(2026, 1, 1)),)


def test_what_stays_of_a_thing_that_goes_need_not_name_it_again() -> None:
    text = "去年的照片删了，和小美的留着"
    parsed = _parsed(
        [_request()],
        [_mention(text, "照片", "photos")],
        [(0, 0, INCLUDE)],
        whens=[_found(text, "去年")],
        qualifiers=[_found(text, "和小美的")],
        narrowing=[(0, 0, INCLUDE), (1, 0, EXCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert request.include == (
        Mention(MentionKind.CATEGORY, "photos", date(2025, 1, 1), date(2025, 12, 31)),
    )
    assert request.exclude == (Mention(MentionKind.CATEGORY, "photos", qualifier="和小美的"),)


def test_a_time_that_is_no_period_narrows_by_its_words() -> None:
    text = "搬家前的照片删掉"
    parsed = _parsed(
        [_request()],
        [_mention(text, "照片", "photos")],
        [(0, 0, INCLUDE)],
        whens=[_found(text, "搬家前")],
        narrowing=[(0, 0, INCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert request.include == (Mention(MentionKind.CATEGORY, "photos", qualifier="搬家前"),)


def test_what_is_older_ends_where_the_other_time_begins() -> None:
    text = "去年的照片留着，更早的删掉"
    parsed = _parsed(
        [_request()],
        [_mention(text, "照片", "photos")],
        [(0, 0, INCLUDE), (0, 0, EXCLUDE)],
        whens=[_found(text, "去年"), _found(text, "更早")],
        narrowing=[(0, 0, EXCLUDE), (1, 0, INCLUDE)],
    )
    (request,) = _requests(text, parsed)
    photos = MentionKind.CATEGORY, "photos"
    assert request.include == (Mention(*photos, None, date(2024, 12, 31)),)
    assert request.exclude == (Mention(*photos, date(2025, 1, 1), date(2025, 12, 31)),)


def test_what_is_older_than_something_else_is_told_by_its_words() -> None:
    text = "2024年的照片删掉，之前的聊天留着"
    parsed = _parsed(
        [_request()],
        [_mention(text, "照片", "photos"), _mention(text, "聊天", "chat")],
        [(0, 0, INCLUDE), (0, 1, EXCLUDE)],
        whens=[_found(text, "2024年"), _found(text, "之前")],
        narrowing=[(0, 0, INCLUDE), (1, 1, EXCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert request.exclude == (Mention(MentionKind.CATEGORY, "chat", qualifier="之前"),)


def test_a_time_and_a_person_that_are_listed_each_keep_something() -> None:
    mei, last_year = "有小美", (date(2025, 1, 1), date(2025, 12, 31))
    photos = MentionKind.CATEGORY, "photos"
    for text, both in (
        ("照片全删，去年的、有小美的留着", False),
        ("照片全删，去年的和有小美的留着", False),
        ("照片全删，去年有小美的留着", True),
    ):
        words = f"和{mei}" if "和" in text else mei
        parsed = _parsed(
            [_request()],
            [_mention(text, "照片", "photos")],
            [(0, 0, INCLUDE), (0, 0, EXCLUDE)],
            whens=[_found(text, "去年")],
            qualifiers=[_found(text, words)],
            narrowing=[(0, 0, EXCLUDE), (1, 0, EXCLUDE)],
        )
        (request,) = _requests(text, parsed)
        apart = {Mention(*photos, *last_year), Mention(*photos, qualifier=words)}
        assert {*request.exclude} == ({Mention(*photos, *last_year, words)} if both else apart)


def test_a_time_before_a_list_narrows_nothing_more_of_what_stays() -> None:
    text = "都删，留下去年的动态、照片"
    parsed = _parsed(
        [_request()],
        [_mention(text, "动态", "posts"), _mention(text, "照片", "photos")],
        [(0, 0, EXCLUDE), (0, 1, EXCLUDE)],
        whens=[_found(text, "去年")],
        narrowing=[(0, 0, EXCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert Mention(MentionKind.CATEGORY, "photos") in request.exclude


def test_a_time_before_a_list_narrows_all_of_it() -> None:
    text = "Export 我舊年嘅posts同相，語音都要"
    mentions = [_mention(text, "posts", "posts"), _mention(text, "相", "photos")]
    mentions.append(_mention(text, "語音", "voice"))
    parsed = _parsed(
        [_request(Intent.ACCESS)],
        mentions,
        [(0, 0, INCLUDE), (0, 1, INCLUDE), (0, 2, INCLUDE)],
        whens=[_found(text, "舊年")],
        qualifiers=[_found(text, "都要")],
        narrowing=[(0, 0, INCLUDE), (1, 2, INCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert [one.since and one.since.year for one in request.include] == [2025, 2025, 2025]
    apart = _parsed(
        [_request(Intent.ACCESS)],
        mentions,
        [(0, 0, INCLUDE), (0, 1, EXCLUDE)],
        whens=[_found(text, "舊年")],
        narrowing=[(0, 0, INCLUDE)],
    )
    (request,) = _requests(text, apart)
    assert request.exclude == (Mention(MentionKind.CATEGORY, "photos"),)


def test_each_of_several_narrowings_is_a_mention() -> None:
    text = "keep the photos with Mei and with Sam"
    parsed = _parsed(
        [_request()],
        [_mention(text, "photos", "photos")],
        [(0, 0, EXCLUDE)],
        qualifiers=[_found(text, "with Mei"), _found(text, "with Sam")],
        narrowing=[(0, 0, EXCLUDE), (1, 0, EXCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert [one.qualifier for one in request.exclude] == ["with Mei", "with Sam"]


def test_a_shared_name_is_narrowed_for_the_request_that_is_nearer() -> None:
    text = "发我今年的聊天，然后全删"
    parsed = _parsed(
        [_request(Intent.ACCESS, 2.0), _request(Intent.DELETION, 11.0)],
        [_mention(text, "聊天", "chat")],
        [(0, 0, INCLUDE), (1, 0, INCLUDE)],
        whens=[_found(text, "今年")],
        narrowing=[(0, 0, INCLUDE)],
    )
    scope = Scope(text, parsed, TODAY)
    access, deletion = (request for _, request in scope.requests())
    assert access.include[0].since == date(2026, 1, 1)
    assert deletion.include == (Mention(MentionKind.CATEGORY, "chat"),)
    assert scope.parted == {1}


def test_of_two_readings_of_what_stays_more_stays() -> None:
    text = "都删，照片留着，和小美的照片也留"
    parsed = _parsed(
        [_request()],
        [_mention(text, "照片", "photos"), _mention(text, "美的照片", "photos")],
        [(0, 0, EXCLUDE), (0, 1, EXCLUDE)],
        qualifiers=[_found(text, "和小美")],
        narrowing=[(0, 1, EXCLUDE)],
    )
    (request,) = _requests(text, parsed)
    assert request.exclude == (Mention(MentionKind.CATEGORY, "photos"),)


def test_values_stand_with_the_requests_that_they_are_told_for() -> None:
    text = "昵称改成小雨，我14岁，发到 a@b.cn"
    parsed = _parsed(
        [_request(Intent.RECTIFICATION), _request(Intent.ACCESS)],
        [],
        [],
        values=[
            _found(text, "小雨", "nickname"),
            _found(text, "14岁", AGE),
            _found(text, "a@b.cn", CONTACT),
        ],
        told=[(0, 0), (0, 1), (1, 2)],
    )
    correction, access = _requests(text, parsed)
    assert correction.set == {"nickname": "小雨"}
    assert correction.age == 14
    assert not correction.contact
    assert access.contact == "a@b.cn"


def test_what_is_named_alone_is_no_request() -> None:
    text = "照片，发到 mei@example.com"
    parsed = _parsed(
        [FoundRequest(None, Modality.WISHED, Holder.SELF, Intent.OTHER, 0.0, 0.99, 0.99, 0.99)],
        [_mention(text, "照片", "photos")],
        [(0, 0, INCLUDE)],
        values=[_found(text, ".com", CONTACT)],
        told=[(0, 0)],
    )
    scope = Scope(text, parsed, TODAY)
    assert not list(scope.requests())
    fragment = scope.fragment()
    assert fragment is not None
    assert [one.value for one in fragment.include] == ["photos"]
    # A part of an address stands for all of it.
    assert fragment.contact == "mei@example.com"


def test_a_time_or_a_qualifier_alone_limits_whatever_is_open() -> None:
    text = "去年的，和小美的"
    nothing = FoundRequest(None, Modality.WISHED, Holder.SELF, Intent.OTHER, 0.0, 0.99, 0.99, 0.99)
    whens, qualifiers = [_found(text, "去年")], [_found(text, "和小美")]
    parsed = _parsed([nothing], [], [], whens=whens, qualifiers=qualifiers)
    fragment = Scope(text, parsed, TODAY).fragment()
    assert fragment is not None
    assert fragment.limit == Mention(
        MentionKind.CATEGORY, "all", date(2025, 1, 1), date(2025, 12, 31), "和小美"
    )


def test_several_times_alone_are_told_as_they_were_written() -> None:
    text = "2023年的，还有2024年的"
    nothing = FoundRequest(None, Modality.WISHED, Holder.SELF, Intent.OTHER, 0.0, 0.99, 0.99, 0.99)
    whens = [_found(text, "2023年"), _found(text, "2024年")]
    fragment = Scope(text, _parsed([nothing], [], [], whens=whens), TODAY).fragment()
    assert fragment is not None
    assert fragment.limit == Mention(MentionKind.CATEGORY, "all", qualifier="2023年的，还有2024年")


def test_what_guardians_want_is_told_once_and_not_where_it_shall_not_be() -> None:
    text = "孩子的照片删掉，账号是小恐龙，号别注销"
    wanted = _request(Intent.GUARDIAN, act=Intent.DELETION)
    never = FoundRequest(
        Intent.GUARDIAN, Modality.DENIED, Holder.CHILD, Intent.DEREGISTRATION, 9.0, 0.99, 0.99, 0.0
    )
    parsed = _parsed([wanted, wanted, never], [], [], values=[_found(text, "小恐龙", ACCOUNT)])
    scope = Scope(text, parsed, TODAY)
    assert scope.acts() == (Intent.DELETION,)
    assert scope.accounts() == ("小恐龙",)


@pytest.mark.parametrize(
    ("text", "overlooked"),
    [
        ("删我国庆的动态", True),
        ("删我国庆发的动态", True),
        ("国庆快乐，动态删了", False),
        ("国庆我再也不想看到那些动态了", False),
        ("动态删了，国庆再说", False),
    ],
)
def test_a_time_right_before_a_thing_that_limits_nothing_is_overlooked(
    text: str, overlooked: bool
) -> None:
    parsed = _parsed([_request()], [_mention(text, "动态", "posts")], [(0, 0, INCLUDE)])
    assert Scope(text, parsed, TODAY).overlooks(0) is overlooked


def test_a_time_that_limits_a_thing_is_not_overlooked() -> None:
    text = "删我国庆的动态"
    parsed = _parsed(
        [_request()],
        [_mention(text, "动态", "posts")],
        [(0, 0, INCLUDE)],
        qualifiers=[_found(text, "国庆的")],
        narrowing=[(0, 0, INCLUDE)],
    )
    assert not Scope(text, parsed, TODAY).overlooks(0)
