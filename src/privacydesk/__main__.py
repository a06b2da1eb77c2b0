"""``python -m privacydesk`` and the entry point of the command."""

from __future__ import annotations

import gc
import sys

# Modules and what they define stay for good: looking through them after every 700 new objects is a
# tenth of a command's start.
gc.set_threshold(20_000, 20, 20)
# Nothing here draws with it, but structlog imports it for that where it is installed.
sys.modules["rich"] = None  # type: ignore[assignment]  # as the import system says "not there"

from privacydesk.cli.main import main  # noqa: E402 - its imports are what profits

if __name__ == "__main__":
    main()

__all__ = ["main"]
