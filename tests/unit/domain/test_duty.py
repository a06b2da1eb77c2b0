from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.duty import Duty, DutyState, StaffBoard, choose_agent

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
GRACE, VISIT = timedelta(seconds=45), timedelta(minutes=30)
AVAILABLE = DutyState.AVAILABLE


def there(agent: str, **other: object) -> Duty:
    return Duty(agent, AVAILABLE, present_until=NOW + GRACE, connected=True, **other)  # type: ignore[arg-type]


def test_a_connection_keeps_its_agent_there_and_nothing_else_does() -> None:
    duty = Duty("mei").with_state(AVAILABLE, NOW, GRACE)
    later = NOW + timedelta(seconds=40)
    assert duty.is_available(later)
    assert not duty.is_available(NOW + GRACE)
    assert duty.after_heartbeat(later, GRACE).is_available(NOW + GRACE)


def test_whoever_is_off_duty_stays_so_with_pages_open() -> None:
    duty = there("mei").with_state(DutyState.OFF, NOW, GRACE)
    assert not duty.is_present(NOW)
    assert duty.after_heartbeat(NOW, GRACE) == duty


def test_a_command_makes_its_agent_there_and_gives_them_nothing() -> None:
    duty = Duty("mei").after_action(NOW, VISIT)
    assert duty.is_present(NOW + timedelta(minutes=29))
    assert not duty.is_available(NOW)


def test_nobody_is_there_until_a_clock_that_was_ahead_comes_true() -> None:
    ahead = NOW + timedelta(days=2)
    duty = there("mei").after_heartbeat(ahead, GRACE)
    assert duty.is_available(ahead)
    assert not duty.is_present(NOW)
    assert duty.after_heartbeat(NOW, GRACE).present_until == NOW + GRACE
    assert duty.after_action(NOW, VISIT).present_until == NOW + VISIT


def test_a_reply_does_not_outlast_the_connection_it_was_sent_on() -> None:
    duty = there("mei").after_action(NOW, VISIT)
    assert not duty.is_present(NOW + GRACE)


def test_a_command_after_another_goes_on_where_the_first_ends() -> None:
    duty = Duty("mei").after_action(NOW, VISIT).after_action(NOW + timedelta(minutes=20), VISIT)
    assert duty.is_present(NOW + timedelta(minutes=49))


def test_a_connection_that_comes_after_a_command_counts_alone() -> None:
    duty = Duty("mei").after_action(NOW, VISIT).after_heartbeat(NOW, GRACE)
    assert not duty.is_present(NOW + GRACE)


def test_who_has_fewest_gets_the_next_and_then_who_was_given_none_for_longest() -> None:
    early, late = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    able = (there("a", last_assigned_at=late), there("b", last_assigned_at=early), there("c"))
    chosen = choose_agent(able, {"c": 1}, "en")
    assert chosen is not None
    assert chosen.agent == "b"


def test_a_language_comes_first_and_keeps_nobody_waiting() -> None:
    able = (there("a", languages=("zh_Hans",)), there("b", languages=("en",)))
    chosen = choose_agent(able, {"b": 2}, "en")
    assert chosen is not None
    assert chosen.agent == "b"
    alone = choose_agent(able[:1], {}, "en")
    assert alone is not None
    assert alone.agent == "a"
    assert choose_agent((), {}, "en") is None


@given(
    st.lists(st.sampled_from("abc"), unique=True, min_size=1),
    st.integers(1, 4),
    st.integers(0, 20),
)
def test_conversations_are_shared_out_evenly_up_to_the_limit(
    agents: list[str], limit: int, waiting: int
) -> None:
    board = StaffBoard(duties={name: there(name) for name in agents}, queue_length=waiting)
    given_out = 0
    for turn in range(waiting):
        at = NOW + timedelta(seconds=turn)
        chosen = choose_agent(board.with_capacity(agents, NOW, limit), board.conversations, "en")
        if chosen is None:
            break
        board = board.after_assignment(chosen.agent, at)
        given_out += 1
    held = [board.conversations.get(name, 0) for name in agents]
    assert given_out == sum(held) == min(waiting, limit * len(agents))
    assert max(held) <= limit
    assert max(held) - min(held) <= 1
