"""Prints what runs beside the desk, as a CycloneDX SBOM or as a list of licences.

``--extra NAME`` (``cluster``, ``mcp``, ``tracing``; also several) adds what the extra brings.

The packages are those that ``requirements/runtime.txt`` pins for this platform, and the files of
the extras, with the hashes of all their files. Their licences and what they depend on is what they
say of themselves, where they are installed here.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final, NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement

REQUIREMENTS: Final = Path(__file__).parents[1] / "requirements"
EXTRAS: Final = ("cluster", "mcp", "tracing")
_ENTRY: Final = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^]]*\])?==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+))?"
)
_HASH: Final = re.compile(r"--hash=sha256:(\w+)")
_CLASSIFIER: Final = "License :: OSI Approved :: "
_BUILD_ONLY: Final = frozenset(
    {"editables", "hatchling", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}
)
_LONGEST_NAME: Final = 80


class Package(NamedTuple):
    """A package that is pinned.

    Attributes:
        name: its name, as an index normalises it.
        version: its version.
        hashes: the SHA-256 digests of the files that may be installed.
        installed: what it says of itself; None if it is not installed here.
    """

    name: str
    version: str
    hashes: Sequence[str]
    installed: Distribution | None


def packages(extras: Iterable[str]) -> Iterator[Package]:
    """Yield the packages that are pinned for this platform, without those that only build."""
    seen = set(_BUILD_ONLY)
    for kind in ("runtime", *extras):
        text = (REQUIREMENTS / f"{kind}.txt").read_text("utf-8")
        for entry in re.split(r"\n(?=\S)", text):
            found = _ENTRY.match(entry)
            if found is None or (found["marker"] and not Marker(found["marker"]).evaluate()):
                continue
            name = _normalised(found["name"])
            if name not in seen:
                seen.add(name)
                yield Package(name, found["version"], _HASH.findall(entry), _installed(name))


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def licence(package: Distribution | None) -> tuple[str, bool]:
    """Return a package's licence, and whether it is an SPDX expression; empty if it names none."""
    if package is None:
        return "", False
    told = package.metadata
    if expression := told.get("License-Expression"):
        return expression, True
    classifiers = [
        value.removeprefix(_CLASSIFIER)
        for value in told.get_all("Classifier", [])
        if value.startswith(_CLASSIFIER)
    ]
    if classifiers:
        return ", ".join(sorted(classifiers)), False
    text = told.get("License", "").strip().partition("\n")[0]
    return text[:_LONGEST_NAME], False


def bill_of_materials(extras: Sequence[str]) -> dict[str, Any]:
    """Return the SBOM in CycloneDX's JSON form. It names no time, so that it can be compared."""
    desk = distribution("privacydesk")
    root = Package("privacydesk", desk.version, (), desk)
    pinned = tuple(packages(extras))
    addresses = {one.name: _address(one) for one in (root, *pinned)}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(root, "application")},
        "components": [_component(package, "library") for package in pinned],
        "dependencies": [
            {
                "ref": addresses[one.name],
                "dependsOn": sorted(
                    {addresses[name] for name in _needed(one, extras) if name in addresses}
                ),
            }
            for one in (root, *pinned)
        ],
    }


def _needed(package: Package, extras: Sequence[str]) -> Iterator[str]:
    """Yield the names of what a package needs; with an extra, if the desk's own is ``extras``."""
    if package.installed is None:
        return
    wanted = extras if package.name == "privacydesk" else ()
    for line in package.installed.requires or ():
        needed = Requirement(line)
        marker = needed.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
            yield _normalised(needed.name)
            # Such as psycopg[binary]: the extra is a package of that name.
            yield from (f"{_normalised(needed.name)}-{extra}" for extra in needed.extras)


def _address(package: Package) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def _component(package: Package, kind: str) -> dict[str, Any]:
    said, is_expression = licence(package.installed)
    licences = [{"expression": said}] if is_expression else [{"license": {"name": said}}]
    return {
        "type": kind,
        "bom-ref": _address(package),
        "name": package.name,
        "version": package.version,
        "purl": _address(package),
        **({"hashes": _hashes(package)} if package.hashes else {}),
        **({"licenses": licences} if said else {}),
    }


def _hashes(package: Package) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest} for digest in package.hashes]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print what runs beside the desk.")
    parser.add_argument("--licences", action="store_true", help="the licences instead of an SBOM")
    parser.add_argument("--extra", action="append", choices=EXTRAS, default=[], help="add an extra")
    told = parser.parse_args()
    if told.licences:
        lines = [
            f"{one.name} {one.version}: {licence(one.installed)[0] or 'not told'}"
            for one in packages(told.extra)
        ]
    else:
        lines = [json.dumps(bill_of_materials(told.extra), indent=2)]
    sys.stdout.write("\n".join(lines) + "\n")
