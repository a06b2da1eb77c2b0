"""Addresses of the inbox and the case page, below ``/console``."""

from __future__ import annotations

from aiohttp import web

from privacydesk.web.console import alarms, case, deeds, duty, inbox, live, modules


def work_routes() -> list[web.RouteDef]:
    """Return the routes."""
    talk, ticket = "/conversations/{conversation}", "/tickets/{number}"
    return [
        web.get("/live", live.desk_live, allow_head=False),
        web.post("/duty", duty.choose),
        web.post("/duty/languages", duty.speak),
        web.get("/team", duty.team_page),
        web.post("/team/{name}/hand-over", duty.hand_over),
        web.get("/alarms", alarms.alarms_page),
        web.post("/alarms/seen", alarms.see_all),
        web.get("/inbox", inbox.inbox),
        web.get("/inbox/live", live.inbox_live, allow_head=False),
        web.get("/texts", modules.modules_page),
        web.post("/texts", modules.save_module),
        web.post("/texts/{name}/remove", modules.remove_module),
        web.get(ticket, case.ticket_page),
        web.get(talk, case.conversation_page),
        web.get(f"{talk}/talk", case.talk),
        web.get(f"{talk}/live", live.case_live, allow_head=False),
        web.post(f"{talk}/presence", live.presence),
        web.post(f"{talk}/take", deeds.take),
        web.post(f"{talk}/reply", deeds.reply),
        web.get(f"{talk}/files/{{file}}", deeds.attachment, allow_head=False),
        web.post(f"{talk}/hand-back", deeds.hand_back),
        web.post(f"{ticket}/claim", deeds.claim),
        web.post(f"{ticket}/assign", deeds.assign),
        web.post(f"{ticket}/note", deeds.note),
        web.post(f"{ticket}/ask", deeds.ask),
        web.post(f"{ticket}/extend", deeds.extend),
        web.post(f"{ticket}/restore", deeds.restore),
        web.post(f"{ticket}/escalate", deeds.escalate),
        web.post(f"{ticket}/escalation", deeds.answer_escalation),
        web.post(f"{ticket}/merge", deeds.merge),
        web.post(f"{ticket}/finding", deeds.finding),
        web.post(f"{ticket}/examine", deeds.examine),
        web.post(f"{ticket}/files", deeds.allow_files),
        web.post(f"{ticket}/access", deeds.ask_files),
        web.post(f"{ticket}/access/refuse", deeds.refuse_files),
        web.get(f"{ticket}/files/{{evidence}}", deeds.open_evidence, allow_head=False),
        web.post(f"{ticket}/preview", deeds.preview),
        web.post(f"{ticket}/decide", deeds.decide),
        web.post(f"{ticket}/confirm", deeds.confirm),
        web.post(f"{ticket}/send-back", deeds.send_back),
    ]
