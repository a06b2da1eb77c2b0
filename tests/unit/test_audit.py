"""What is pinned is compared with the known vulnerabilities."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOUND = """
import json, re, sys
asked = open(sys.argv[-1]).read()
vulns = [{"id": "PYSEC-1", "fix_versions": ["99.1", "100"], "aliases": [], "description": ""}]
packages = [
    {"name": name, "version": version, "vulns": vulns if name == "psycopg" else []}
    for name, version in re.findall(r"^([^= ]+)==(\\S+) --hash=", asked, re.MULTILINE)
]
assert len(packages) == asked.count("==") == len({one["name"] for one in packages})
open(__file__ + ".asked", "a").write(asked)
print(json.dumps({"dependencies": packages, "fixes": []}))
sys.exit(1)
"""
UNREACHABLE = """
import sys
sys.exit("ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed")
"""
WITHOUT_DATABASE = """
import json
package = {"name": "psycopg", "skip_reason": "Dependency not found on PyPI"}
print(json.dumps({"dependencies": [package], "fixes": []}))
"""
BROKEN = "import sys; sys.exit('it has a fault of its own')"


def _audit(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    fake = folder / "pip_audit.py"
    fake.write_text(program)
    command = [sys.executable, str(ROOT / "scripts" / "audit.py"), sys.executable, str(fake)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_a_finding_is_told_and_every_pinned_version_is_asked_about(tmp_path: Path) -> None:
    done = _audit(tmp_path, FOUND)
    assert done.returncode == 1, done.stderr
    assert re.match(r"psycopg \S+: PYSEC-1, fixed in 99\.1, 100\n", done.stdout)
    asked = (tmp_path / "pip_audit.py.asked").read_text()
    for file in (ROOT / "requirements").glob("*.txt"):
        pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", file.read_text(), re.MULTILINE)
        assert all(f"{name}=={version} --hash" in asked for name, version in pins), file.name
    packages = asked.count("==")
    assert done.stdout.endswith(f"\n1 findings in {packages} packages, of which 0 are not known\n")


@pytest.mark.parametrize(
    ("program", "status", "told"),
    [
        pytest.param(UNREACHABLE, 0, "Not audited: no database", id="no connection"),
        pytest.param(WITHOUT_DATABASE, 0, "Not audited: no database", id="no database"),
        pytest.param(BROKEN, 2, "it has a fault of its own", id="a fault of the program"),
    ],
)
def test_what_could_not_be_asked_is_told_apart(
    tmp_path: Path, program: str, status: int, told: str
) -> None:
    done = _audit(tmp_path, program)
    assert done.returncode == status
    assert told in done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("\n") <= 3
