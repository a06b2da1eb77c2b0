"""Settings of the web interfaces, built by the composition root from the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from privacydesk.domain.brand import Brand


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Limits and addresses of the web interfaces. Times are seconds, sizes bytes.

    Attributes:
        desk_names: the desk's name by locale, for page headers; falls back to the catalog's.
        brand: the operator's colour and logo on all pages.
        messages_per_second: average rate of messages that a conversation may send.
        message_burst: number of messages that a conversation may send at once.
        new_chats_per_minute: average rate of conversations without a login that a client address
            may begin.
        new_chats_at_once: number of such conversations that an address may begin at once.
        captcha_site_key: site key of the CAPTCHA widget, sent to clients.
        captcha_after: number of conversations without a login that an address may begin at once
            before a CAPTCHA is required, if a verifier is configured.
        trusted_proxies: networks whose ``X-Forwarded-For`` is trusted.
        max_text: maximum length of a message in characters, counted after cleaning.
        max_frame: maximum size of a frame; the response to a larger one is an error.
        frame_hard_limit: size beyond which a frame is not even read, and its connection is closed.
        body_timeout: maximum time in which the body of a frame or form has to arrive.
        max_upload: maximum size of an uploaded file.
        uploads_per_chat: maximum number of simultaneous uploads to a conversation.
        uploads_per_address: maximum number of simultaneous uploads from an address.
        uploads_at_once: maximum number of simultaneous uploads in total.
        responses_per_chat: maximum number of log pages and files that are being sent to a
            conversation at once, over HTTP.
        upload_stall_timeout: maximum time without data from an upload.
        min_upload_rate: minimum rate of an upload, in bytes a second.
        sockets_per_address: maximum number of open sockets and streams of an address.
        sockets_at_once: maximum number of open sockets in total.
        silent_per_address: maximum number of open sockets of an address that have not sent hello
            yet; a new one closes the address's oldest.
        silent_at_once: maximum number of such sockets in total; a new one closes the oldest socket
            of the address that has most of them.
        hello_timeout: maximum time between opening a connection and its hello.
        heartbeat: time without data after which a connection is pinged.
        log_poll_interval: interval at which cursors of clients are compared with the log.
        replay_page_size: number of events in one frame of a replay.
        queue_frames: maximum number of frames queued for a slow client.
        queue_bytes: maximum size of the data queued for a client: unread output, and input that is
            not handled yet.
        backlog_per_address: maximum size of the data queued for all clients of an address.
        backlog_bytes: maximum size of the data queued for all clients.
        bad_frames: number of unreadable frames after which a connection is closed.
        tabs: maximum number of clients (tabs) of a conversation: sockets and HTTP followers.
        renew_grace: time that a connection with an expired token has to send a new one.
        max_wait: maximum wait of a long poll.
        cors_origins: origins that may use the chat's HTTP interface from a browser.
        socket_origins: origins besides the desk's own that may open sockets; empty for any.
        frame_ancestors: origins that may embed the chat page, as a CSP source list.
        zone: the operator's time zone, in which staff see times.
        recent_authentication: how long ago agents must have authenticated to open files, account
            data and exports; zero if that does not matter.
        sign_in_attempts_per_minute: average rate at which passwords and codes of staff are checked
            for an address.
        sign_in_attempts_at_once: number of them that are checked at once.
        api_per_minute: average rate of requests that an API token may make.
        api_at_once: number of requests that an API token may make at once.
        api_guesses: number of unknown API tokens of a network, in a minute and at once.
        api_timeout: maximum duration of an API request, including the arrival of its body.
        console_frame_ancestors: origins that may embed the console, as a CSP source list.
        host_origin: origin of the page that embeds the chat and passes tokens to it; empty for
            the chat page's own origin.
        token_links: whether the chat page reads an app token from its own URL.
    """

    desk_names: Mapping[str, str] = field(default_factory=dict)
    brand: Brand = field(default_factory=Brand)
    messages_per_second: float = 5.0
    message_burst: int = 20
    new_chats_per_minute: float = 6.0
    new_chats_at_once: int = 30
    captcha_site_key: str = ""
    captcha_after: int = 5
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    max_text: int = 10_000
    max_frame: int = 60 * 1024
    frame_hard_limit: int = 64 * 1024
    body_timeout: float = 20.0
    max_upload: int = 10 * 1024 * 1024
    uploads_per_chat: int = 2
    uploads_per_address: int = 8
    uploads_at_once: int = 64
    responses_per_chat: int = 24
    upload_stall_timeout: float = 15.0
    min_upload_rate: float = 8 * 1024
    sockets_per_address: int = 1_000
    sockets_at_once: int = 100_000
    silent_per_address: int = 500
    silent_at_once: int = 2_000
    hello_timeout: float = 5.0
    heartbeat: float = 25.0
    log_poll_interval: float = 5.0
    replay_page_size: int = 200
    queue_frames: int = 256
    queue_bytes: int = 2 * 1024 * 1024
    backlog_per_address: int = 32 * 1024 * 1024
    backlog_bytes: int = 256 * 1024 * 1024
    bad_frames: int = 20
    tabs: int = 16
    renew_grace: float = 600.0
    max_wait: float = 25.0
    cors_origins: tuple[str, ...] = ()
    socket_origins: tuple[str, ...] = ()
    frame_ancestors: str = "'self'"
    console_frame_ancestors: str = "'none'"
    host_origin: str = ""
    token_links: bool = True
    zone: str = "UTC"
    recent_authentication: timedelta = timedelta()
    sign_in_attempts_per_minute: float = 20.0
    sign_in_attempts_at_once: int = 40
    api_per_minute: float = 600.0
    api_at_once: int = 120
    api_guesses: int = 3_000
    api_timeout: float = 20.0
