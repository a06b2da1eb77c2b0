from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.common.policies import CountingEmbedder, sample_policy

from privacydesk.errors import UnavailableError
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import FilePolicyLibrary, MemoryPolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services import passage_vectors
from privacydesk.services.passage_vectors import precompute_vectors


def imported(library: FilePolicyLibrary | MemoryPolicyLibrary, version: PolicyVersion) -> int:
    """Import a version's vectors; return how many were made."""
    counting = CountingEmbedder()
    precompute_vectors(library, version, counting)
    return counting.passages


@pytest.mark.parametrize("kept", ["in memory", "in files"])
def test_passages_are_embedded_once_and_kept_with_the_version(kept: str, tmp_path: Path) -> None:
    library = MemoryPolicyLibrary() if kept == "in memory" else FilePolicyLibrary(tmp_path)
    library.save(sample_policy())
    assert imported(library, sample_policy()) > 0
    assert imported(library, sample_policy()) == 0


def test_damaged_vectors_are_made_again(tmp_path: Path) -> None:
    library = FilePolicyLibrary(tmp_path)
    library.save(sample_policy())
    library.save_vectors(sample_policy(), b"damaged")
    assert imported(library, sample_policy()) > 0
    assert imported(library, sample_policy()) == 0


def test_a_new_version_makes_only_what_changed_and_keeps_all_of_its_own(tmp_path: Path) -> None:
    library = FilePolicyLibrary(tmp_path)
    library.save(sample_policy())
    imported(library, sample_policy())
    text = sample_policy().source
    line = next(line for line in text.splitlines() if len(line) > 60)
    changed = text.replace(line, f"{line} 本条自明年起适用。")
    version = read_policy(changed, name=sample_policy().name).version(datetime.now(UTC))
    library.save(version)
    assert 0 < imported(library, version) <= 2
    assert imported(library, version) == 0


def test_an_earlier_text_that_is_imported_again_is_kept_without_being_made(tmp_path: Path) -> None:
    library = FilePolicyLibrary(tmp_path)
    for text in ("第一条 注销\n您可以注销账号。\n", "第一条 注销\n您不能注销账号。\n") * 2:
        version = read_policy(text, name="short").version(datetime.now(UTC))
        library.save(version)
        imported(library, version)
    assert library.vectors(version) is not None
    assert imported(library, version) == 0


def test_an_interrupted_import_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passage_vectors, "_SAVE_EVERY", 5)
    library = MemoryPolicyLibrary()
    library.save(sample_policy())

    def interrupt(done: int, _count: int) -> None:
        if done == 12:
            raise KeyboardInterrupt

    first = CountingEmbedder()
    with pytest.raises(KeyboardInterrupt):
        precompute_vectors(library, sample_policy(), first, interrupt)
    whole = imported(MemoryPolicyLibrary(), sample_policy())
    assert (first.passages, imported(library, sample_policy())) == (12, whole - 10)


def test_an_import_that_can_not_keep_anything_says_so() -> None:
    class Full(MemoryPolicyLibrary):
        def save_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
            raise UnavailableError("the disk is full")

    with pytest.raises(UnavailableError):
        imported(Full(), sample_policy())
