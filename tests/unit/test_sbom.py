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


def test_an_extra_is_in_it_with_the_hashes_that_are_pinned_and_who_needs_it() -> None:
    told: dict[str, Any] = json.loads(_printed("--extra", "cluster", "--extra", "mcp"))
    by_name = {one["name"]: one for one in told["components"]}
    assert {"psycopg", "psycopg-binary", "mcp"} <= by_name.keys()
    pinned = (ROOT / "requirements" / "cluster.txt").read_text("utf-8")
    for name in ("psycopg", "aiohttp"):
        digests = [one["content"] for one in by_name[name]["hashes"]]
        entry = re.search(rf"^{name}(\[binary\])?==.*(\n    --hash=.*)+", pinned, re.MULTILINE)
        assert entry is not None
        assert digests == re.findall(r"sha256:(\w{64})", entry[0])
    needs = {one["ref"]: one["dependsOn"] for one in told["dependencies"]}
    known = {one["bom-ref"] for one in told["components"]}
    assert known <= needs.keys()
    assert all(known.issuperset(others) for others in needs.values())
    desk = needs[told["metadata"]["component"]["bom-ref"]]
    assert by_name["psycopg"]["purl"] in desk
    assert by_name["aiohttp"]["purl"] in desk
    assert by_name["yarl"]["purl"] in needs[by_name["aiohttp"]["purl"]]
    assert "psycopg" not in {one["name"] for one in json.loads(_printed())["components"]}


def test_the_list_of_licences_has_no_gap() -> None:
    lines = _printed("--licences").splitlines()
    assert len(lines) > 50
    assert not [line for line in lines if line.endswith("not told")]
