"""The table by which typed messages are interpreted."""

from __future__ import annotations

from inspect import unwrap

import pytest

from privacydesk.dialog.interpreter import TABLE
from privacydesk.dialog.reply import Place

LAST = {
    Place.MENU: "request, or something about one that was filed",
    Place.BETWEEN: "anything else while another system is waited for",
    Place.CONFIRM: "neither yes nor no",
    **dict.fromkeys(
        (Place.CHOICE, Place.CODE, Place.FILES, Place.NAME, Place.STORY), "not understood"
    ),
}
"""The row that takes at each place what no row above it takes."""


@pytest.mark.parametrize("place", Place)
def test_something_is_made_of_every_message_at_every_place(place: Place) -> None:
    rows = [row for row in TABLE if place in row.places]
    assert rows[-1].what == LAST[place]


@pytest.mark.parametrize("place", Place)
def test_a_place_has_no_row_twice(place: Place) -> None:
    takes = [unwrap(row.takes) for row in TABLE if place in row.places]
    assert len(takes) == len(set(takes))


@pytest.mark.parametrize("place", Place)
def test_care_questions_and_commands_come_first_at_every_place(place: Place) -> None:
    first = [row.what for row in TABLE if place in row.places][:3]
    assert first == [row.what for row in TABLE[:3]]
