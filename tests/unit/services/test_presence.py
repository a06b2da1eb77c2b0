"""Who writes and who looks, as long as it is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.common.jumping_clock import JumpingClock

from privacydesk.clock import MovableClock
from privacydesk.domain.ids import ConversationId
from privacydesk.services.presence import Presence

TALK = ConversationId(bytes(16))


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 9, 28, 2, tzinfo=UTC), frozen=True)


@pytest.fixture
def presence(clock: MovableClock) -> Presence:
    return Presence(clock)


def test_whoever_sent_what_they_wrote_writes_no_more(presence: Presence) -> None:
    presence.user_types(TALK)
    presence.agent_writes(TALK)
    presence.user_sends(TALK)
    assert (presence.user_typed(TALK), presence.agent_types(TALK)) == (False, True)
    presence.agent_sends(TALK)
    assert not presence.agent_types(TALK)


def test_whoever_stops_writing_is_not_shown_for_long(
    presence: Presence, clock: MovableClock
) -> None:
    presence.user_types(TALK)
    presence.agent_writes(TALK)
    clock.move(timedelta(seconds=7))
    assert (presence.user_typed(TALK), presence.agent_types(TALK)) == (False, False)


def test_an_agent_looks_until_their_last_page_is_closed(presence: Presence) -> None:
    pages = [presence.agent_looks(TALK, "mei") for _ in range(2)]
    pages[0]()
    assert presence.agents_looking(TALK) == ("mei",)
    pages[1]()
    assert presence.agents_looking(TALK) == ()


def test_whoever_closed_their_last_page_writes_no_more(presence: Presence) -> None:
    close = presence.agent_looks(TALK, "mei")
    presence.agent_writes(TALK)
    presence.agent_drafts(TALK, "mei")
    close()
    assert not presence.agent_types(TALK)
    assert presence.agents_drafting(TALK) == ()


def test_what_was_noted_longest_ago_gives_way_where_nobody_says_that_they_left(
    clock: MovableClock,
) -> None:
    presence = Presence(clock, most=2)
    first, second, third = (ConversationId(bytes([number]) * 16) for number in range(3))
    for talk in (first, second, first, third):
        presence.agent_reads(talk, 4)
        presence.user_reads(talk, 5)
        presence.agent_writes(talk)
        presence.user_types(talk)
        presence.agent_drafts(talk, "mei")
    assert [presence.agent_read(talk) for talk in (first, second, third)] == [4, 0, 4]
    # A mark that stays as it was is not noted again.
    assert [presence.user_has_read(talk) for talk in (first, second, third)] == [0, 5, 5]
    assert not presence.agent_types(second)
    assert not presence.user_typed(second)
    assert presence.agents_drafting(second) == ()


def test_nobody_types_until_a_clock_that_was_set_back_gets_there_again() -> None:
    jumping = JumpingClock(datetime(2026, 9, 30, tzinfo=UTC))
    presence = Presence(jumping)
    presence.user_types(TALK)
    presence.agent_drafts(TALK, "mei")
    jumping.jump(-timedelta(days=2))
    assert not presence.user_typed(TALK)
    assert presence.agents_drafting(TALK) == ()
