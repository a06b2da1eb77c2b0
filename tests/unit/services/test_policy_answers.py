from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.common.policies import embedder, sample_policy

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.errors import NotFoundError, UnavailableError
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import FilePolicyLibrary, MemoryPolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services import policy_answers
from privacydesk.services.policy_answers import PolicyAnswers
from privacydesk.understanding.embedding import DIMENSIONS, Vector


class CountingEmbedder:
    """Vectors without a model, counting what it is asked; where it is asked is kept, too."""

    def __init__(self) -> None:
        self.passages = 0
        self.threads: set[int] = set()

    def load(self) -> None:
        """There is nothing to load."""

    def embed_query(self, text: str) -> Vector:
        self.threads.add(threading.get_ident())
        return np.full(DIMENSIONS, DIMENSIONS**-0.5, dtype=np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.passages += len(texts)
        return np.full((len(texts), DIMENSIONS), DIMENSIONS**-0.5, dtype=np.float32)


async def test_without_an_import_there_is_no_answer_and_nothing_is_loaded() -> None:
    counting = CountingEmbedder()
    answers = PolicyAnswers(MemoryPolicyLibrary(), None, counting)
    answers.load()
    assert await answers.answer("怎么注销账号", "me") is None
    assert answers.answer_now("怎么注销账号") is None
    assert counting.passages == 0


async def test_a_question_is_worked_out_beside_the_event_loop() -> None:
    counting = CountingEmbedder()
    answers = PolicyAnswers(MemoryPolicyLibrary(), sample_policy(), counting)
    assert await answers.answer("怎么注销账号", "me") is not None
    assert threading.get_ident() not in counting.threads


@pytest.mark.parametrize("kept", ["in memory", "in files"])
def test_passages_are_embedded_once_and_kept_with_the_version(kept: str, tmp_path: Path) -> None:
    library = MemoryPolicyLibrary() if kept == "in memory" else FilePolicyLibrary(tmp_path)
    library.save(sample_policy())
    first, second = CountingEmbedder(), CountingEmbedder()
    answers = PolicyAnswers(library, sample_policy(), first)
    answers.load()
    answers.load()
    made = first.passages
    assert made > 0
    PolicyAnswers(library, sample_policy(), second).load()
    assert (first.passages, second.passages) == (made, 0)


def test_damaged_vectors_are_made_again(tmp_path: Path) -> None:
    library = FilePolicyLibrary(tmp_path)
    library.save(sample_policy())
    library.keep_vectors(sample_policy(), b"damaged")
    counting = CountingEmbedder()
    PolicyAnswers(library, sample_policy(), counting).load()
    assert counting.passages > 0


def test_a_new_version_makes_only_what_changed(tmp_path: Path) -> None:
    library = FilePolicyLibrary(tmp_path)
    library.save(sample_policy())
    PolicyAnswers(library, sample_policy(), CountingEmbedder()).load()
    text = sample_policy().source
    line = next(line for line in text.splitlines() if len(line) > 60)
    changed = text.replace(line, f"{line} 本条自明年起适用。")
    version = read_policy(changed, name=sample_policy().name).version(datetime.now(UTC))
    library.save(version)
    counting = CountingEmbedder()
    PolicyAnswers(library, version, counting).load()
    assert 0 < counting.passages <= 2


def test_a_newer_version_is_answered_from_once_it_is_ready_and_not_before() -> None:
    library = MemoryPolicyLibrary()
    library.save(sample_policy())
    answered: list[PolicyAnswer | None] = []

    class Watched(CountingEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Vector:
            # Whoever asks while a newer one is made ready does not wait for it.
            if answers.digest == sample_policy().digest and made:
                answered.append(answers.answer_now("怎么注销账号"))
            return super().embed_passages(texts)

    made = False
    answers = PolicyAnswers(library, sample_policy(), Watched())
    answers.load()
    made = True
    newer = read_policy(
        "第一条 注销帐号\n您可以在设置里注销帐号，注销以后找不回来。\n", name=sample_policy().name
    ).version(datetime.now(UTC))
    library.save(newer)
    answers.go_by(newer.name, newer.digest)
    assert answered
    for answer in answered:
        assert answer is not None
        assert all(quote.text in sample_policy().source for quote in answer.quotes)
    assert answers.digest == newer.digest
    found = answers.answer_now("怎么注销账号")
    assert found is not None
    assert all(quote.text in newer.source for quote in found.quotes)


def test_the_version_in_force_is_not_made_again_and_one_that_is_not_kept_changes_nothing() -> None:
    library, counting = MemoryPolicyLibrary(), CountingEmbedder()
    library.save(sample_policy())
    answers = PolicyAnswers(library, sample_policy(), counting)
    answers.go_by(sample_policy().name, sample_policy().digest)
    assert counting.passages == 0
    with pytest.raises(NotFoundError):
        answers.go_by(sample_policy().name, "no such digest")
    assert answers.digest == sample_policy().digest


def test_whoever_is_interrupted_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_answers, "_KEPT_EVERY", 5)
    library = MemoryPolicyLibrary()
    library.save(sample_policy())
    first, second = CountingEmbedder(), CountingEmbedder()

    def interrupt(done: int, _count: int) -> None:
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PolicyAnswers(library, sample_policy(), first, interrupt).load()
    PolicyAnswers(library, sample_policy(), second).load()
    whole = CountingEmbedder()
    PolicyAnswers(MemoryPolicyLibrary(), sample_policy(), whole).load()
    assert (first.passages, second.passages) == (12, whole.passages - 10)


def test_a_folder_that_can_not_be_written_costs_no_answer() -> None:
    class ReadOnly(MemoryPolicyLibrary):
        def keep_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
            raise UnavailableError("read only")

    text = "第一条 注销账号\n您可以随时注销账号：打开“设置-账号与安全-注销账号”，按提示操作。\n"
    version = read_policy(text, name="short").version(datetime.now(UTC))
    answers = PolicyAnswers(ReadOnly(), version, embedder())
    found = answers.answer_now("怎么注销账号")
    assert found is not None
    assert found.answerable


def test_stopping_leaves_off_making_vectors() -> None:
    answers = PolicyAnswers(MemoryPolicyLibrary(), sample_policy(), CountingEmbedder())
    answers.stop()
    with pytest.raises(UnavailableError):
        answers.load()
