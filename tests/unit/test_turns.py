"""Over as many commits as a mark says, each variant of a test is run once."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.common import turns

pytest_plugins = ("pytester",)
_INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


@pytest.mark.parametrize("first", [0, 7])
def test_each_variant_has_its_turn(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    pytester.makeini(_INI)
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


def test_files_of_the_browser_and_kills_take_turns(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini(_INI)
    items = [
        *browser_tests(pytester, "one"),
        *browser_tests(pytester, "two"),
        *browser_tests(pytester, "three"),
        *pytester.getitems(
            """
            import pytest

            @pytest.mark.kill
            def test_kill(): ...

            @pytest.mark.kill
            def test_another_kill(): ...

            @pytest.mark.kill
            def test_one_more_kill(): ...
            """
        ),
    ]
    kills = sorted(item.nodeid for item in items if "kill" in item.name)
    run: list[list[str]] = []
    for turn in range(12):
        monkeypatch.setattr(turns, "turn", lambda turn=turn: turn)
        kept = list(items)
        turns.drop_others(kept)
        run.append([item.nodeid for item in kept])
    for commit in run:
        assert len({one.partition("::")[0] for one in commit if "kill" not in one}) == 1
        assert sum("kill" in one for one in commit) == 1
    for begin in (0, 3, 6):
        of_three = [one for commit in run[begin : begin + 3] for one in commit]
        assert sorted(one for one in of_three if "kill" in one) == kills
        assert sum("always" in one for one in of_three) == 3
    for begin in (0, 6):
        of_six = [one for commit in run[begin : begin + 6] for one in commit if "variant" in one]
        assert sorted(of_six) == sorted(item.nodeid for item in items if "variant" in item.name)


def browser_tests(pytester: pytest.Pytester, name: str) -> list[pytest.Item]:
    path = pytester.makepyfile(
        **{
            f"test_{name}": """
            import pytest

            pytestmark = pytest.mark.browser

            def test_always(): ...

            @pytest.mark.by_turns(2)
            @pytest.mark.parametrize("n", range(2))
            def test_variant(n): ...
            """
        }
    )
    collected, _ = pytester.inline_genitems(path)
    return list(collected)
