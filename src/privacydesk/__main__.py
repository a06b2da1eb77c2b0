"""``python -m privacydesk`` and the entry point of the command."""

from __future__ import annotations

import gc
import sys

# Fewer garbage collections during the imports, which create many permanent objects. The default
# threshold costs a tenth of a command's start-up time.
gc.set_threshold(20_000, 20, 20)
# Not used here, but structlog imports Rich for tracebacks if it is installed.
sys.modules["rich"] = None  # type: ignore[assignment]  # marks a module as not importable

from privacydesk.cli.main import main  # noqa: E402 - must follow the settings above

if __name__ == "__main__":
    main()

__all__ = ["main"]
