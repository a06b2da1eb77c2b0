"""Settings of the web interfaces; built by the composition root from the settings file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Limits and addresses of the web interfaces. Times are seconds, sizes bytes.

    Attributes:
        desk_names: the desk's name by locale, for the header; falls back to the catalog's.
        messages_per_second: messages a conversation may send on average.
        message_burst: messages it may send at once.
        new_chats_per_minute: conversations without a login one address may begin on average.
        new_chats_at_once: how many of them it may begin at once.
        captcha_site_key: key of the challenge widget, sent to clients.
        captcha_after: conversations without a login one address may begin at once before a
            challenge is required, if there is a verifier.
        trusted_proxies: networks whose ``X-Forwarded-For`` is trusted.
        max_text: characters of one message, counted after cleaning.
        max_frame: the largest frame that is read; larger ones are answered with an error.
        drop_frame: the largest frame that is even received; larger ones end the connection.
        body_time: how long a frame or a form may take to arrive.
        max_upload: the largest file.
        uploads_per_chat: simultaneous uploads of one conversation.
        uploads_per_address: simultaneous uploads from one address.
        uploads_at_once: simultaneous uploads in total.
        answers_per_chat: pages of the log and files that may be on their way to a conversation at
            once, over HTTP.
        upload_pause: how long an upload may stall.
        upload_rate: the minimum rate of an upload, bytes a second.
        sockets_per_address: open sockets and streams of one address.
        sockets_at_once: open sockets in total.
        silent_per_address: open sockets of one address that have not said hello yet; its oldest
            gives way to one more.
        silent_at_once: such sockets in total; the oldest of the largest holder gives way.
        hello_timeout: how long a new connection may stay silent.
        heartbeat: how long a connection may stay silent before it is pinged.
        compare_every: how often cursors are compared with the log.
        page: events in one frame of a replay.
        queue_frames: frames that may wait for a slow client.
        queue_bytes: bytes that may be held for one client: unread output, and input that is not
            handled yet.
        backlog_per_address: bytes held for all clients of one address.
        backlog_bytes: bytes held for all clients.
        bad_frames: unreadable frames a connection is forgiven.
        tabs: windows one conversation may be shown in, sockets and HTTP followers together.
        renew_grace: how long a connection waits for a new token.
        max_wait: the longest wait of a long poll.
        cors_origins: origins that may call the HTTP equivalent from a browser.
        frame_ancestors: who may embed the page, as a CSP source list.
        zone: the operator's, in which staff read times.
        entries_per_minute: passwords and codes of staff that are checked from one address.
        entries_at_once: how many of them at once.
        api_per_minute: requests of the HTTP API that a token may make on average.
        api_at_once: how many of them at once.
        api_time: how long one of them may take, including the arrival of its body.
        host_origin: origin of the page that embeds the chat and hands over tokens; empty for
            the page's own.
        token_links: whether the chat page takes an app token out of its own address.
    """

    desk_names: Mapping[str, str] = field(default_factory=dict)
    messages_per_second: float = 5.0
    message_burst: int = 20
    new_chats_per_minute: float = 6.0
    new_chats_at_once: int = 30
    captcha_site_key: str = ""
    captcha_after: int = 5
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    max_text: int = 10_000
    max_frame: int = 60 * 1024
    drop_frame: int = 64 * 1024
    body_time: float = 20.0
    max_upload: int = 10 * 1024 * 1024
    uploads_per_chat: int = 2
    uploads_per_address: int = 8
    uploads_at_once: int = 64
    answers_per_chat: int = 24
    upload_pause: float = 15.0
    upload_rate: float = 8 * 1024
    sockets_per_address: int = 1_000
    sockets_at_once: int = 100_000
    silent_per_address: int = 500
    silent_at_once: int = 2_000
    hello_timeout: float = 5.0
    heartbeat: float = 25.0
    compare_every: float = 5.0
    page: int = 200
    queue_frames: int = 256
    queue_bytes: int = 2 * 1024 * 1024
    backlog_per_address: int = 32 * 1024 * 1024
    backlog_bytes: int = 256 * 1024 * 1024
    bad_frames: int = 20
    tabs: int = 16
    renew_grace: float = 600.0
    max_wait: float = 25.0
    cors_origins: tuple[str, ...] = ()
    frame_ancestors: str = "'self'"
    host_origin: str = ""
    token_links: bool = True
    zone: str = "UTC"
    entries_per_minute: float = 20.0
    entries_at_once: int = 40
    api_per_minute: float = 600.0
    api_at_once: int = 120
    api_time: float = 20.0
