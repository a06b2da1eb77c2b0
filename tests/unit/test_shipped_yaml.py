"""That what ships as YAML reads alike with libyaml and without it, which not every platform has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file.relative_to(ROOT)
    for folder in ("src/privacydesk", "dialogs", "profiles")
    for file in (ROOT / folder).rglob("*.yaml")
)


def test_there_is_something_to_read() -> None:
    assert len(FILES) > 100


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_reads_alike_with_both_loaders(file: Path) -> None:
    text = (ROOT / file).read_text("utf-8")
    assert yaml.load(text, yaml.SafeLoader) == yaml.load(text, yaml.CSafeLoader)
