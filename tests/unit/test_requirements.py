"""Nothing comes into an environment but what is pinned by hash."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = sorted((ROOT / "requirements").glob("*.txt"))
SCRIPTS = [ROOT / "scripts" / name for name in ("environment", "lock", "audit")]
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(\[[\w,-]+\])?==(?P<version>\S+)")


def requirements(file: Path) -> dict[str, str]:
    """Return what a file pins, by name, each with its version and the hashes behind it."""
    entries = re.split(r"\n(?=\S)", file.read_text("utf-8").strip())
    return {entry.split("==")[0].split("[")[0]: entry for entry in entries if entry[0] != "#"}


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.name)
def test_each_requirement_has_one_version_and_its_hashes(file: Path) -> None:
    for name, entry in requirements(file).items():
        assert _REQUIREMENT.match(entry), name
        assert "--hash=sha256:" in entry, name
        assert "://" not in entry, name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_install_what_is_pinned_and_build_with_what_is_there(script: Path) -> None:
    text = script.read_text("utf-8").replace("\\\n", " ")
    pinned = re.search(r'^\s*pinned="(.*)"$', text, re.MULTILINE)
    text = text.replace("$pinned", pinned[1] if pinned else "")
    installs = [line for line in text.splitlines() if re.search(r"pip\b.* install\b", line)]
    assert installs
    for line in installs:
        if "--no-build-isolation --editable ." not in line:
            assert "--require-hashes" in line
            assert "--only-binary :all:" in line


def test_postgresql_s_driver_comes_with_the_same_versions_of_all_else() -> None:
    named = {one.name: requirements(one) for one in PINNED}
    cluster, runtime = named["cluster.txt"], named["runtime.txt"]
    assert {"psycopg", "psycopg-binary"} <= cluster.keys()
    versions = {name: _REQUIREMENT.match(entry) for name, entry in cluster.items()}
    for name, entry in runtime.items():
        mine, theirs = versions[name], _REQUIREMENT.match(entry)
        assert mine is not None
        assert theirs is not None
        assert mine["version"] == theirs["version"], name


def test_an_unknown_kind_of_environment_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", ROOT / "scripts" / "environment", "production"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "say runtime, cluster, mcp, tracing or dev" in done.stderr
