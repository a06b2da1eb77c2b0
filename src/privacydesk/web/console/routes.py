"""Routes of the inbox, the case page, and the team's pages, below ``/console``."""

from __future__ import annotations

from aiohttp import web

from privacydesk.web.console import (
    alarms,
    bulk,
    case,
    case_actions,
    duty,
    inbox,
    live,
    modules,
    saved_views,
    translations,
)


def work_routes() -> list[web.RouteDef]:
    """Return the routes."""
    conversation, ticket = "/conversations/{conversation}", "/tickets/{number}"
    return [
        web.get("/live", live.desk_live, allow_head=False),
        web.post("/duty", duty.set_availability),
        web.post("/duty/languages", duty.set_languages),
        web.get("/team", duty.team_page),
        web.post("/team/{name}/hand-over", duty.hand_over),
        web.get("/alarms", alarms.alarms_page),
        web.post("/alarms/seen", alarms.mark_all_seen),
        web.get("/inbox", inbox.inbox_page),
        web.post("/inbox/bulk", bulk.confirm_bulk),
        web.post("/inbox/bulk/run", bulk.run_bulk),
        web.post("/inbox/views", saved_views.add_view),
        web.post("/inbox/views/{view}/change", saved_views.change_view),
        web.post("/inbox/views/{view}/remove", saved_views.remove_view),
        web.get("/inbox/live", live.inbox_live, allow_head=False),
        web.get("/texts", modules.modules_page),
        web.post("/texts", modules.save_module),
        web.post("/texts/{name}/remove", modules.remove_module),
        web.get(ticket, case.ticket_page),
        web.get(f"{ticket}/now", case.ticket_updates),
        web.get(f"{ticket}/receipt", case.ticket_receipt, allow_head=False),
        web.get(conversation, case.conversation_page),
        web.get(f"{conversation}/talk", case.conversation_updates),
        web.get(f"{conversation}/live", live.case_live, allow_head=False),
        web.post(f"{conversation}/presence", live.presence),
        web.post(f"{conversation}/take", case_actions.take),
        web.post(f"{conversation}/reply", case_actions.reply),
        web.get(f"{conversation}/files/{{file}}", case_actions.attachment, allow_head=False),
        web.post(f"{conversation}/hand-back", case_actions.hand_back),
        web.post(f"{conversation}/translate", translations.translate),
        web.post(f"{ticket}/claim", case_actions.claim),
        web.post(f"{ticket}/assign", case_actions.assign),
        web.post(f"{ticket}/note", case_actions.note),
        web.post(f"{ticket}/ask", case_actions.ask),
        web.post(f"{ticket}/extend", case_actions.extend),
        web.post(f"{ticket}/restore", case_actions.restore),
        web.post(f"{ticket}/escalate", case_actions.escalate),
        web.post(f"{ticket}/escalation", case_actions.answer_escalation),
        web.post(f"{ticket}/merge", case_actions.merge),
        web.post(f"{ticket}/finding", case_actions.preview_finding),
        web.post(f"{ticket}/examine", case_actions.examine),
        web.post(f"{ticket}/files", case_actions.allow_files),
        web.post(f"{ticket}/access", case_actions.ask_files),
        web.post(f"{ticket}/access/refuse", case_actions.refuse_files),
        web.get(f"{ticket}/files/{{evidence}}", case_actions.open_evidence, allow_head=False),
        web.post(f"{ticket}/account", case_actions.open_account_data),
        web.post(f"{ticket}/preview", case_actions.preview_decision),
        web.post(f"{ticket}/decide", case_actions.decide),
        web.post(f"{ticket}/confirm", case_actions.confirm),
        web.post(f"{ticket}/send-back", case_actions.send_back),
    ]
