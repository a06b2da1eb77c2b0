"""How much is sent while people talk."""

from __future__ import annotations

from dataclasses import dataclass, field

from privacydesk.worker.throttle import Throttle


@dataclass
class _Desk:
    """A process whose clock, processor and people are moved by hand."""

    now: float = 100.0
    spent: float = 5.0
    taken: int = 7
    throttle: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self.throttle = Throttle(lambda: self.taken, lambda: self.now, lambda: self.spent)

    def goes_on(self, seconds: float, *, busy: float, turns: int) -> None:
        self.now += seconds
        self.spent += seconds * busy
        self.taken += turns

    def sends_for(self, seconds: float) -> int:
        """Begin all that may be begun, and return how many that were."""
        until, begun = self.now + seconds, 0
        while self.now < until:
            count = self.throttle.max_batch(64)
            self.throttle.record_started(count)
            begun += count
            self.now += max(self.throttle.delay(), 0.001)
        return begun


def test_nothing_holds_events_back_while_nobody_talks() -> None:
    desk = _Desk()
    desk.goes_on(1, busy=1.0, turns=0)
    assert desk.throttle.max_batch(64) == 64
    desk.throttle.record_started(64)
    assert desk.throttle.delay() == 0


def test_while_people_talk_a_thousand_a_second_go_out_a_few_at_once() -> None:
    desk = _Desk()
    desk.goes_on(0.3, busy=0.4, turns=100)
    assert desk.throttle.max_batch(64) == 12
    # Less than the time after which it is looked again who talks.
    assert 200 <= desk.sends_for(0.2) <= 320


def test_a_few_go_out_where_people_take_all_there_is() -> None:
    desk = _Desk()
    desk.goes_on(0.3, busy=0.98, turns=1_200)
    assert desk.throttle.max_batch(64) == 12
    assert 40 <= desk.sends_for(0.2) <= 80


def test_an_endpoint_that_takes_less_than_that_is_asked_for_no_more() -> None:
    desk = _Desk()
    desk.goes_on(0.3, busy=0.4, turns=1)
    assert desk.throttle.max_batch(4) == 4


def test_all_goes_out_again_when_the_last_has_left() -> None:
    desk = _Desk()
    desk.goes_on(0.3, busy=0.98, turns=1_200)
    desk.throttle.max_batch(64)
    desk.throttle.record_started(64)
    assert desk.throttle.delay() > 0
    desk.goes_on(0.3, busy=0.1, turns=0)
    assert desk.throttle.max_batch(64) == 64
    assert desk.throttle.delay() == 0
