"""How this installation's command is invoked, so that printed commands can be copied and run.

In a virtual environment the command is often not on the ``PATH``. It is then shown as
``.venv/bin/privacydesk`` in the folder of the clone, and by its full path elsewhere.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

_NAME: Final = "privacydesk"
_COMMAND: Final = re.compile(
    r"\bprivacydesk(?= (?:demo|serve|doctor|understand|deadline|calendar|policy|dialogs|agents"
    r"|tickets|tasks|conversations|profile|texts|ticketing|webhooks|tokens|app-tokens|db|keys|reports"
    r"|mcp|schemas|staff-channels"
    r"|packs|retention|receipts|incidents|audit|support-bundle)\b)"
)


def shell_command() -> str:
    """Return the shell command that runs ``privacydesk`` of the current interpreter."""
    # Symbolic links are not resolved: the interpreter of a virtual environment is one.
    script = Path(sys.executable).parent / _NAME
    if not script.is_file():
        return _NAME
    on_path = shutil.which(_NAME)
    if on_path is not None and Path(on_path).samefile(script):
        return _NAME
    environment = script.parents[1]
    in_clone = environment.parent == Path.cwd() and environment.name.startswith(".")
    return shlex.quote(str(script.relative_to(environment.parent) if in_clone else script))


def as_invoked(text: str, data_dir: Path | None = None) -> str:
    """Replace ``privacydesk`` in the commands of a text by this installation's shell command.

    Args:
        text: the text; it must end with a command if ``data_dir`` is given.
        data_dir: the data directory to add to that command as ``--data-dir``.
    """
    option = "" if data_dir is None else f" --data-dir {shlex.quote(str(data_dir))}"
    return _COMMAND.sub(lambda _: shell_command(), text) + option
