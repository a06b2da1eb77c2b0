"""A typed message and the question that it was typed at: what the interpreter's rows work on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from privacydesk.dialog import entries, reading
from privacydesk.dialog.asking import hints
from privacydesk.dialog.buttons import Buttons
from privacydesk.dialog.choosing import Offered
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Confirm
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILES, TO_STAFF, input_kind, parse, takes_any_words
from privacydesk.domain.events import Choice

_MISSES_REPEAT: Final = 3
"""Misses in a row after which the question is repeated."""
_STORIES: Final = frozenset({"long_text", *TO_STAFF})
"""Types of answers in which people tell at length."""


class Place(StrEnum):
    """Where a message is typed."""

    MENU = "menu"
    """No form is open."""
    BETWEEN = "between"
    """A form is open and asks nothing: it waits for another system."""
    CONFIRM = "confirm"
    """A summary is to be confirmed."""
    CHOICE = "choice"
    """One of several answers is wanted: buttons, a list, a date, a number."""
    CODE = "code"
    """A code is wanted."""
    FILES = "files"
    """Files are wanted."""
    NAME = "name"
    """A name or another value of a few words is wanted."""
    STORY = "story"
    """Any words are the answer."""


class Reply:
    """A typed message at the open question.

    Args:
        runner: runs the flows.
        buttons: the buttons offered.
        script: the turn being written.
    """

    def __init__(self, runner: Runner, buttons: Buttons, script: Script) -> None:
        self.runner = runner
        self.buttons = buttons
        self.script = script
        self._frame, self._step = runner.waiting_step(script)

    @cached_property
    def place(self) -> Place:
        """Where the message was typed."""
        if self._frame is None:
            return Place.MENU
        if self._frame.waiting is not None or not isinstance(self._step, (Ask, Confirm)):
            return Place.BETWEEN
        if isinstance(self._step, Confirm):
            return Place.CONFIRM
        slot_type = self.slot_type
        if slot_type == FILES:
            return Place.FILES
        if slot_type == "code":
            return Place.CODE
        if not takes_any_words(slot_type):
            return Place.CHOICE
        return Place.STORY if slot_type in _STORIES else Place.NAME

    @property
    def text(self) -> str:
        """The text, without side questions that were already answered."""
        return self.script.said

    @property
    def frame(self) -> Running:
        """The frame whose question is open."""
        assert self._frame is not None
        return self._frame

    @property
    def ask(self) -> Ask:
        """The open question."""
        assert isinstance(self._step, Ask)
        return self._step

    @property
    def confirm(self) -> Confirm:
        """The open confirmation."""
        assert isinstance(self._step, Confirm)
        return self._step

    @property
    def slot_type(self) -> str:
        """The type of the answer that is wanted."""
        return self.runner.asking.slot_type(self.frame, self.ask)

    @property
    def offered(self) -> Offered:
        """The buttons of the open question, with their words."""
        return self.buttons.offered(self.script, self.frame)

    @property
    def meant(self) -> Choice | None:
        """The button that the reply means in other words, if that was recognised."""
        line = self.script.observed.chosen_line
        wording = self._step.wording if isinstance(self._step, (Ask, Confirm)) else ()
        if not 0 < line < len(wording):
            return None
        return next((choice for choice, _ in self.offered if choice.key == wording[line]), None)

    @cached_property
    def value(self) -> Any:
        """The answer that the text contains; None if it contains none."""
        entities = self.script.observed.entities
        if self.slot_type == "profile_field":
            # Of several fields, the first one that is given a value comes first.
            told = entries.fields_told(entities)
            return next(iter(told), parse(self.slot_type, self.text, entities))
        if self.slot_type == entries.FIELD_VALUE:
            field = self.frame.slots.get(entries.FIELD)
            answers = reading.answers(self.script)
            answer = entries.answer(field, self.text, entities, answers=answers)
            return answer or entries.piece_together(self.frame, self.text, entities)
        return parse(self.slot_type, self.text, entities)

    def ask_again(self, key: str, args: Mapping[str, Any] | None = None) -> None:
        """Say why an answer could not be taken, with the buttons of the question.

        The question stands right above, so it is not said twice; after a few misses it is, with a
        person to turn to.
        """
        script, frame = self.script, self.frame
        if script.answered_beside:
            self.runner.prompt_again(script)
            return
        prompt = script.prompt
        step = self._step
        kind = input_kind(self.slot_type) if isinstance(step, Ask) and not step.plain else None
        often = frame.misses and frame.misses % _MISSES_REPEAT == 0
        if prompt is None or prompt.serial != frame.serial or often:
            script.say(key, args)
            self.runner.run(script)
            return
        data = hints(self.frame, self.ask, self.slot_type) if isinstance(self._step, Ask) else None
        script.ask(key, args, prompt.choices, input_kind=kind, serial=frame.serial, data=data)
