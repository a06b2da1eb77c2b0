"""The console's application, mounted at ``/console``."""

from __future__ import annotations

from aiohttp import web

from privacydesk.web.console import (
    account,
    audit,
    calendars,
    confirmation,
    event_log,
    exports,
    home,
    incidents,
    live,
    office_hours,
    operator_profile,
    packs,
    passkeys,
    people,
    policy_versions,
    reports,
    settings,
    sign_on,
    signin,
    status,
    tokens,
    webhooks,
)
from privacydesk.web.console.access import access_middleware, check_access_rules, disclosing
from privacydesk.web.console.page import console_headers
from privacydesk.web.console.routes import work_routes


def make_console() -> web.Application:
    """Return the application; its handlers use resources of the parent application.

    Raises:
        TypeError: a handler has no access rule.
    """
    app = web.Application(middlewares=[access_middleware])
    app.on_response_prepare.append(console_headers)
    app.router.add_routes(
        [
            web.get("", home.home_page),
            web.get("/", home.home_page),
            web.get("/sign-in", signin.sign_in_page),
            web.post("/sign-in", signin.sign_in),
            web.get("/sign-in/password", signin.stage_page),
            web.post("/sign-in/password", signin.choose_password),
            web.get("/sign-in/app", signin.stage_page),
            web.post("/sign-in/app", signin.add_app),
            web.get("/sign-in/code", signin.stage_page),
            web.post("/sign-in/code", signin.enter_code),
            web.post("/sign-out", signin.sign_out),
            web.get("/sign-on", sign_on.begin, allow_head=False),
            web.get("/sign-on/confirm", sign_on.confirm, allow_head=False),
            web.get("/sign-on/callback", sign_on.callback, allow_head=False),
            web.post("/sign-on/logout", sign_on.log_out),
            web.get("/confirm", confirmation.confirmation_page),
            web.post("/confirm", confirmation.confirm),
            web.post("/language", signin.change_language),
            web.get("/account", account.account_page),
            web.post("/account/password", account.change_password),
            web.post("/account/recovery", account.renew_recovery_codes),
            web.post("/account/app", account.remove_authenticator),
            web.get("/passkey", passkeys.request_options, allow_head=False),
            web.get("/account/passkeys/options", passkeys.creation_options, allow_head=False),
            web.post("/account/passkeys/new", passkeys.new_page),
            web.post("/account/passkeys", passkeys.add),
            web.post("/account/passkeys/remove", passkeys.remove),
            web.post("/account/sessions/end", account.end_session),
            web.post("/account/sessions/end-others", account.end_other_sessions),
            web.get("/people", people.people_page),
            web.post("/people", people.add_agent),
            web.get("/people/access", people.access_page),
            web.post("/people/role", people.change_role),
            web.post("/people/teams", people.set_teams),
            web.post("/people/identity", people.link_identity),
            web.post("/people/disable", people.disable_agent),
            web.post("/people/reset", people.reset_agent),
            *_export_routes(),
            web.get("/audit", audit.audit_page),
            web.post("/audit", audit.check_audit),
            web.get("/reports/minors", packs.minors_page),
            web.get("/reports/self-check", packs.self_check_page),
            web.get("/reports", reports.reports_page),
            web.get("/reports/{figure}/csv", reports.figure_csv, allow_head=False),
            web.get("/reports/{figure}/svg", reports.figure_svg, allow_head=False),
            web.get("/status", status.status_page),
            web.get("/status/now", status.status_now, allow_head=False),
            *_incident_routes(),
            web.get("/settings", settings.settings_page),
            web.get("/settings/hours", office_hours.hours_page),
            web.post("/settings/hours", office_hours.save_hours),
            web.post("/settings/hours/preview", office_hours.preview_hours),
            web.get("/settings/profile", operator_profile.profile_page),
            web.post("/settings/profile", operator_profile.save_profile),
            web.post("/settings/profile/preview", operator_profile.preview_profile),
            web.get("/settings/profile/versions/{version}", operator_profile.version_page),
            web.get("/settings/policy", policy_versions.policy_page),
            web.post("/settings/policy", policy_versions.upload),
            web.post("/settings/policy/unlock", policy_versions.unlock),
            web.post("/settings/policy/use", policy_versions.put_in_force),
            web.post("/settings/policy/remove", policy_versions.remove),
            web.get("/settings/policy/versions/{digest}", policy_versions.version_page),
            web.get(
                "/settings/policy/versions/{digest}/progress", policy_versions.version_progress
            ),
            web.get("/settings/calendar", calendars.calendar_page),
            web.post("/settings/calendar", calendars.save_calendar),
            web.post("/settings/calendar/preview", calendars.preview_calendar),
            *_webhook_routes(),
            web.get("/events", event_log.events_page),
            web.get("/events/{event}", event_log.event_page),
            web.get("/tokens", tokens.tokens_page),
            web.post("/tokens", tokens.add),
            web.post("/tokens/{token}/revoke", tokens.revoke),
            *work_routes(),
        ]
    )
    check_access_rules(app)
    return app


def _export_routes() -> tuple[web.RouteDef, ...]:
    return disclosing(
        web.get("/people/access/export", exports.export_access, allow_head=False),
        web.get("/audit/export", exports.export_audit, allow_head=False),
        web.get("/inbox/export", exports.export_inbox, allow_head=False),
        web.get("/reports/period/{format}", packs.period_file, allow_head=False),
        web.get("/reports/minors/{format}", packs.minors_file, allow_head=False),
        web.get("/reports/self-check/{format}", packs.self_check_file, allow_head=False),
        web.get("/reports/requests", exports.export_requests, allow_head=False),
    )


def _incident_routes() -> list[web.RouteDef]:
    incident = "/incidents/{incident}"
    return [
        web.get("/incidents", incidents.incidents_page),
        web.post("/incidents", incidents.prepare),
        web.get("/incidents/new", incidents.new_page),
        web.post("/incidents/new", incidents.edit),
        web.post("/incidents/preview", incidents.preview),
        web.get(incident, incidents.incident_page),
        web.get(f"{incident}/live", live.incident_live, allow_head=False),
        web.post(f"{incident}/release", incidents.release),
        web.post(f"{incident}/pause", incidents.pause),
        web.post(f"{incident}/resume", incidents.resume),
        web.post(f"{incident}/discard", incidents.discard),
    ]


def _webhook_routes() -> list[web.RouteDef]:
    endpoint = "/webhooks/{endpoint}"
    return [
        web.get("/webhooks", webhooks.webhooks_page),
        web.post("/webhooks", webhooks.add),
        web.get(endpoint, webhooks.endpoint_page),
        web.post(f"{endpoint}/subscribe", webhooks.subscribe),
        web.post(f"{endpoint}/move", webhooks.move),
        web.post(f"{endpoint}/rotate", webhooks.rotate),
        web.post(f"{endpoint}/enable", webhooks.enable),
        web.post(f"{endpoint}/disable", webhooks.disable),
        web.post(f"{endpoint}/remove", webhooks.remove),
        web.post(f"{endpoint}/test", webhooks.send_test),
        web.post(f"{endpoint}/replay", webhooks.replay),
        web.get(f"{endpoint}/deliveries/{{delivery}}", webhooks.delivery_page),
        web.post(f"{endpoint}/deliveries/{{delivery}}/replay", webhooks.replay_one),
    ]
