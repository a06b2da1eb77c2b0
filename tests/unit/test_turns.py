"""Over as many commits as a mark says, each variant of a test is run once."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.common import turns

pytest_plugins = ("pytester",)


@pytest.mark.parametrize("first", [0, 7])
def test_each_variant_has_its_turn(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    items = pytester.getitems(
        """
        import pytest

        @pytest.mark.by_turns(3)
        @pytest.mark.parametrize("n", range(7))
        def test_by_turns(n): ...

        @pytest.mark.parametrize("n", range(2))
        def test_always(n): ...
        """
    )
    run: Counter[str] = Counter()
    for turn in range(first, first + 3):
        monkeypatch.setattr(turns, "turn", lambda turn=turn: turn)
        kept = list(items)
        dropped = turns.drop_others(kept)
        assert sorted(kept + dropped, key=items.index) == items
        run.update(item.name for item in kept)
    assert {name for name, times in run.items() if times == 1} == {
        f"test_by_turns[{n}]" for n in range(7)
    }
    assert (run["test_always[0]"], run["test_always[1]"]) == (3, 3)
