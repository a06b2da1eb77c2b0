"""Collects findings, and turns errors that an operator can mend into findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from privacydesk.app.findings import Finding, Level
from privacydesk.app.start_warnings import StartWarning
from privacydesk.errors import DeskError
from privacydesk.storage.error_messages import describe_database_error
from privacydesk.system_errors import describe_os_error


class Report:
    """The findings so far."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    @contextmanager
    def check(self, name: str, ok: str) -> Iterator[None]:
        """Report what the block raises, or that all is well if it adds and raises nothing.

        Args:
            name: the name of the check.
            ok: the sentence if all is well.
        """
        before = len(self.findings)
        try:
            yield
        except Exception as error:
            message = _describe(error)
            if message is None:
                raise
            self.findings.append(Finding(name, Level.FAULT, message))
        if len(self.findings) == before:
            self.findings.append(Finding(name, Level.OK, ok))

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings."""
        self.findings.extend(findings)

    def warn(self, warnings: Iterable[StartWarning]) -> None:
        """Add warnings that ``serve`` gives at its start, too."""
        self.add(Finding(one.check, Level.WARNING, one.sentence, one.event) for one in warnings)

    def has_fault(self, check: str) -> bool:
        """Return whether a check has found a fault."""
        return any(finding.is_fault for finding in self.findings if finding.check == check)


def _describe(error: Exception) -> str | None:
    """Return a sentence about an error that the operator can mend; None for a bug."""
    if isinstance(error, DeskError):
        return error.message
    if isinstance(error, OSError | UnicodeError):
        return describe_os_error(error)
    return describe_database_error(error)
