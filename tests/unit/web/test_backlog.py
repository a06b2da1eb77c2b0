from __future__ import annotations

from privacydesk.web.chat.backlog import Backlog


class Socket:
    """Holds bytes until it is let go."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.size = 0
        self.gone = False

    def buffered_bytes(self) -> int:
        """Return its size."""
        return self.size

    def disconnect(self) -> None:
        """Note it."""
        self.gone = True


def hold(backlog: Backlog, origin: str, size: int) -> Socket:
    socket = Socket(origin)
    socket.size = size
    backlog.record(socket, size)
    return socket


def test_an_origin_that_holds_too_much_loses_its_largest_holder() -> None:
    backlog = Backlog(max_per_origin=100, max_total=1000)
    small, large, middle = (hold(backlog, "a", size) for size in (20, 50, 30))
    other = hold(backlog, "b", 90)
    assert not any(one.gone for one in (small, large, middle, other))
    last = hold(backlog, "a", 10)
    assert [one.gone for one in (small, large, middle, last, other)] == [
        False, True, False, False, False,
    ]  # fmt: skip
    assert backlog.total == 20 + 30 + 10 + 90


def test_where_all_hold_too_much_the_largest_origin_gives_way() -> None:
    backlog = Backlog(max_per_origin=100, max_total=150)
    greedy = [hold(backlog, "a", 30) for _ in range(3)]
    honest = [hold(backlog, name, 25) for name in "bcd"]
    assert [one.gone for one in greedy].count(True) == 1
    assert not any(one.gone for one in honest)
    assert backlog.total <= 150


def test_who_has_been_sent_everything_meanwhile_is_not_let_go() -> None:
    backlog = Backlog(max_per_origin=100, max_total=1000)
    quick = hold(backlog, "a", 90)
    quick.size = 0
    slow = hold(backlog, "a", 40)
    assert not quick.gone
    assert not slow.gone
    assert backlog.total == 40


def test_what_ends_is_forgotten() -> None:
    backlog = Backlog(max_per_origin=100, max_total=1000)
    one = hold(backlog, "a", 90)
    backlog.remove(one)
    backlog.remove(one)
    assert backlog.total == 0


def test_one_thing_of_any_size_has_room_and_a_second_one_that_fits() -> None:
    backlog = Backlog(max_per_origin=100, max_total=1000)
    assert backlog.has_room("a", 500)
    hold(backlog, "a", 60)
    assert backlog.has_room("a", 40)
    assert not backlog.has_room("a", 41)
    assert backlog.has_room("b", 500)
