"""Agents' actions on the case page; see ``doing`` for how each is carried out."""

from __future__ import annotations

from aiohttp import web

from privacydesk.domain.agents import SUPERVISING, WORKERS
from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.services.staff.preconditions import lacking
from privacydesk.web.console.access import signed_in, staff
from privacydesk.web.console.case import (
    Draft,
    FindingDraft,
    case_page,
    conversation_of,
    number_of,
    whole,
)
from privacydesk.web.console.form_actions import FormAction, case_seen, do, form_of, refused
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.replies import read_reply
from privacydesk.web.console.verdicts import read_finding, read_verdict
from privacydesk.web.files import file_answer

# -- conversations -----------------------------------------------------------------------------


@staff(*WORKERS)
async def take(request: web.Request) -> web.Response:
    """Take a conversation over."""
    return await do(
        request,
        "take",
        lambda d: d.tools.takeover.take(d.name, d.by, seen=d.owner_seen, job_id=d.job),
    )


@staff(*WORKERS)
async def reply(request: web.Request) -> web.Response:
    """Write to the user as the owner of the conversation, with a file where one was chosen."""
    sent = await read_reply(request)
    return await do(
        request,
        "reply",
        lambda d: d.tools.takeover.reply(
            d.name, d.by, d.text, file=sent.file, seen=d.owner_seen, job_id=d.job
        ),
        form=sent.fields,
    )


@staff()
async def attachment(request: web.Request) -> web.Response:
    """Show a file that was sent to the user."""
    tools = request.config_dict[TOOLS]
    conversation, name = conversation_of(request), request.match_info["file"]
    return file_answer(await tools.attaching.find(conversation, name))


@staff(*WORKERS)
async def hand_back(request: web.Request) -> web.Response:
    """Give a conversation back to the assistant."""
    return await do(
        request,
        "hand_back",
        lambda d: d.tools.takeover.hand_back(d.name, d.by, seen=d.owner_seen, job_id=d.job),
    )


# -- tickets -----------------------------------------------------------------------------------


@staff(*WORKERS)
async def claim(request: web.Request) -> web.Response:
    """Become a ticket's holder."""
    return await do(
        request,
        "claim",
        lambda d: d.tools.staff.handling.claim(d.name, d.by, over=d.form.get("holder", "")),
    )


@staff(*WORKERS)
async def assign(request: web.Request) -> web.Response:
    """Give a ticket to somebody else, or to nobody."""
    return await do(
        request,
        "assign",
        lambda d: d.tools.staff.handling.assign(
            d.name, d.by, d.form.get("to", ""), job_id=d.job, seen=d.case_seen
        ),
    )


@staff(*WORKERS)
async def note(request: web.Request) -> web.Response:
    """Leave a note for staff."""
    return await do(
        request,
        "note",
        lambda d: d.tools.staff.handling.note(d.name, d.by, d.text, job_id=d.job),
    )


@staff(*WORKERS)
async def ask(request: web.Request) -> web.Response:
    """Ask the requester for more."""
    return await do(
        request,
        "ask",
        lambda d: d.tools.staff.handling.ask(d.name, d.by, d.text, job_id=d.job, seen=d.case_seen),
    )


@staff(*SUPERVISING)
async def extend(request: web.Request) -> web.Response:
    """Give a ticket more time."""
    return await do(
        request,
        "extend",
        lambda d: d.tools.staff.handling.extend(
            d.name,
            d.by,
            working_days=whole(d.form.get("days", "")),
            reason=d.text,
            job_id=d.job,
            seen=d.case_seen,
        ),
    )


@staff(*WORKERS)
async def escalate(request: web.Request) -> web.Response:
    """Ask the supervisors to look."""
    return await do(
        request,
        "escalate",
        lambda d: d.tools.staff.escalations.escalate(d.name, d.by, d.text, job_id=d.job),
    )


@staff(*SUPERVISING)
async def answer_escalation(request: web.Request) -> web.Response:
    """Tell the agent who asked the supervisors how to go on."""
    return await do(
        request,
        "answer_escalation",
        lambda d: d.tools.staff.escalations.answer(
            d.name, d.by, d.text, job_id=d.job, seen=d.case_seen
        ),
    )


@staff(*SUPERVISING)
async def restore(request: web.Request) -> web.Response:
    """Have the account that was stopped for a request restored."""
    return await do(
        request,
        "restore",
        lambda d: d.tools.staff.restorations.restore(
            d.name, d.by, d.text, job_id=d.job, seen=d.case_seen
        ),
    )


@staff(*WORKERS)
async def merge(request: web.Request) -> web.Response:
    """Close a ticket as the duplicate of another."""
    return await do(
        request,
        "merge",
        lambda d: d.tools.staff.merging.merge(
            d.name, d.by, d.form.get("into", ""), d.text, job_id=d.job, seen=d.case_seen
        ),
    )


@staff(*WORKERS)
async def finding(request: web.Request) -> web.Response:
    """Ask for confirmation before evidence is settled: that starts the clock and deletes files."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form, number = await form_of(request), number_of(request)
    try:
        found = read_finding(form)
        events = await tools.staff.examinations.preview(
            number, me.agent.name, found, seen=case_seen(form)
        )
    except DeskError as error:
        return await refused(request, "examine", form, error)
    sheet = await tools.casework.of_ticket(number)
    return case_page(request, sheet, finding=FindingDraft(found, events, form))


@staff(*WORKERS)
async def examine(request: web.Request) -> web.Response:
    """Settle the finding on evidence."""

    async def act(deed: FormAction) -> object:
        found = read_finding(deed.form)
        return await deed.tools.staff.examinations.examine(
            deed.name,
            deed.by,
            accepted=found.accepted,
            reason=found.reason,
            account=found.account,
            job_id=deed.job,
            seen=deed.case_seen,
        )

    return await do(request, "examine", act)


@staff(*WORKERS)
async def ask_files(request: web.Request) -> web.Response:
    """Ask the supervisors for permission to open a child's files."""
    return await do(
        request,
        "ask_files",
        lambda d: d.tools.staff.files.ask(d.name, d.by, d.text, job_id=d.job),
    )


@staff(*SUPERVISING)
async def allow_files(request: web.Request) -> web.Response:
    """Allow an agent to open a child's files: the one who asked, or the case's holder."""
    return await do(
        request,
        "allow_files",
        lambda d: d.tools.staff.files.allow(
            d.name, d.by, to=d.form.get("to", ""), job_id=d.job, seen=d.case_seen
        ),
    )


@staff(*SUPERVISING)
async def refuse_files(request: web.Request) -> web.Response:
    """Refuse an agent's request to open a child's files, and say why."""
    return await do(
        request,
        "refuse_files",
        lambda d: d.tools.staff.files.refuse(
            d.name, d.by, d.form.get("to", ""), d.text, job_id=d.job
        ),
    )


@staff(*WORKERS)
async def open_evidence(request: web.Request) -> web.Response:
    """Show one file; the opening is logged before anything is shown."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    number, name = number_of(request), request.match_info["evidence"]
    try:
        one = await tools.staff.evidence.open(number, name, me.agent.name)
    except DeskError as error:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return await refused(request, "evidence", {}, error)
    return file_answer(one)


# -- decisions ---------------------------------------------------------------------------------


@staff(*WORKERS)
async def preview(request: web.Request) -> web.Response:
    """Show what the user will see of a decision, or what is missing for it."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form, number = await form_of(request), number_of(request)
    sheet = await tools.casework.of_ticket(number)
    assert sheet.ticket is not None
    deciding = tools.staff.decisions
    try:
        # The agent goes on from the page that follows, so a later check would miss a stale form.
        await deciding.check_seen(number, case_seen(form))
        verdict = read_verdict(form, sheet.ticket)
        lacks = lacking(sheet.ticket, me.agent, verdict)
        events = () if lacks else await deciding.preview(number, me.agent.name, verdict)
    except DeskError as error:
        return await refused(request, "decide", form, error)
    return case_page(request, sheet, draft=Draft(verdict, lacks, events, form))


@staff(*WORKERS)
async def decide(request: web.Request) -> web.Response:
    """Decide a ticket as it was previewed."""

    async def act(deed: FormAction) -> object:
        deciding = deed.tools.staff.decisions
        ticket = await deed.tools.staff.cases.ticket(deed.name)
        try:
            verdict = read_verdict(deed.form, ticket)
        except InvalidRequestError:
            # The items may have changed since the page was shown: then report that instead.
            await deciding.check_seen(deed.name, deed.case_seen)
            raise
        return await deciding.decide(
            deed.name, deed.by, verdict, job_id=deed.job, seen=deed.case_seen
        )

    return await do(request, "decide", act)


@staff(*WORKERS)
async def confirm(request: web.Request) -> web.Response:
    """Confirm what another agent decided."""
    return await do(
        request,
        "confirm",
        lambda d: d.tools.staff.decisions.confirm(d.name, d.by, job_id=d.job, seen=d.case_seen),
    )


@staff(*WORKERS)
async def send_back(request: web.Request) -> web.Response:
    """Take a proposed decision back."""
    return await do(
        request,
        "send_back",
        lambda d: d.tools.staff.decisions.send_back(
            d.name, d.by, d.text, job_id=d.job, seen=d.case_seen
        ),
    )
