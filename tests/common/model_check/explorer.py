"""A breadth-first explorer of states made of parts, each a value of its own.

A state is a tuple of parts. An action is given some of the parts and returns their successors, so
it is run once for each combination of these parts, however many states have them: the real code
decides each step, and a table remembers what it decided. Nothing is sampled: if the exploration
ends, every state was visited that the actions lead to.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

Parts = tuple[Any, ...]


class Refused(Exception):  # noqa: N818 - a normal answer of the desk
    """The desk refuses an action, or there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Action:
    """A step that somebody may try at any time.

    Attributes:
        name: as it is printed in paths.
        parts: the indexes of the parts that it reads and changes.
        run: returns these parts afterwards.
    """

    name: str
    parts: tuple[int, ...]
    run: Callable[[Parts], Parts]


@dataclass(frozen=True, slots=True)
class StepRule:
    """What holds of every step; raises ``AssertionError`` otherwise.

    Attributes:
        parts: the indexes of the parts that it looks at.
        check: is given the action's name and these parts, before and after the step.
    """

    name: str
    parts: tuple[int, ...]
    check: Callable[[str, Parts, Parts], None]


@dataclass(frozen=True, slots=True)
class StateRule:
    """What holds in every state; raises ``AssertionError`` otherwise."""

    name: str
    parts: tuple[int, ...]
    check: Callable[[Parts], None]


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold, with the shortest way there."""

    rule: str
    why: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        steps = "\n".join(f"  {number}. {name}" for number, name in enumerate(self.path, 1))
        return f"{self.rule}: {self.why}\n{steps}"


@dataclass(frozen=True, slots=True)
class Exploration:
    """What an exploration found.

    Attributes:
        states: how many different states were visited.
        steps: how many steps between states were taken.
        decided: how many steps the code decided; the others met the same parts again.
        depth: the most steps from the beginning to a state.
        complete: whether all states were visited that the actions lead to.
        violation: the first rule found not to hold.
        taken: by action, how often it was taken.
    """

    states: int
    steps: int
    decided: int
    depth: int
    complete: bool
    violation: Violation | None
    taken: dict[str, int]


class _Table:
    """The values of one part, each with a small number."""

    def __init__(self, key: Callable[[Any], Hashable]) -> None:
        self.values: list[Any] = []
        self._key = key
        self._numbers: dict[Hashable, int] = {}

    def number(self, value: Any) -> int:
        key = self._key(value)
        number = self._numbers.setdefault(key, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class Explorer:
    """Explores all states that actions lead to, and checks the rules.

    Args:
        actions: what may be tried in every state.
        step_rules: what is checked of every step.
        state_rules: what is checked of every state.
        key: a part as a hashable value: equal for parts that count as the same.
    """

    def __init__(
        self,
        actions: Sequence[Action],
        step_rules: Sequence[StepRule],
        state_rules: Sequence[StateRule],
        key: Callable[[Any], Hashable],
    ) -> None:
        self._actions = actions
        self._step_rules = step_rules
        self._state_rules = state_rules
        self._key = key
        self._steps: list[dict[tuple[int, ...], tuple[int, ...] | None]] = [{} for _ in actions]
        self._held: list[set[tuple[int, ...]]] = [set() for _ in state_rules]
        self._steps_held: list[set[tuple[int, ...]]] = [set() for _ in step_rules]
        # A rule concerns the actions that change something of what it looks at.
        self._rules_of = [
            [
                place
                for place, rule in enumerate(step_rules)
                if not set(rule.parts).isdisjoint(action.parts)
            ]
            for action in actions
        ]
        self._tables: list[_Table] = []
        self._broken: Violation | None = None

    def explore(self, start: Parts, limit: int, first_steps: Sequence[str] = ()) -> Exploration:
        """Explore until nothing is new, a rule fails or ``limit`` is reached.

        Args:
            start: the state in which nothing has happened yet.
            limit: the most states.
            first_steps: names of the actions that lead to where the exploration begins.
        """
        self._tables = [_Table(self._key) for _ in start]
        first = tuple(table.number(part) for table, part in zip(self._tables, start, strict=True))
        numbers = {action.name: number for number, action in enumerate(self._actions)}
        for name in first_steps:
            after = self._after(numbers[name], self._actions[numbers[name]], first)
            assert after is not None, f"{name}: refused"
            first = after
        seen = {first: 0}
        states, parents, by = [first], array("q", [-1]), array("h", [-1])
        depths = array("h", [0])
        at = taken = 0
        counts = [0] * len(self._actions)
        violation = self._state_violation(first)
        while at < len(states) and violation is None and len(states) < limit:
            state = states[at]
            for number, action in enumerate(self._actions):
                after = self._after(number, action, state)
                violation = self._broken
                if violation is None and (after is None or after == state):
                    continue
                if after is not None:
                    taken += 1
                    counts[number] += 1
                    violation = self._step_violation(number, action.name, state, after)
                if after is not None and after not in seen:
                    seen[after] = len(states)
                    states.append(after)
                    parents.append(at)
                    by.append(number)
                    depths.append(depths[at] + 1)
                    violation = violation or self._state_violation(after)
                if violation is not None:
                    names = (*first_steps, *self._path(at, parents, by), action.name)
                    violation = Violation(violation.rule, violation.why, names)
                    break
            at += 1
        return Exploration(
            states=len(states),
            steps=taken,
            decided=sum(map(len, self._steps)),
            depth=max(depths),
            complete=violation is None and at == len(states),
            violation=violation,
            taken={a.name: count for a, count in zip(self._actions, counts, strict=True)},
        )

    def _after(self, number: int, action: Action, state: tuple[int, ...]) -> tuple[int, ...] | None:
        given = tuple([state[part] for part in action.parts])
        known = self._steps[number]
        if given in known:
            result = known[given]
        else:
            result = known[given] = self._decide(action, given)
        if result is None:
            return None
        after = list(state)
        for part, value in zip(action.parts, result, strict=True):
            after[part] = value
        return tuple(after)

    def _decide(self, action: Action, given: tuple[int, ...]) -> tuple[int, ...] | None:
        try:
            parts = action.run(self._values(action.parts, given))
        except Refused:
            return None
        except AssertionError as error:
            self._broken = Violation("the step itself", str(error), ())
            return None
        numbered = zip(action.parts, parts, strict=True)
        return tuple(self._tables[part].number(value) for part, value in numbered)

    def _values(self, parts: tuple[int, ...], numbers: Sequence[int]) -> Parts:
        return tuple(
            self._tables[part].values[number] for part, number in zip(parts, numbers, strict=True)
        )

    def _step_violation(
        self, number: int, name: str, before: tuple[int, ...], after: tuple[int, ...]
    ) -> Violation | None:
        for place in self._rules_of[number]:
            rule, held = self._step_rules[place], self._steps_held[place]
            earlier = [before[part] for part in rule.parts]
            later = [after[part] for part in rule.parts]
            if earlier == later:
                continue
            key = (number, *earlier, *later)
            if key in held:
                continue
            held.add(key)
            try:
                rule.check(name, self._values(rule.parts, earlier), self._values(rule.parts, later))
            except AssertionError as error:
                return Violation(rule.name, str(error), ())
        return None

    def _state_violation(self, state: tuple[int, ...]) -> Violation | None:
        for rule, held in zip(self._state_rules, self._held, strict=True):
            key = tuple([state[part] for part in rule.parts])
            if key in held:
                continue
            held.add(key)
            try:
                rule.check(self._values(rule.parts, key))
            except AssertionError as error:
                return Violation(rule.name, str(error), ())
        return None

    def _path(self, at: int, parents: array[int], by: array[int]) -> tuple[str, ...]:
        names: list[str] = []
        while parents[at] >= 0:
            names.append(self._actions[by[at]].name)
            at = parents[at]
        return tuple(reversed(names))
