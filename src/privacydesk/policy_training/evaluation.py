"""How well questions are answered from policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from privacydesk.encoder.embedding import E5Embedder
from privacydesk.policy.answering import AnswerModels, PolicyIndex, embedded_texts
from privacydesk.policy.chunks import split_sentences
from privacydesk.policy_training.corpus import Question, QuestionedPolicy


class Told(Struct, frozen=True):
    """How a question was answered.

    Attributes:
        question: what was asked.
        right: whether each quoted passage answers.
        quoted: whether what is quoted of the first one holds a sentence that answers.
    """

    question: Question
    right: tuple[bool, ...]
    quoted: bool


def by_desk(policy: QuestionedPolicy, encoder: E5Embedder, models: AnswerModels) -> PolicyIndex:
    """Return what answers as the desk does, with trained models."""
    vectors = encoder.embed_passages(embedded_texts(policy.version))
    return PolicyIndex(policy.version, vectors, encoder, models)


def ask(policy: QuestionedPolicy, index: PolicyIndex) -> list[Told]:
    """Ask a policy all its questions."""
    found = []
    for question in policy.questions:
        told = index.answer(question.text).quotes
        passages = {policy.chunks[passage].text for passage in question.answering}
        sentences = [
            split_sentences(policy.chunks[passage])[at] for passage, at in question.answers
        ]
        quoted = any(one in told[0].text for one in sentences) if told else False
        found.append(Told(question, tuple(one.text in passages for one in told), quoted))
    return found


def table(told: Sequence[Told]) -> str:
    """Return the figures, of all questions and by language.

    ``first`` and ``three`` are the shares of answerable questions whose passage is quoted first, or
    at all; ``sentence``, of those whose answering sentence is; wrongly and rightly declined, of
    answerable and of open questions for which nothing is quoted.
    """
    groups = {"all": list(told)}
    for one in told:
        groups.setdefault(one.question.language, []).append(one)
    lines = [f"{'':8}    n  first sentence  three  wrongly rightly declined"]
    for name, group in groups.items():
        answered = [one for one in group if one.question.answers]
        left_open = [one for one in group if not one.question.answers]
        figures = (
            _share(one.right[:1] == (True,) for one in answered),
            _share(one.quoted for one in answered),
            _share(any(one.right) for one in answered),
            _share(not one.right for one in answered),
            _share(not one.right for one in left_open),
        )
        lines.append(f"{name:8} {len(group):4}  " + "   ".join(f"{one:.3f}" for one in figures))
    return "\n".join(lines)


def _share(held: Iterable[bool]) -> float:
    found = list(held)
    return sum(found) / max(len(found), 1)
