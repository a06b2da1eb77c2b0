"""Selections: what goes is what is included minus what is excluded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import chain, combinations, product

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.reading import ALL, Mention, MentionKind
from privacydesk.domain.selection import Part, Selection, Span, detail_of, part_from_detail

OFFERED = ("posts", "photos", "chat")
QUALIFIERS = ("selfies", "with Mei")
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(6)]
# A thing is of a category, of a day, and fits some of the qualifiers.
THINGS = tuple(
    product(
        OFFERED,
        (date.min, *DAYS, date.max),
        chain.from_iterable(combinations(QUALIFIERS, n) for n in range(3)),
    )
)
Thing = tuple[str, date, tuple[str, ...]]


def mention(
    value: str, since: date | None = None, until: date | None = None, words: str = ""
) -> Mention:
    return Mention(MentionKind.CATEGORY, value, since, until, words)


def narrowed(span: Span | Mention, thing: Thing) -> bool:
    _, day, words = thing
    since, until = span.since or date.min, span.until or date.max
    return since <= day <= until and span.qualifier in ("", *words)


def is_meant(mentions: Iterable[Mention], thing: Thing) -> bool:
    return any(one.value in (ALL, thing[0]) and narrowed(one, thing) for one in mentions)


def goes(part: Part, thing: Thing) -> bool:
    return (
        part.value in (ALL, thing[0])
        and any(narrowed(span, thing) for span in part.only or (Span(),))
        and not any(narrowed(span, thing) for span in part.but)
    )


maybe_day = st.none() | st.sampled_from(DAYS)
mentions = st.lists(
    st.builds(
        mention,
        st.sampled_from((*OFFERED, ALL, "bindings")),
        maybe_day,
        maybe_day,
        st.sampled_from(("", *QUALIFIERS)),
    ),
    max_size=4,
)


@given(mentions, mentions)
def test_what_goes_is_included_and_not_excluded(
    include: list[Mention], exclude: list[Mention]
) -> None:
    selection = Selection.of(include, exclude, OFFERED)
    for thing in THINGS:
        wanted = is_meant(include, thing) and not is_meant(exclude, thing)
        assert any(goes(part, thing) for part in selection.parts) == wanted


@given(mentions, mentions)
def test_parts_are_in_one_form_alone(include: list[Mention], exclude: list[Mention]) -> None:
    selection = Selection.of(include, exclude, OFFERED)
    again = [
        mention(part.value, span.since, span.until, span.qualifier)
        for part in selection.parts
        for span in part.only or (Span(),)
    ]
    kept = [
        mention(part.value, span.since, span.until, span.qualifier)
        for part in selection.parts
        for span in part.but
    ]
    assert Selection.of(again, kept, OFFERED).parts == selection.parts


@given(mentions, mentions)
def test_a_selection_survives_json(include: list[Mention], exclude: list[Mention]) -> None:
    selection = Selection.of(include, exclude, OFFERED, "the rest, you know")
    assert msgspec.json.decode(msgspec.json.encode(selection), type=Selection) == selection
    for part in selection.parts:
        assert part_from_detail(part.value, detail_of(part, selection.words)) == part


@given(mentions, mentions, mentions, mentions)
def test_a_part_covers_what_lies_in_it(
    include: list[Mention], exclude: list[Mention], more: list[Mention], less: list[Mention]
) -> None:
    for wide, part in product(
        Selection.of([*include, *more], exclude, OFFERED).parts,
        Selection.of(include, [*exclude, *less], OFFERED).parts,
    ):
        if wide.covers(part):
            assert all(goes(wide, thing) for thing in THINGS if goes(part, thing))
        assert part.covers(part)


@given(mentions, mentions)
def test_other_days_are_those_that_stay(include: list[Mention], exclude: list[Mention]) -> None:
    for part in Selection.of(include, exclude, OFFERED).parts:
        if not part.is_qualified:
            for thing in THINGS:
                if part.value in (ALL, thing[0]):
                    stays = any(narrowed(span, thing) for span in part.other_days)
                    assert stays != goes(part, thing)


def test_days_are_taken_from_days() -> None:
    found = Selection.of(
        [mention("posts")], [mention("posts", since=date(2026, 11, 22))], OFFERED
    ).parts
    assert found == (Part("posts", only=(Span(until=date(2026, 11, 21)),)),)
    assert found[0].other_days == (Span(since=date(2026, 11, 22)),)


def test_all_that_stays_as_a_whole_is_told() -> None:
    found = Selection.of([mention(ALL)], [mention("photos")], OFFERED)
    assert found == Selection((Part("posts"), Part("chat")), stays=("photos",))


def test_what_some_of_is_kept_stays_as_a_whole_only_where_other_things_go() -> None:
    exclude = [mention("photos", since=date(2026, 1, 1)), mention("chat")]
    assert Selection.of([mention("posts")], exclude, OFFERED).stays == ("photos", "chat")
    assert Selection.of([], exclude, OFFERED).stays == ("chat",)


def test_all_is_one_part_where_the_same_goes_of_each() -> None:
    found = Selection.of([mention(ALL)], [mention(ALL, since=date(2026, 1, 1))], OFFERED)
    assert found.parts == (Part(ALL, only=(Span(until=date(2025, 12, 31)),)),)


def test_what_is_told_to_stay_in_words_stays_beside_the_days() -> None:
    found = Selection.of(
        [mention("photos", until=date(2025, 12, 31))], [mention("photos", words="selfies")], OFFERED
    ).parts[0]
    assert found == Part(
        "photos",
        only=(Span(until=date(2025, 12, 31)),),
        but=(Span(qualifier="selfies"),),
    )
    assert found.is_qualified


def test_nothing_goes_where_all_of_it_stays() -> None:
    assert Selection.of([mention("posts")], [mention("posts")], OFFERED).parts == ()


def test_words_of_earlier_items_narrow_as_they_were_said() -> None:
    assert part_from_detail("posts", {"period": "last year's"}) == Part(
        "posts", only=(Span(qualifier="last year's"),)
    )


def test_a_wider_part_covers_narrower_ones() -> None:
    last_year = Part("posts", only=(Span(date(2025, 1, 1), date(2025, 12, 31)),))
    assert Part(ALL).covers(last_year)
    assert Part("posts").covers(Part("posts", only=(Span(qualifier="with Mei"),)))
    assert not last_year.covers(Part("posts"))
    assert not Part("posts", but=(Span(qualifier="with Mei"),)).covers(last_year)
