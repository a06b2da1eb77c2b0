"""That what ships as YAML reads alike with libyaml and without it, which not every platform has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
def test_files_read_alike_with_both_loaders() -> None:
    files = [
        file
        for folder in ("src/privacydesk", "dialogs", "profiles")
        for file in (ROOT / folder).rglob("*.yaml")
    ]
    assert len(files) > 100
    for file in files:
        text = file.read_text("utf-8")
        assert yaml.load(text, yaml.SafeLoader) == yaml.load(text, yaml.CSafeLoader), file
