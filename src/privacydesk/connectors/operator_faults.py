"""Logs faults of external services that only the operator can fix, such as a wrong secret or URL.

Requests are retried until the fault is fixed, so nobody would notice it: each fault is logged as an
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

_LOG_INTERVAL: Final = timedelta(hours=1)
_HINTS: Final[Mapping[str, str]] = {
    "credentials": "it refuses the desk's secret: compare {secret} with its own",
    "address": "nothing answers there as the contract says: look at {url}",
    "redirect": "it redirects and the desk follows nowhere: put the final address into {url}",
    "contract": "its answers break the contract: look at docs/account-service.md",
    "tls": "its certificate is not trusted or it offers no TLS: look at {url}, and at its"
    " certificate",
    "openid": "its answers are not those of OpenID Connect: look at {url}",
    "other_issuer": "its discovery document names another issuer: put that one into {url}",
    "no_pkce": "it does not offer PKCE with S256: switch it on there",
    "balance": "there is no money or package left: top it up",
    "template": "it refuses the sign name or a template, or none is set: look at {service}_SIGN and"
    " {service}_TEMPLATES",
    "sender": "it refuses the address that mail comes from: look at {service}_FROM",
}
_PLACE: Final = ("action", "where", "what")
"""What an answer that breaks the contract answers, its first field at fault, and how."""
_OUTAGES: Final[Mapping[str, str]] = {
    "unreachable": "it can't be reached: see that it runs, and look at {url}",
    "timeout": "it did not answer in time: see that it runs, and look at {url}",
    "server_error": "it reports a fault of its own: look into its log",
    "rate_limited": "it refuses so many requests: raise its limit",
    "too_long": "its answer is too long: look at {url}",
}
"""Reasons that may pass by themselves. They are not logged as faults of the settings."""


def describe_fault(
    service: str,
    error: UnavailableError,
    *,
    secret: str = "SECRET",  # noqa: S107 - the end of a setting's name
    address: str = "URL",
) -> str:
    """Return what an operator can do about a service that can't be used, without a value.

    Args:
        service: the prefix of its settings, such as ``account_service``.
        error: as raised by its connector.
        secret: the suffix of the setting with its secret.
        address: the same of its address.
    """
    reason = str(error.data.get("reason", ""))
    setting = f"PRIVACYDESK_{service.upper()}"
    hint = _HINTS.get(reason) or _OUTAGES.get(reason) or "it can't be used now: look into its log"
    return hint.format(
        secret=f"{setting}_{secret}",
        url=f"{setting}_{address}",
        service=setting,
    )


class OperatorFaults:
    """Logs the faults of one service that the operator has to fix.

    Args:
        service: the prefix of its settings, such as ``account_service``.
        clock: source of the current time, to log a fault once an hour.
        suffix: the suffix of the setting with its secret.
    """

    def __init__(self, service: str, clock: Clock, suffix: str = "SECRET") -> None:
        self._service = service
        self._suffix = suffix
        self._clock = clock
        self._logged_at: dict[str, datetime] = {}

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Log a fault that the block raises if only the operator can fix it; it is raised again."""
        try:
            yield
        except UnavailableError as error:
            self._log_fault(error)
            raise

    def _log_fault(self, error: UnavailableError) -> None:
        reason = str(error.data.get("reason", ""))
        now = self._clock.now()
        if reason not in _HINTS or happened_within(self._logged_at.get(reason), now, _LOG_INTERVAL):
            return
        self._logged_at[reason] = now
        _log.error(
            f"{self._service}_misconfigured",
            reason=reason,
            status=error.data.get("status"),
            **{name: error.data[name] for name in _PLACE if name in error.data},
            hint=describe_fault(self._service, error, secret=self._suffix),
        )
