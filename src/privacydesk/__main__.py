"""``python -m privacydesk`` and the entry point of the command."""

from __future__ import annotations

from privacydesk.cli.main import main

if __name__ == "__main__":
    main()

__all__ = ["main"]
