"""Conversion of the settings and the operator profile to the settings of single services."""

from __future__ import annotations

from datetime import timedelta

from privacydesk.app.desk_address import desk_origin
from privacydesk.app.sign_on import sign_on_settings
from privacydesk.domain.help_figures import HelpTargets
from privacydesk.domain.notices import NoticeChannel, Occasion
from privacydesk.profile import OperatorProfile
from privacydesk.services.attendance import AttendanceSettings
from privacydesk.services.signin.sign_in import SignInSettings
from privacydesk.settings import Settings
from privacydesk.web.settings import WebSettings


def attendance_settings(settings: Settings) -> AttendanceSettings:
    """Return the settings for the attendance of agents."""
    return AttendanceSettings(
        grace=timedelta(seconds=settings.connection_grace_seconds),
        visit_duration=timedelta(minutes=settings.visit_minutes),
        max_conversations=settings.conversations_at_once,
        max_wait=timedelta(minutes=settings.queue_patience_minutes),
    )


def help_targets(settings: Settings) -> HelpTargets:
    """Return the targets of help by people."""
    return HelpTargets(
        wait=timedelta(minutes=settings.queue_patience_minutes),
        in_time_percent=settings.help_in_time_percent,
        left_percent=settings.help_left_percent,
        return_time=timedelta(days=settings.help_return_days),
    )


def sign_in_settings(settings: Settings, profile: OperatorProfile) -> SignInSettings:
    """Return the settings for staff sign-in."""
    return SignInSettings(
        idle_timeout=timedelta(minutes=settings.staff_idle_minutes),
        session_lifetime=timedelta(hours=settings.staff_session_hours),
        temporary_password_lifetime=timedelta(hours=settings.temporary_password_hours),
        issuer=next(iter(profile.desk_names.values()), "privacydesk"),
        log_retention=timedelta(days=max(settings.access_log_days, settings.separation_days)),
        forbidden_words=(profile.app, *profile.desk_names.values()),
        sign_on=sign_on_settings(settings),
        origin=desk_origin(settings),
    )


def web_settings(settings: Settings, profile: OperatorProfile) -> WebSettings:
    """Return the settings of the web applications."""
    return WebSettings(
        desk_names=profile.desk_names,
        brand=profile.brand.brand(),
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
        socket_origins=tuple(settings.socket_origins),
        frame_ancestors=settings.frame_ancestors,
        host_origin=settings.host_origin,
        token_links=settings.token_links,
        zone=profile.zone,
        recent_authentication=timedelta(minutes=settings.recent_minutes),
        sign_in_attempts_per_minute=settings.staff_entries_per_minute,
        sign_in_attempts_at_once=settings.staff_entries_at_once,
        api_per_minute=settings.api_requests_per_minute,
        api_at_once=settings.api_requests_at_once,
        api_guesses=settings.api_guesses_per_minute,
        api_timeout=settings.api_request_seconds,
    )


def notice_channels(
    settings: Settings, profile: OperatorProfile
) -> dict[Occasion, tuple[NoticeChannel, ...]]:
    """Return the channels for each kind of notice, in the profile's order.

    Push is left out if no push gateway is configured.
    """
    has_push = bool(settings.push_gateway_url)
    return {
        occasion: tuple(
            channel
            for channel in profile.notices.channels_for(occasion)
            if has_push or channel is not NoticeChannel.PUSH
        )
        for occasion in Occasion
    }
