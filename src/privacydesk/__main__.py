"""``python -m privacydesk`` and the entry point of the command."""

from __future__ import annotations

import gc
import sys

# Modules and what they define are never freed: collecting after every 700 new objects takes a
# tenth of a command's start-up time.
gc.set_threshold(20_000, 20, 20)
# Rich is not used here, but structlog imports it for tracebacks where it is installed.
sys.modules["rich"] = None  # type: ignore[assignment]  # marks a module as not importable

from privacydesk.cli.main import main  # noqa: E402 - its imports are what profits

if __name__ == "__main__":
    main()

__all__ = ["main"]
