"""How well an operator's real policy is answered from; none is kept here.

The untouched half of ``benchmarks/policy_questions.yaml``: nothing was tuned on it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from benchmarks.policy_answers import Question, read_questions
from tests.common.policies import embedder

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import MemoryPolicyLibrary
from privacydesk.services.policy_answers import PolicyAnswers

POLICY = os.environ.get("PRIVACYDESK_REFERENCE_POLICY", "")

pytestmark = pytest.mark.skipif(
    not POLICY, reason="no reference policy: set PRIVACYDESK_REFERENCE_POLICY to a file"
)


@pytest.fixture(scope="module")
def answered() -> list[tuple[Question, PolicyAnswer]]:
    text = decode_policy(Path(POLICY).read_bytes()).text
    version = read_policy(text, name="reference").version(datetime(2026, 1, 2, tzinfo=UTC))
    answers = PolicyAnswers(MemoryPolicyLibrary(), version, embedder())
    found = [(asked, answers.answer_sync(asked.text)) for asked in read_questions("report")]
    return [(asked, answer) for asked, answer in found if answer is not None]


def share(held: list[bool]) -> float:
    return sum(held) / len(held)


def test_the_right_article_comes_first(answered: list[tuple[Question, PolicyAnswer]]) -> None:
    assert (
        share(
            [
                bool(answer.quotes) and answer.quotes[0].article.startswith(asked.article)
                for asked, answer in answered
                if asked.article
            ]
        )
        >= 0.85
    )


def test_what_the_policy_does_not_say_is_declined(
    answered: list[tuple[Question, PolicyAnswer]],
) -> None:
    assert share([not answer.answerable for asked, answer in answered if not asked.article]) >= 0.85
    assert share([not answer.answerable for asked, answer in answered if asked.article]) <= 0.05
