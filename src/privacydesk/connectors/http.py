"""Outgoing JSON requests: limits, no redirects, and errors mapped to ``UnavailableError``.

Nothing here logs or quotes a body, a header or a URL: they hold personal data and secrets.
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
from privacydesk.connectors.signing import call_headers, signing_key
from privacydesk.errors import SettingsError, UnavailableError

_MAX_RETRY_AFTER = 86_400.0
_TOO_MANY_REQUESTS = 429
_RETRYABLE = frozenset({408, 425, _TOO_MANY_REQUESTS})
_CREDENTIALS = frozenset({401, 403, 407})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The URL of a service, its secret and limits.

    Attributes:
        url: the base URL (account service) or the whole one (gateway).
        secret: shared with the service; never logged.
        previous_secret: the one before it, which signs as well while the service changes to the
            new one; empty for none.
        connect_timeout: seconds to open the connection.
        total_timeout: seconds for the whole request.
        max_answer: the maximum size of an answer in bytes.
        allow_plain: whether ``http`` is allowed to other machines, for example inside a service
            mesh that encrypts by itself.
    """

    url: str
    secret: str = field(repr=False)
    previous_secret: str = field(default="", repr=False)
    connect_timeout: float = 3.0
    total_timeout: float = 15.0
    max_answer: int = 1 << 20
    allow_plain: bool = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that sign, the newest first."""
        return tuple(filter(None, (self.secret, self.previous_secret)))

    def signed(self, key: str, body: bytes, clock: Clock) -> dict[str, str]:
        """Return the headers that sign a call now; see ``signing.call_headers``."""
        return call_headers(self.secrets, key, int(clock.now().timestamp()), body)

    def checked(self, service: str) -> Endpoint:
        """Return itself if it is valid.

        Args:
            service: the prefix of its settings, such as ``account_service``.

        Raises:
            SettingsError: it is not; the message names the setting and the fault.
        """
        url_variable = f"PRIVACYDESK_{service.upper()}_URL"
        secret_key, previous_key = f"{service}_secret", f"{service}_previous_secret"
        secret_variable = f"PRIVACYDESK_{secret_key.upper()}"
        try:
            url = URL(self.url)
        except ValueError as error:
            raise SettingsError(f"{url_variable}: not a web address") from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise SettingsError(f"{url_variable}: needs an http or https address with a host")
        if url.user is not None or url.password is not None:
            raise SettingsError(
                f"{url_variable}: put the secret into {secret_variable}, not into the address"
            )
        if url.scheme == "http" and not (self.allow_plain or is_this_machine(url.host)):
            raise SettingsError(f"{url_variable}: needs https unless it is on this machine")
        if not self.secret.strip():
            raise SettingsError(f"{secret_variable}: the secret is missing", key=secret_key)
        if not (self.secret.isascii() and self.secret.isprintable()):
            raise SettingsError(
                f"{secret_variable}: the secret must be printable ASCII, as it is a header",
                key=secret_key,
            )
        for secret, key in ((self.secret, secret_key), (self.previous_secret, previous_key)):
            try:
                signing_key(secret)
            except ValueError as error:
                raise SettingsError(
                    f"PRIVACYDESK_{key.upper()}: after whsec_ there must be base64", key=key
                ) from error
        return self


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer with a final status: 2xx, or a 4xx that a retry won't change.

    Attributes:
        status: the HTTP status.
        body: the body as bytes.
        retry_after: seconds from ``Retry-After``, if sent.
        etag: the entity tag; empty if none was sent.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after: float | None = None
    etag: str = ""


def open_session(endpoint: Endpoint) -> aiohttp.ClientSession:
    """Open a session for one endpoint, without cookies and without proxies from the environment."""
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
    """Post a JSON body once and return the answer; see ``request``.

    Raises:
        UnavailableError: as for ``request``.
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
    accepted: Collection[int] = (),
) -> RawAnswer:
    """Send a JSON request once and return the answer.

    Args:
        session: made by ``open_session``.
        method: the HTTP method.
        url: the URL.
        headers: headers besides those for JSON, which they may override.
        max_answer: the maximum size of the answer in bytes.
        clock: source of the current time, to convert a date in ``Retry-After`` to seconds.
        body: the JSON body, if any.
        accepted: statuses to return as answers, though by default they raise.

    Raises:
        UnavailableError: the service is unreachable or too slow, the answer is longer than
            ``max_answer``, or its status is 3xx, 5xx, 408, 425, 429, or one of refused credentials
            (the operator must fix those, and a person's request must not fail because of them).
            ``data`` has the ``reason`` and, if the service sent it, ``retry_after`` in seconds.
    """
    try:
        async with session.request(
            method,
            url,
            data=body,
            headers={
                **({"Content-Type": "application/json"} if body is not None else {}),
                "Accept": "application/json",
                # Uncompressed, so that a small body can't expand to a huge one.
                "Accept-Encoding": "identity",
                **headers,
            },
            allow_redirects=False,
        ) as response:
            wait = retry_after(response.headers.get("Retry-After"), clock)
            if response.status not in accepted:
                _raise_for_status(response.status, wait)
            return RawAnswer(
                response.status,
                await _read_bounded(response, max_answer),
                retry_after=wait,
                etag=response.headers.get("ETag", ""),
            )
    except TimeoutError as error:
        raise UnavailableError("the service took too long", reason="timeout") from error
    except aiohttp.ClientSSLError as error:
        raise UnavailableError("its certificate or TLS is no good", reason="tls") from error
    except aiohttp.ClientError as error:
        raise UnavailableError("the service can't be reached", reason="unreachable") from error


def _raise_for_status(status: int, wait: float | None) -> None:
    reason = None
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirects
        reason = "redirect"
    elif status in _CREDENTIALS:
        reason = "credentials"
    elif status == _TOO_MANY_REQUESTS:
        reason = "rate_limited"
    elif status in _RETRYABLE or status >= 500:  # noqa: PLR2004 - the class of server faults
        reason = "server_error"
    if reason is None:
        return
    if wait is None:
        raise UnavailableError(f"the service answered {status}", reason=reason, status=status)
    raise UnavailableError(
        f"the service answered {status}", reason=reason, status=status, retry_after=wait
    )


async def _read_bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes.

    Raises:
        UnavailableError: it is longer; the rest is not read.
    """
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
    """Parse ``Retry-After``, in seconds or as a date; return seconds between 0 and a day."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            # OverflowError: a year or a zone may be too large for a C integer.
            return None
        seconds = (_aware(moment) - clock.now()).total_seconds()
    if seconds != seconds:  # noqa: PLR0124 - "nan" is a valid float
        return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
