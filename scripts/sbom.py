"""Prints what runs beside the desk, as a CycloneDX SBOM or as a list of licences.

The packages are those that ``requirements/runtime.txt`` pins and that are installed here: some are
for other platforms. Their licences are what they say of themselves.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

REQUIREMENTS: Final = Path(__file__).parents[1] / "requirements" / "runtime.txt"
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_CLASSIFIER: Final = "License :: OSI Approved :: "
_BUILD_ONLY: Final = frozenset(
    {"editables", "hatchling", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}
)
_LONGEST_NAME: Final = 80


def packages() -> Iterator[Distribution]:
    """Yield the installed packages that are pinned, without those that only build."""
    # Some are pinned twice, for one platform each.
    for name in dict.fromkeys(_PINNED.findall(REQUIREMENTS.read_text("utf-8"))):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        if name not in _BUILD_ONLY:
            yield found


def licence(package: Distribution) -> tuple[str, bool]:
    """Return a package's licence, and whether it is an SPDX expression; empty if it names none."""
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


def bill_of_materials() -> dict[str, Any]:
    """Return the SBOM in CycloneDX's JSON form. It names no time, so that it can be compared."""
    desk = distribution("privacydesk")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(desk, "application")},
        "components": [_component(package, "library") for package in packages()],
    }


def _component(package: Distribution, kind: str) -> dict[str, Any]:
    name = re.sub(r"[-_.]+", "-", package.name).lower()
    address = f"pkg:pypi/{name}@{package.version}"
    said, is_expression = licence(package)
    licences = [{"expression": said}] if is_expression else [{"license": {"name": said}}]
    return {
        "type": kind,
        "bom-ref": address,
        "name": name,
        "version": package.version,
        "purl": address,
        **({"licenses": licences} if said else {}),
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--licences"]:
        lines = [f"{one.name} {one.version}: {licence(one)[0] or 'not told'}" for one in packages()]
    else:
        lines = [json.dumps(bill_of_materials(), indent=2)]
    sys.stdout.write("\n".join(lines) + "\n")
