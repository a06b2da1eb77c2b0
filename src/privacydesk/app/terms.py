"""The operator's choices, in the form that the rooms take."""

from __future__ import annotations

from datetime import timedelta

from privacydesk.domain.notices import Occasion, Way
from privacydesk.profile import OperatorProfile
from privacydesk.services.attendance import Terms as AttendanceTerms
from privacydesk.services.signin.gate import Terms
from privacydesk.settings import Settings
from privacydesk.web.settings import WebSettings


def attendance_terms(settings: Settings) -> AttendanceTerms:
    """Return the operator's choices about who counts as present."""
    return AttendanceTerms(
        grace=timedelta(seconds=settings.connection_grace_seconds),
        visit=timedelta(minutes=settings.visit_minutes),
        at_once=settings.conversations_at_once,
        patience=timedelta(minutes=settings.queue_patience_minutes),
    )


def staff_terms(settings: Settings, profile: OperatorProfile) -> Terms:
    """Return the operator's choices about staff sign-in."""
    return Terms(
        idle=timedelta(minutes=settings.staff_idle_minutes),
        lasting=timedelta(hours=settings.staff_session_hours),
        temporary=timedelta(hours=settings.temporary_password_hours),
        issuer=next(iter(profile.desk_names.values()), "privacydesk"),
        keep_log=timedelta(days=max(settings.access_log_days, settings.separation_days)),
        names=(profile.app, *profile.desk_names.values()),
    )


def web_settings(settings: Settings, profile: OperatorProfile) -> WebSettings:
    """Return the settings of the web applications."""
    return WebSettings(
        desk_names=profile.desk_names,
        messages_per_second=settings.messages_per_second,
        message_burst=settings.message_burst,
        new_chats_per_minute=settings.new_chats_per_minute,
        new_chats_at_once=settings.new_chats_at_once,
        captcha_site_key=settings.captcha_site_key,
        captcha_after=settings.captcha_after,
        sockets_per_address=settings.sockets_per_address,
        silent_per_address=settings.silent_sockets_per_address,
        backlog_bytes=settings.held_megabytes << 20,
        backlog_per_address=settings.held_megabytes_per_address << 20,
        trusted_proxies=tuple(settings.trusted_proxies),
        cors_origins=tuple(settings.cors_origins),
        frame_ancestors=settings.frame_ancestors,
        host_origin=settings.host_origin,
        token_links=settings.token_links,
        zone=profile.zone,
        entries_per_minute=settings.staff_entries_per_minute,
        entries_at_once=settings.staff_entries_at_once,
        api_per_minute=settings.api_requests_per_minute,
        api_at_once=settings.api_requests_at_once,
        api_time=settings.api_request_seconds,
    )


def ways(settings: Settings, profile: OperatorProfile) -> dict[Occasion, tuple[Way, ...]]:
    """Return the ways that notices go: those of the profile that are available here."""
    pushes = bool(settings.push_gateway_url)
    return {
        occasion: tuple(
            way for way in profile.notices.ways_of(occasion) if pushes or way is not Way.PUSH
        )
        for occasion in Occasion
    }
