"""What all outgoing JSON requests have in common: limits, no redirects, and plain errors.

Nothing here logs or quotes a body, a header or an address: they hold personal data and secrets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.addresses import is_this_machine
from privacydesk.errors import SettingsError, UnavailableError

_LONGEST_WAIT = 86_400.0
_TOO_MANY = 429
_LATER = frozenset({408, 425, _TOO_MANY})
_CREDENTIALS = frozenset({401, 403, 407})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a service, its secret and its limits.

    Attributes:
        url: the base address (account service) or the whole one (gateway).
        secret: shared with the service; never shown.
        connect_timeout: seconds to reach it.
        total_timeout: seconds for the whole exchange.
        max_answer: bytes of an answer that are read at most, after decompression.
        allow_plain: whether ``http`` may be used beyond this machine, as inside a mesh that
            encrypts by itself.
    """

    url: str
    secret: str = field(repr=False)
    connect_timeout: float = 3.0
    total_timeout: float = 15.0
    max_answer: int = 1 << 20
    allow_plain: bool = False

    def checked(self, service: str) -> Endpoint:
        """Return itself if it can be used.

        Args:
            service: the prefix of its two settings, such as ``account_service``.

        Raises:
            SettingsError: names the setting and what is wrong with it.
        """
        setting, secret = f"PRIVACYDESK_{service.upper()}_URL", f"{service}_secret"
        named = f"PRIVACYDESK_{secret.upper()}"
        try:
            url = URL(self.url)
        except ValueError as error:
            raise SettingsError(f"{setting}: not a web address") from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise SettingsError(f"{setting}: needs an http or https address with a host")
        if url.user is not None or url.password is not None:
            raise SettingsError(f"{setting}: put the secret into {named}, not into the address")
        if url.scheme == "http" and not (self.allow_plain or is_this_machine(url.host)):
            raise SettingsError(f"{setting}: needs https unless it is on this machine")
        if not self.secret.strip():
            raise SettingsError(f"{named}: the secret is missing", key=secret)
        if not (self.secret.isascii() and self.secret.isprintable()):
            raise SettingsError(
                f"{named}: the secret must be printable ASCII, as it is a header", key=secret
            )
        return self


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer whose status is worth reading: 2xx, or a 4xx that repeating won't change.

    Attributes:
        status: of HTTP.
        body: its bytes.
        retry_after: seconds to wait, if it says so.
        etag: the entity tag, as it was sent; empty without one.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after: float | None = None
    etag: str = ""


def open_session(endpoint: Endpoint) -> aiohttp.ClientSession:
    """Return a session for one endpoint; it keeps no cookies and reads no environment."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(
            total=endpoint.total_timeout, connect=endpoint.connect_timeout
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        raise_for_status=False,
    )


async def post(
    session: aiohttp.ClientSession,
    url: URL,
    body: bytes,
    headers: Mapping[str, str],
    *,
    max_answer: int,
    clock: Clock,
) -> RawAnswer:
    """Post a JSON body once and return the answer.

    Raises:
        UnavailableError: as ``request`` raises it.
    """
    return await request(
        session, "POST", url, body=body, headers=headers, max_answer=max_answer, clock=clock
    )


async def request(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    *,
    headers: Mapping[str, str],
    max_answer: int,
    clock: Clock,
    body: bytes | None = None,
    worth_reading: Collection[int] = (),
) -> RawAnswer:
    """Send a JSON request once and return the answer.

    Args:
        session: made by ``open_session``.
        method: of HTTP.
        url: the address.
        headers: besides those that say it is JSON.
        max_answer: bytes that are read at most.
        clock: converts a date in ``Retry-After`` to seconds.
        body: JSON, if any.
        worth_reading: statuses that are an answer here, though elsewhere they mean a fault.

    Raises:
        UnavailableError: no answer worth reading: unreachable, too slow, 3xx, 5xx, 408, 425, 429,
            refused credentials (the operator must fix those; a person's request must not be lost
            over them), or an answer longer than ``max_answer``. ``data`` names the ``reason`` and,
            when the service said so, ``retry_after`` seconds.
    """
    try:
        async with session.request(
            method,
            url,
            data=body,
            headers={
                **({"Content-Type": "application/json"} if body is not None else {}),
                "Accept": "application/json",
                # Uncompressed: a small compressed body can't unfold into a large one.
                "Accept-Encoding": "identity",
                **headers,
            },
            allow_redirects=False,
        ) as response:
            wait = retry_after(response.headers.get("Retry-After"), clock)
            if response.status not in worth_reading:
                _refuse_unreadable(response.status, wait)
            return RawAnswer(
                response.status,
                await _bounded(response, max_answer),
                retry_after=wait,
                etag=response.headers.get("ETag", ""),
            )
    except TimeoutError as error:
        raise UnavailableError("the service took too long", reason="timeout") from error
    except aiohttp.ClientError as error:
        raise UnavailableError("the service can't be reached", reason="unreachable") from error


def _refuse_unreadable(status: int, wait: float | None) -> None:
    reason = None
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirects
        reason = "redirect"
    elif status in _CREDENTIALS:
        reason = "credentials"
    elif status == _TOO_MANY:
        reason = "rate_limited"
    elif status in _LATER or status >= 500:  # noqa: PLR2004 - the class of server faults
        reason = "server_error"
    if reason is None:
        return
    if wait is None:
        raise UnavailableError(f"the service answered {status}", reason=reason, status=status)
    raise UnavailableError(
        f"the service answered {status}", reason=reason, status=status, retry_after=wait
    )


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body, refusing one that is longer than ``limit`` before holding all of it."""
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > limit:
            response.close()
            raise UnavailableError("the answer is too long", reason="too_long")
        parts.append(chunk)
    return b"".join(parts)


def retry_after(text: str | None, clock: Clock) -> float | None:
    """Read ``Retry-After`` in either form, as seconds between 0 and a day."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            # The service writes the date: a year or a zone may overflow a C integer.
            return None
        seconds = (_aware(moment) - clock.now()).total_seconds()
    if seconds != seconds:  # noqa: PLR0124 - "nan" is a float and no wait
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
