"""Wishes that are kept for later."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.dialog.test_engine_guards import NOW
from tests.unit.dialog.test_openings import CONVERSATION, FLOWS

from privacydesk.dialog import kept_wishes, limits, openings, widening
from privacydesk.dialog.rules import Rules
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.intents import Intent
from privacydesk.domain.selection import Part, Selection, Span, to_plain
from privacydesk.domain.turn import Observation, Snapshot

RUNNER = Runner(FLOWS, Rules(), frozenset({"en"}))
THIS_YEAR = to_plain(limits.in_words("今年的"))
LAST_YEAR = to_plain(limits.in_words("去年的"))
PHOTOS_THIS_YEAR = to_plain(Selection((Part("photos", only=(Span(qualifier="今年的"),)),)))


def kept(*slots: dict[str, Any]) -> list[dict[str, Any]]:
    script = Script(Snapshot(CONVERSATION), Observation(), Rules(), NOW, "j")
    for one in slots:
        kept_wishes.keep(RUNNER, script, RequestDraft(Intent.DELETION, one))
    return [dict(wish.slots) for wish in script.pending_requests]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"period": "去年的"}, {"limits": THIS_YEAR}),
        ({"categories": ["photos"], "period": "去年的"}, {"categories": ["posts"]}),
        ({"categories": ["photos"]}, {"categories": ["posts"], "limits": THIS_YEAR}),
        (
            {"categories": ["photos"], "limits": LAST_YEAR},
            {"categories": ["photos"], "limits": THIS_YEAR},
        ),
    ],
)
def test_what_is_narrowed_in_another_way_is_a_request_of_its_own(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert kept(old, new) == [old, new]


@pytest.mark.parametrize(
    ("old", "new", "both"),
    [
        (
            {"categories": ["photos"], "period": "去年的"},
            {"categories": ["photos"], "limits": LAST_YEAR},
            {"categories": ["photos"], "period": "去年的"},
        ),
        (
            {"categories": ["posts"]},
            {"categories": ["photos"], "limits": PHOTOS_THIS_YEAR},
            {"categories": ["posts", "photos"], "limits": PHOTOS_THIS_YEAR},
        ),
    ],
)
def test_what_narrows_no_other_kind_is_one_request(
    old: dict[str, Any], new: dict[str, Any], both: dict[str, Any]
) -> None:
    assert kept(old, new) == [both]


def test_what_was_put_aside_keeps_the_words_that_asked_for_it() -> None:
    asked = RequestDraft(Intent.UNBINDING, {"provider": "wechat"}, "解绑谷歌")
    slots = {**openings.slots_of(FLOWS["unbinding"], asked), widening.REPLACED: "google"}
    form = Running("unbinding", "provider", NOW, 1, slots=slots)
    assert widening.replaced(RUNNER, form) == RequestDraft(
        Intent.UNBINDING, {"provider": "google"}, "解绑谷歌"
    )


def taken_out(
    wished: dict[str, Any], *queued: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    script = Script(Snapshot(CONVERSATION), Observation(), Rules(), NOW, "j")
    script.pending_requests = tuple(RequestDraft(Intent.DELETION, one) for one in queued)
    begun = kept_wishes.take_out(RUNNER, script, RequestDraft(Intent.DELETION, wished))
    return dict(begun.slots), [dict(wish.slots) for wish in script.pending_requests]


def test_what_is_begun_is_not_begun_again_afterwards() -> None:
    photos = {"categories": ["photos"]}
    assert taken_out(photos, photos) == (photos, [])
    assert taken_out(photos, {}) == (photos, [])
    assert taken_out({}, photos) == (photos, [])


def test_what_else_was_queued_stays_so() -> None:
    photos, posts = {"categories": ["photos"]}, {"categories": ["posts"]}
    assert taken_out(photos, posts) == (photos, [posts])


def test_what_is_begun_keeps_the_words_of_both() -> None:
    script = Script(Snapshot(CONVERSATION), Observation(), Rules(), NOW, "j")
    script.pending_requests = (RequestDraft(Intent.DEREGISTRATION, {}, "然后注销"),)
    wish = RequestDraft(Intent.DEREGISTRATION, {}, "直接注销吧")
    assert kept_wishes.take_out(RUNNER, script, wish).words == "然后注销\n直接注销吧"
