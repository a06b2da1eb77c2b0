"""The regular expressions of the product, noted as they are made in a process of its own."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from typing import Any, Final, NamedTuple

_OURS: Final = "privacydesk"
_FOR_TRAINING: Final = frozenset({"torch"})
_NOT_IMPORTED: Final = ("__main__", "migrations.env")
_FRAMES: Final = 5
"""How far up the caller is looked for: the library's own functions stand in between."""


class Expression(NamedTuple):
    """One that the product makes.

    Attributes:
        text: the expression.
        flags: of ``re``.
        where: the file that makes it.
    """

    text: str
    flags: int
    where: str


def expressions() -> list[Expression]:
    """Return all that are made when every module is imported."""
    done = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, "-m", __name__], capture_output=True, text=True, timeout=600, check=True
    )
    return [Expression(*one) for one in json.loads(done.stdout)]


def main() -> None:
    """Print the expressions as they are made."""
    made: dict[tuple[str, int], str] = {}
    compiled: Any = re.compile

    def noted(text: Any, flags: int = 0) -> Any:
        if isinstance(text, str) and (where := _caller()):
            made.setdefault((text, int(flags)), where)
        return compiled(text, flags)

    re.compile = noted  # type: ignore[assignment]
    ours = importlib.import_module(_OURS)
    for module in pkgutil.walk_packages(ours.__path__, f"{_OURS}."):
        if not module.name.endswith(_NOT_IMPORTED):
            _import_if_it_can(module.name)
    sys.stdout.write(json.dumps([(*key, where) for key, where in made.items()]))


def _import_if_it_can(name: str) -> None:
    """Import a module but where it needs what is only there for training."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in _FOR_TRAINING:
            raise


def _caller() -> str:
    frame = sys._getframe(2)
    for _ in range(_FRAMES):
        name = frame.f_code.co_filename
        if f"/{_OURS}/" in name:
            return name.rpartition(f"/{_OURS}/")[2]
        if frame.f_back is None:
            break
        frame = frame.f_back
    return ""


if __name__ == "__main__":
    main()
