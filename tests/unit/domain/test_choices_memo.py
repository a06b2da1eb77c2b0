from __future__ import annotations

from privacydesk.domain.choices_memo import ChoicesMemo, FixedChoices
from privacydesk.domain.events import Choice

BUTTONS = (Choice("a", key="k.a"), Choice("b", key="k.b"))


def counting() -> tuple[ChoicesMemo[int], list[tuple[Choice, ...]]]:
    made: list[tuple[Choice, ...]] = []

    def make(choices: tuple[Choice, ...]) -> int:
        made.append(choices)
        return len(made)

    return ChoicesMemo(make), made


def test_fixed_buttons_are_made_into_something_once() -> None:
    memo, made = counting()
    fixed = FixedChoices(BUTTONS)
    assert [memo(fixed), memo(fixed)] == [1, 1]
    assert made == [BUTTONS]


def test_equal_buttons_that_are_another_object_are_others() -> None:
    memo, _ = counting()
    assert [memo(FixedChoices(BUTTONS)), memo(FixedChoices(BUTTONS))] == [1, 2]


def test_a_persons_own_buttons_are_not_kept() -> None:
    memo, made = counting()
    assert [memo(BUTTONS), memo(BUTTONS)] == [1, 2]
    assert len(made) == 2


def test_a_memo_does_not_grow_without_end() -> None:
    memo, made = counting()
    many = [FixedChoices((Choice(str(number), key="k"),)) for number in range(2_500)]
    for fixed in many:
        memo(fixed)
    assert memo(many[-1]) == 2_500
    assert memo(many[0]) == 2_501
    assert len(made) == 2_501
