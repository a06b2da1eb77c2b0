"""The demo's small files: written atomically, and readable by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from privacydesk.errors import SettingsError

DATA: Final = Path(__file__).parent / "data"
"""The policy and the operator profile that ship with the demo."""


def make_folder(path: Path) -> None:
    """Make a folder that only its owner can use, with its parents.

    Raises:
        SettingsError: it can't be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"the demo's folder {path} can't be made: {error.strerror}", key="data_dir"
        ) from None


def replace_file(path: Path, text: str) -> None:
    """Write a file that only its owner can read.

    Raises:
        SettingsError: it can't be written.
    """
    temporary = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} can't be written: {error.strerror}", key="data_dir") from None
