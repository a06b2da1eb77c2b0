from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    Fragment,
    Holder,
    Mention,
    MentionKind,
    Modality,
    Reading,
    ReadingResult,
    Request,
    Speaker,
)
from privacydesk.services.findings.speakers import as_bereaved, of_oneself

TODAY = date(2026, 12, 1)


def read(*requests: Request) -> ReadingResult:
    return ReadingResult(Intent.OTHER, 0.4, (), Reading(requests))


def request(intent: Intent, holder: Holder = Holder.SELF, **more: Any) -> Request:
    return Request(intent, Modality.WISHED, holder, sure=False, include=(), exclude=(), **more)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("我15", "teen"),
        ("41岁了还问这个", "adult"),
        ("我2012年12月2日的", "under_14"),
        ("born 1 December 2012", "exactly_14"),
        ("2008年的", "teen"),  # 17 or 18
        ("九岁", "under_14"),
        ("这个不好说", ""),
        ("13912345678", ""),
        ("2024年的", ""),
    ],
)
def test_an_age_is_computed_and_of_several_the_youngest_counts(text: str, group: str) -> None:
    found = of_oneself(text, read(), Speaker.AGE, TODAY)
    assert found == ({"own_age_group": (group,)} if group else {})


def test_a_year_that_limits_data_is_nobodys_birth() -> None:
    year = Mention(MentionKind.CATEGORY, "all", since=date(2015, 1, 1))
    limits = replace(read(), fragment=Fragment(limit=year))
    assert of_oneself("就要2015年的", limits, Speaker.AGE, TODAY) == {}


def test_school_years_are_of_the_group_that_their_class_tells() -> None:
    assert of_oneself("小六", read(), Speaker.CHILD, TODAY) == {"own_age_group": ("under_14",)}
    assert of_oneself("高二", read(), Speaker.TEEN, TODAY) == {"own_age_group": ("teen",)}


def test_whoever_speaks_for_another_says_nothing_of_themselves() -> None:
    of_child = read(request(Intent.GUARDIAN, Holder.CHILD, age=12))
    assert of_oneself("我女儿12岁", of_child, Speaker.AGE, TODAY) == {}
    assert of_oneself("not mine", read(), Speaker.NOT_THEIRS, TODAY) == {"not_theirs": ("yes",)}


def test_what_the_bereaved_want_is_wanted_for_the_account_of_the_dead() -> None:
    one = as_bereaved(read(request(Intent.GUARDIAN, Holder.CHILD)), in_form=False)
    assert [each.holder for each in one.reading.requests] == [Holder.DECEASED]
    person = read(request(Intent.HUMAN_AGENT))
    assert as_bereaved(person, in_form=False) == person
    nothing = as_bereaved(read(), in_form=False)
    assert [each.holder for each in nothing.reading.requests] == [Holder.DECEASED]
    assert as_bereaved(read(), in_form=True) == read()
