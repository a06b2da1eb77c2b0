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
    presence.set_user_typing(TALK)
    presence.set_agent_typing(TALK)
    presence.clear_user_typing(TALK)
    assert (presence.is_user_typing(TALK), presence.is_agent_typing(TALK)) == (False, True)
    presence.clear_agent_typing(TALK)
    assert not presence.is_agent_typing(TALK)


def test_whoever_stops_writing_is_not_shown_for_long(
    presence: Presence, clock: MovableClock
) -> None:
    presence.set_user_typing(TALK)
    presence.set_agent_typing(TALK)
    clock.move(timedelta(seconds=7))
    assert (presence.is_user_typing(TALK), presence.is_agent_typing(TALK)) == (False, False)


def test_an_agent_looks_until_their_last_page_is_closed(presence: Presence) -> None:
    pages = [presence.add_viewer(TALK, "mei") for _ in range(2)]
    pages[0]()
    assert presence.viewers(TALK) == ("mei",)
    pages[1]()
    assert presence.viewers(TALK) == ()


def test_whoever_closed_their_last_page_writes_no_more(presence: Presence) -> None:
    close = presence.add_viewer(TALK, "mei")
    presence.set_agent_typing(TALK)
    presence.set_agent_drafting(TALK, "mei")
    close()
    assert not presence.is_agent_typing(TALK)
    assert presence.agents_drafting(TALK) == ()


def test_what_was_noted_longest_ago_gives_way_where_nobody_says_that_they_left(
    clock: MovableClock,
) -> None:
    presence = Presence(clock, max_conversations=2)
    first, second, third = (ConversationId(bytes([number]) * 16) for number in range(3))
    for talk in (first, second, first, third):
        presence.mark_read_by_agent(talk, 4)
        presence.mark_read_by_user(talk, 5)
        presence.set_agent_typing(talk)
        presence.set_user_typing(talk)
        presence.set_agent_drafting(talk, "mei")
    assert [presence.last_read_by_agent(talk) for talk in (first, second, third)] == [4, 0, 4]
    # A mark that stays as it was is not noted again.
    assert [presence.last_read_by_user(talk) for talk in (first, second, third)] == [0, 5, 5]
    assert not presence.is_agent_typing(second)
    assert not presence.is_user_typing(second)
    assert presence.agents_drafting(second) == ()


def test_nobody_types_until_a_clock_that_was_set_back_gets_there_again() -> None:
    jumping = JumpingClock(datetime(2026, 9, 30, tzinfo=UTC))
    presence = Presence(jumping)
    presence.set_user_typing(TALK)
    presence.set_agent_drafting(TALK, "mei")
    jumping.jump(-timedelta(days=2))
    assert not presence.is_user_typing(TALK)
    assert presence.agents_drafting(TALK) == ()
