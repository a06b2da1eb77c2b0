from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from tests.common.policies import CountingEmbedder, embedder, sample_policy

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.encoder.embedding import Vector
from privacydesk.errors import NotFoundError, UnavailableError
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import MemoryPolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.passage_vectors import precompute_vectors
from privacydesk.services.policy_answers import PolicyAnswers


async def test_without_an_import_there_is_no_answer_and_nothing_is_loaded() -> None:
    counting = CountingEmbedder()
    answers = PolicyAnswers(MemoryPolicyLibrary(), None, counting)
    answers.load()
    assert await answers.answer("怎么注销账号", "me") is None
    assert answers.answer_sync("怎么注销账号") is None
    assert (counting.passages, counting.loads) == (0, 0)


def test_a_first_version_is_answered_from_with_its_model_ready() -> None:
    library, counting = MemoryPolicyLibrary(), CountingEmbedder()
    library.save(sample_policy())
    precompute_vectors(library, sample_policy(), CountingEmbedder())
    answers = PolicyAnswers(library, None, counting)
    answers.switch_to(sample_policy().name, sample_policy().digest)
    assert counting.loads == 1
    assert answers.answer_sync("怎么注销账号") is not None


async def test_a_question_is_worked_out_beside_the_event_loop() -> None:
    counting = CountingEmbedder()
    answers = PolicyAnswers(MemoryPolicyLibrary(), sample_policy(), counting)
    assert await answers.answer("怎么注销账号", "me") is not None
    assert threading.get_ident() not in counting.threads


def test_whoever_answers_makes_what_is_not_kept_and_writes_nothing() -> None:
    class ReadOnly(MemoryPolicyLibrary):
        def save_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
            raise AssertionError("the process that reads may not write")

    text = "第一条 注销账号\n您可以随时注销账号：打开“设置-账号与安全-注销账号”，按提示操作。\n"
    version = read_policy(text, name="short").version(datetime.now(UTC))
    answers = PolicyAnswers(ReadOnly(), version, embedder())
    with capture_logs() as logged:
        found = answers.answer_sync("怎么注销账号")
    assert found is not None
    assert found.answerable
    assert [entry["event"] for entry in logged] == ["policy_vectors_missing"]


def test_whoever_answers_reads_what_the_import_kept() -> None:
    library, counting = MemoryPolicyLibrary(), CountingEmbedder()
    library.save(sample_policy())
    precompute_vectors(library, sample_policy(), CountingEmbedder())
    with capture_logs() as logged:
        PolicyAnswers(library, sample_policy(), counting).load()
    assert (counting.passages, logged) == (0, [])


def test_a_newer_version_is_answered_from_once_it_is_ready_and_not_before() -> None:
    library = MemoryPolicyLibrary()
    library.save(sample_policy())
    answered: list[PolicyAnswer | None] = []

    class Watched(CountingEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Vector:
            # Whoever asks while a newer one is made ready does not wait for it.
            if answers.digest == sample_policy().digest and made:
                answered.append(answers.answer_sync("怎么注销账号"))
            return super().embed_passages(texts)

    made = False
    answers = PolicyAnswers(library, sample_policy(), Watched())
    answers.load()
    made = True
    newer = read_policy(
        "第一条 注销帐号\n您可以在设置里注销帐号，注销以后找不回来。\n", name=sample_policy().name
    ).version(datetime.now(UTC))
    library.save(newer)
    answers.switch_to(newer.name, newer.digest)
    assert answered
    for answer in answered:
        assert answer is not None
        assert all(quote.text in sample_policy().source for quote in answer.quotes)
    assert answers.digest == newer.digest
    found = answers.answer_sync("怎么注销账号")
    assert found is not None
    assert all(quote.text in newer.source for quote in found.quotes)


def test_the_version_in_force_is_not_made_again_and_one_that_is_not_kept_changes_nothing() -> None:
    library, counting = MemoryPolicyLibrary(), CountingEmbedder()
    library.save(sample_policy())
    answers = PolicyAnswers(library, sample_policy(), counting)
    answers.switch_to(sample_policy().name, sample_policy().digest)
    assert counting.passages == 0
    with pytest.raises(NotFoundError):
        answers.switch_to(sample_policy().name, "no such digest")
    assert answers.digest == sample_policy().digest


def test_stopping_leaves_off_making_vectors() -> None:
    answers = PolicyAnswers(MemoryPolicyLibrary(), sample_policy(), CountingEmbedder())
    answers.stop()
    with pytest.raises(UnavailableError):
        answers.load()
