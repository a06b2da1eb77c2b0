"""The SBOM names what the desk runs on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def _printed(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "scripts" / "sbom.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603


def test_every_dependency_is_in_it_once_with_its_licence() -> None:
    told: dict[str, Any] = json.loads(_printed())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["name"] == "privacydesk"
    names = [one["name"] for one in told["components"]]
    assert len(names) == len(set(names))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    direct = {re.split(r"[<>=;\[]", one)[0].strip() for one in project["dependencies"]}
    assert direct <= set(names)
    for one in told["components"]:
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert one["licenses"], one["name"]


def test_the_list_of_licences_has_no_gap() -> None:
    lines = _printed("--licences").splitlines()
    assert len(lines) > 50
    assert not [line for line in lines if line.endswith("not told")]
