"""The demo's policy, imported and ready to be asked; the slow part is done once a process."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from privacydesk.demo.files import DATA
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import FilePolicyLibrary, MemoryPolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.policy_answers import PolicyAnswers
from privacydesk.understanding.embedding import E5Embedder

SAMPLE: Final = "lane"
"""The name under which it is imported: the demo's own, which finds it in its folder."""


@cache
def sample_policy() -> PolicyVersion:
    """Return the demo's policy as an import."""
    text = decode_policy((DATA / "policy.md").read_bytes()).text
    return read_policy(text, name=SAMPLE).version(datetime(2026, 1, 12, tzinfo=UTC))


class _RememberingEmbedder(E5Embedder):
    """Reads a wish once: the same are said in many stories, and reading takes the longest."""

    def __init__(self) -> None:
        super().__init__()
        self.embed_wish = cache(super().embed_wish)  # type: ignore[method-assign]


@cache
def embedder() -> E5Embedder:
    """Return the model, loaded once a process."""
    return _RememberingEmbedder()


@cache
def sample_answers() -> PolicyAnswers:
    """Return what answers from the demo's policy."""
    answers = PolicyAnswers(_library(), sample_policy(), embedder())
    answers.load()
    return answers


@cache
def _library() -> MemoryPolicyLibrary:
    library = MemoryPolicyLibrary()
    library.save(sample_policy())
    return library


def bring_sample_policy(folder: Path) -> None:
    """Import the demo's policy into a data folder, with what its passages are found by."""
    sample_answers()
    vectors = _library().vectors(sample_policy())
    assert vectors is not None
    library = FilePolicyLibrary(folder)
    library.save(sample_policy())
    library.keep_vectors(sample_policy(), vectors)
