"""What people answer at the steps of forms: JSON Lines, one voice a file."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from msgspec import Struct

from privacydesk.domain.reading import Question, ReplyAct
from privacydesk.nlu.labels import REPLY_ACTS
from privacydesk.training.corpus import decoded
from privacydesk.training.labelling import Labelled

Questions = Mapping[tuple[str, str], str]
"""The questions, buttons included, by place (``flow.step``) and locale."""

_LOCALES: Final = {"zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant", "yue": "zh_Hant"}
_ANSWERS: Final = {
    "yes": ReplyAct.YES, "no": ReplyAct.NO, "later": ReplyAct.LATER, "done": ReplyAct.NOTHING,
    "told": ReplyAct.TOLD,
}  # fmt: skip
"""The act of an answer that was written without a question, at one that it fits."""
_UNTOLD: Final = 0.3
"""How often the answers before are left out, and how often a message is put after a question."""
_UNASKED: Final = 0.1
"""How often a question is left out."""


class Reply(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a file."""

    place: str
    text: str
    acts: tuple[ReplyAct, ...]
    before: str = ""
    choose: tuple[str, ...] = ()

    def labelled(self, locale: str, questions: Questions) -> Labelled:
        """Return its training labels, where the desk asked in a locale."""
        question = Question(questions[self.place, locale], self.before)
        acts = tuple(float(one in self.acts) for one in REPLY_ACTS)
        return Labelled(self.text, None, question=question, acts=acts)


def read_replies(name: str, text: str) -> tuple[str, list[Reply]]:
    """Return the locale in which the desk asked, and what a voice replied.

    Args:
        name: of the voice's file, which begins with its language.
        text: of the file.

    Raises:
        SettingsError: a line breaks the form; names the file and the line.
    """
    language, lines = name.partition("_")[0], decoded(f"corpus/replies/{name}.jsonl", text, Reply)
    return _LOCALES.get(language, language), [reply for _, reply in lines]


class Asking:
    """Puts messages after questions, different ones each time.

    Args:
        voices: replies to learn from, with their locales.
        answers: replies that were written without a question, with the names of their acts.
        questions: what is asked at each place.
    """

    def __init__(
        self,
        voices: Iterable[tuple[str, Sequence[Reply]]],
        answers: Sequence[tuple[str, str]],
        questions: Questions,
    ) -> None:
        self._answers, self._questions = answers, questions
        self._texts = list(questions.values())
        self._fitting: dict[ReplyAct | None, list[str]] = defaultdict(list, {None: self._texts})
        self.replies: list[Labelled] = []
        for locale, replies in voices:
            for one in replies:
                self.replies.append(one.labelled(locale, questions))
                for act in one.acts:
                    self._fitting[act].append(questions[one.place, locale])

    def texts(self) -> list[str]:
        """Return all texts of replies and questions."""
        return [one.text for one in self.replies] + [one for one, _ in self._answers] + self._texts

    def replied(self, seed: int) -> list[Labelled]:
        """Return all replies, some of them without parts of their question."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        found = [replace(one, question=_less(one.question, chance)) for one in self.replies]
        return found + [self._answered(text, name, chance) for text, name in self._answers]

    def behind_questions(self, messages: Sequence[Labelled], seed: int) -> list[Labelled]:
        """Return messages, some of them after a question, which leaves their labels as they are."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        return [
            replace(one, question=Question(chance.choice(self._texts)))
            if chance.random() < _UNTOLD
            else one
            for one in messages
        ]

    def _answered(self, text: str, name: str, chance: random.Random) -> Labelled:
        does, known = _ANSWERS.get(name), _ANSWERS.values()
        acts = tuple(float(one is does) if one in known else -1.0 for one in REPLY_ACTS)
        question = Question(chance.choice(self._fitting[does]))
        return Labelled(text, None, question=question, acts=acts)


def _less(question: Question, chance: random.Random) -> Question:
    before = "" if chance.random() < _UNTOLD else question.before
    return Question("" if chance.random() < _UNASKED else question.text, before)
