"""Errors that the operator has to fix, as opposed to faults of the program, in any command."""

from __future__ import annotations

import sys

from privacydesk.system_errors import fault_in_words


def refused_by_system(error: BaseException) -> str | None:
    """Return a refusal by the system or the database, in words; None for a fault of the program."""
    if isinstance(error, OSError | UnicodeError):
        return fault_in_words(error)
    if "sqlalchemy" not in sys.modules:
        return None
    from privacydesk import app  # noqa: PLC0415 - it is loaded already

    return app.refused_by_database(error)
