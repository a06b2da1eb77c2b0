"""Faults of outside services that only the operator can fix: a wrong secret, a wrong address.

People's requests wait meanwhile and are retried, so nobody would notice: each fault is logged as an
error, at most once an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.instants import happened_within
from privacydesk.errors import UnavailableError

_log = structlog.get_logger(__name__)

_AGAIN: Final = timedelta(hours=1)
_HINTS: Final[Mapping[str, str]] = {
    "credentials": "it refuses the desk's secret: compare {secret} with its own",
    "address": "nothing answers there as the contract says: look at {url}",
    "redirect": "it redirects and the desk follows nowhere: put the final address into {url}",
    "contract": "its answers break the contract: look at docs/account-service.md",
    "tls": "its certificate is not trusted or it offers no TLS: look at docs/mail.md",
    "sender": "it refuses the address that mail comes from: look at {service}_FROM",
}


class OperatorFaults:
    """Logs the faults of one service that the operator has to fix.

    Args:
        service: the prefix of its settings: ``account_service``, ``code_gateway``.
        clock: decides when a fault may be logged again.
        proof: the suffix of the setting with its secret.
    """

    def __init__(self, service: str, clock: Clock, proof: str = "SECRET") -> None:
        self._service = service
        self._proof = proof
        self._clock = clock
        self._called_out: dict[str, datetime] = {}

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Run one call; a fault that the operator has to fix is logged and raised again."""
        try:
            yield
        except UnavailableError as error:
            self._look_at(error)
            raise

    def _look_at(self, error: UnavailableError) -> None:
        reason = str(error.data.get("reason", ""))
        hint = _HINTS.get(reason)
        now = self._clock.now()
        if hint is None or happened_within(self._called_out.get(reason), now, _AGAIN):
            return
        self._called_out[reason] = now
        setting = f"PRIVACYDESK_{self._service.upper()}"
        _log.error(
            f"{self._service}_misconfigured",
            reason=reason,
            status=error.data.get("status"),
            hint=hint.format(
                secret=f"{setting}_{self._proof}", url=f"{setting}_URL", service=setting
            ),
        )
