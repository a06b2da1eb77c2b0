"""How to invoke this installation's command, so that printed commands can be run as they stand.

In a virtual environment the command is seldom on the search path: a clone's is invoked as
``.venv/bin/privacydesk`` from the clone's folder, and by its full path from anywhere else.
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
    r"\bprivacydesk(?= (?:demo|serve|understand|deadline|calendar|policy|dialogs|agents|tickets"
    r"|conversations|texts|ticketing|webhooks|tokens|app-tokens|db|keys|reports|retention|audit)\b)"
)


def command() -> str:
    """Return what to type for the command that belongs to the running interpreter."""
    # Not resolved: an environment's interpreter is a symbolic link to the base interpreter.
    own = Path(sys.executable).parent / _NAME
    if not own.is_file():
        return _NAME
    found = shutil.which(_NAME)
    if found is not None and Path(found).samefile(own):
        return _NAME
    here = Path.cwd()
    shown = own.relative_to(here) if own.is_relative_to(here) else own
    return shlex.quote(str(shown))


def as_called(text: str, data_dir: Path | None = None) -> str:
    """Return a text with every ``privacydesk COMMAND`` spelled as it is invoked here.

    Args:
        text: ends with the command where a folder is given.
        data_dir: the folder that was named, which the next command needs too.
    """
    given = "" if data_dir is None else f" --data-dir {shlex.quote(str(data_dir))}"
    return _COMMAND.sub(lambda _: command(), text) + given
