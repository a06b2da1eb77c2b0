"""What people answer at the steps of forms: JSON Lines, one voice a file."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.reading import Question, ReplyAct
from privacydesk.nlu.labels import REPLY_ACTS
from privacydesk.training.corpus import decoded

Questions = Mapping[tuple[str, str], str]
"""The questions, buttons included, by place (``flow.step``) and locale."""

_LOCALES: Final = {"zh-Hans": "zh_Hans", "zh-Hant": "zh_Hant", "yue": "zh_Hant"}
_ANSWERS: Final = {
    "yes": ReplyAct.YES, "no": ReplyAct.NO, "later": ReplyAct.LATER, "done": ReplyAct.NOTHING,
    "told": ReplyAct.TOLD,
}  # fmt: skip
"""The act of an answer that was written without a question, at one that it fits."""
_CHOOSING: Final = frozenset({ReplyAct.YES, ReplyAct.NO, ReplyAct.NOTHING})
"""Acts of replies that may mean a button which the writer did not note."""
_UNTOLD: Final = 0.3
"""How often the answers before are left out."""
_UNASKED: Final = 0.1
"""How often a question is left out."""


class LabelledReply(Struct, frozen=True):
    """The training labels of a reply.

    Attributes:
        text: of the reply.
        question: the question that it answers.
        acts: for each of ``REPLY_ACTS`` 1 where the reply has it, 0 where not, and -1 where that is
            not known.
        line: the line of the question with the button that is meant; 0 where none is, -1 where that
            is not known.
    """

    text: str
    question: Question
    acts: tuple[float, ...]
    line: int = -1


class Reply(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a file."""

    place: str
    text: str
    acts: tuple[ReplyAct, ...]
    before: str = ""
    choose: tuple[str, ...] = ()

    def labelled(self, locale: str, questions: Questions) -> LabelledReply:
        """Return its training labels, where the desk asked in a locale."""
        question = Question(questions[self.place, locale], self.before)
        acts = tuple(float(one in self.acts) for one in REPLY_ACTS)
        return LabelledReply(self.text, question, acts, self._line(questions))

    def _line(self, questions: Questions) -> int:
        """Return the line of the button that is chosen; -1 where nothing tells it."""
        asked = (text.split("\n") for (place, _), text in questions.items() if place == self.place)
        lines = {at for one in asked for at, words in enumerate(one) if at and words in self.choose}
        if len(lines) == 1:
            return lines.pop()
        # A kind of data is no button that is always there; who chooses nothing means none.
        return -1 if lines or self.choose or _CHOOSING.intersection(self.acts) else 0


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
    """Puts replies after questions, different ones each time.

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
        self._answers = answers
        self._fitting: dict[ReplyAct | None, list[str]] = defaultdict(
            list, {None: list(questions.values())}
        )
        self._replies: list[LabelledReply] = []
        for locale, replies in voices:
            for one in replies:
                self._replies.append(one.labelled(locale, questions))
                for act in one.acts:
                    self._fitting[act].append(questions[one.place, locale])

    def replied(self, seed: int) -> list[LabelledReply]:
        """Return all replies, some of them without parts of their question."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        found = [_less(one, chance) for one in self._replies]
        return found + [self._answered(text, name, chance) for text, name in self._answers]

    def _answered(self, text: str, name: str, chance: random.Random) -> LabelledReply:
        does, known = _ANSWERS.get(name), _ANSWERS.values()
        acts = tuple(float(one is does) if one in known else -1.0 for one in REPLY_ACTS)
        question = Question(chance.choice(self._fitting[does]))
        return LabelledReply(text, question, acts)


def _less(reply: LabelledReply, chance: random.Random) -> LabelledReply:
    text, before = reply.question.text, reply.question.before
    told = "" if chance.random() < _UNTOLD else before
    if chance.random() < _UNASKED:
        return replace(reply, question=Question("", told), line=-1)
    return replace(reply, question=Question(text, told))
