"""Compares all that requirements/ pins, on any platform, with the known vulnerabilities.

Usage: ``audit.py PIP_AUDIT [OPTION …]``; the options go to pip-audit.

Exit status: 0 without findings, or where no database of vulnerabilities can be reached, which is
said; 1 with findings; 2 if pip-audit fails otherwise.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

REQUIREMENTS: Final = Path(__file__).parents[1] / "requirements"
_ENTRY: Final = re.compile(r"(?P<name>[\w.-]+)(?:\[[^]]*\])?==(?P<version>[^\s;]+)")
_HASH: Final = re.compile(r"--hash=\S+")
_UNREACHABLE: Final = re.compile(
    r"Could not connect|Connection ?Error|Timeout|Max retries exceeded"
)
"""What pip-audit writes, or raises, where the database is not reached; its status is 1 then."""
_NOT_AUDITED: Final = "Not audited: no database of known vulnerabilities can be reached."
_OPTIONS: Final = (
    "--require-hashes", "--disable-pip", "--format=json", "--progress-spinner=off", "--timeout=10",
)  # fmt: skip


def pinned(folder: Path = REQUIREMENTS) -> dict[tuple[str, str], str]:
    """Return the requirements of all files by name and version, without markers of platforms."""
    entries: dict[tuple[str, str], str] = {}
    for file in sorted(folder.glob("*.txt")):
        for entry in re.split(r"\n(?=\S)", file.read_text("utf-8")):
            if found := _ENTRY.match(entry):
                name, version = found["name"], found["version"]
                hashes = " ".join(_HASH.findall(entry))
                entries[name, version] = f"{name}=={version} {hashes}"
    return entries


def _batches(entries: dict[tuple[str, str], str]) -> Iterator[list[str]]:
    """Yield the requirements in lists that pip-audit takes, which name nothing twice."""
    while entries:
        batch = {name: (name, version) for name, version in entries}
        yield [entries.pop(key) for key in batch.values()]


def _findings(packages: Iterable[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        for one in package.get("vulns", ()):
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            yield f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}"


def audit(program: Sequence[str]) -> tuple[int, str]:
    """Ask for each pinned package; return the exit status, and what is said."""
    packages: list[dict[str, Any]] = []
    for batch in _batches(pinned()):
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write("\n".join(batch) + "\n")
            file.flush()
            command = [*program, *_OPTIONS, "--requirement", file.name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        try:
            packages += json.loads(done.stdout)["dependencies"]
        except ValueError:
            if _UNREACHABLE.search(done.stderr):
                return 0, _NOT_AUDITED
            return 2, f"pip-audit failed:\n{done.stderr}"
    # A mirror without the database answers that it knows no package, which is no finding either.
    unknown = sum("skip_reason" in package for package in packages)
    if unknown == len(packages):
        return 0, _NOT_AUDITED
    found = list(_findings(packages))
    counts = f"{len(found)} findings in {len(packages)} packages, of which {unknown} are not known"
    return 1 if found else 0, "\n".join([*found, counts])


if __name__ == "__main__":
    status, said = audit(sys.argv[1:])
    sys.stdout.write(f"{said}\n")
    sys.exit(status)
