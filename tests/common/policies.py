"""The demo's policy, imported and ready to be asked; the slow part is done once a run."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from tests.common.npm import locked

from privacydesk.demo.files import DATA
from privacydesk.encoder.embedding import DIMENSIONS, E5Embedder, States, Vector
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import (
    FilePolicyLibrary,
    MemoryPolicyLibrary,
    TranslationLanguage,
    translation_name,
)
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.passage_vectors import precompute_vectors
from privacydesk.services.policy_answers import PolicyAnswers

SAMPLE: Final = "lane"
"""The name under which it is imported: the demo's own, which finds it in its folder."""


@cache
def sample_policy() -> PolicyVersion:
    """Return the demo's policy as an import."""
    text = decode_policy((DATA / "policy.md").read_bytes()).text
    return read_policy(text, name=SAMPLE).version(datetime(2026, 1, 12, tzinfo=UTC))


@cache
def sample_translation() -> PolicyVersion:
    """Return the English translation of the demo's policy, imported a day later."""
    text = decode_policy((DATA / "policy.en.md").read_bytes()).text
    name = translation_name(SAMPLE, TranslationLanguage.EN)
    return read_policy(text, name=name).version(datetime(2026, 1, 13, tzinfo=UTC))


class CountingEmbedder:
    """Vectors without a model, counting what it is asked; where it is asked is kept, too."""

    def __init__(self) -> None:
        self.passages = 0
        self.loads = 0
        self.threads: set[int] = set()

    def load(self) -> None:
        self.loads += 1

    def read_query(self, text: str) -> tuple[Vector, States]:
        self.threads.add(threading.get_ident())
        vector = np.full(DIMENSIONS, DIMENSIONS**-0.5, dtype=np.float32)
        return vector, np.zeros((2, DIMENSIONS), dtype=np.float32)

    def read_passage(self, parts: Sequence[str]) -> tuple[States, list[tuple[int, int]]]:
        places = [(at, at + 1) for at in range(len(parts))]
        return np.zeros((len(parts), DIMENSIONS), dtype=np.float32), places

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        self.passages += len(texts)
        return np.full((len(texts), DIMENSIONS), DIMENSIONS**-0.5, dtype=np.float32)


@cache
def embedder() -> E5Embedder:
    """Return the model, loaded once a process."""
    return E5Embedder()


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
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        precompute_vectors(library, sample_policy(), embedder())
        return library
    # To make them takes seconds: the first worker that needs them does.
    kept = Path(tempfile.gettempdir()) / f"policy-vectors-{run}"
    with locked(kept.with_suffix(".lock")):
        if kept.exists():
            library.save_vectors(sample_policy(), kept.read_bytes())
        else:
            precompute_vectors(library, sample_policy(), embedder())
            kept.write_bytes(library.vectors(sample_policy()) or b"")
    return library


def bring_sample_policy(folder: Path) -> None:
    """Import the demo's policy into a data folder, with what its passages are found by."""
    vectors = _library().vectors(sample_policy())
    assert vectors is not None
    library = FilePolicyLibrary(folder)
    library.save(sample_policy())
    library.save_vectors(sample_policy(), vectors)
