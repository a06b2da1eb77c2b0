"""Messages for errors that the operator has to fix, as opposed to bugs of the program."""

from __future__ import annotations

import sys

from privacydesk.system_errors import describe_os_error


def describe_operator_error(error: BaseException) -> str | None:
    """Return a message for an error of the operating system or the database; None for a bug."""
    if isinstance(error, OSError | UnicodeError):
        return describe_os_error(error)
    if "sqlalchemy" not in sys.modules:
        return None
    from privacydesk import app  # noqa: PLC0415 - it is loaded already

    return app.describe_database_error(error)
