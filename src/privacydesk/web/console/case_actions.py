"""Handlers of the actions on the case page; see ``form_actions`` for how each is run."""

from __future__ import annotations

from aiohttp import web

from privacydesk.domain.agents import SUPERVISING, WORKERS
from privacydesk.errors import DeskError, InvalidRequestError, NotFoundError, StaleError
from privacydesk.services.staff.handling import require_text
from privacydesk.services.staff.preconditions import find_decision_blockers
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.case import (
    DecisionPreview,
    FindingPreview,
    FormError,
    case_page,
    conversation_id_of,
    items_by_hand,
    parse_whole_number,
    ticket_number_of,
)
from privacydesk.web.console.confirmation import recently_authenticated
from privacydesk.web.console.form_actions import (
    FormAction,
    case_seen,
    read_text_fields,
    refusal_page,
    run_action,
)
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.replies import read_reply
from privacydesk.web.console.verdicts import find_faults, parse_finding, parse_verdict
from privacydesk.web.files import file_response

# -- conversations -----------------------------------------------------------------------------


@staff(*WORKERS)
async def take(request: web.Request) -> web.Response:
    """Take over a conversation."""
    return await run_action(
        request,
        "take",
        lambda action: action.services.takeover.take(
            action.target, action.by, seen=action.owner_seen, job_id=action.job_id
        ),
    )


@staff(*WORKERS)
async def reply(request: web.Request) -> web.Response:
    """Send a reply to the user, with an optional file; ``take`` takes the conversation over first.

    Otherwise only the conversation's owner may reply.
    """
    reply_form = await read_reply(request)

    async def run(action: FormAction) -> object:
        takes = action.form.get("take") == "yes"
        if takes:
            require_text(action.text)
            await _take_unless_own(action)
        return await action.services.takeover.reply(
            action.target,
            action.by,
            action.text,
            file=reply_form.file,
            seen=None if takes else action.owner_seen,
            job_id=action.job_id,
        )

    return await run_action(request, "reply", run, form=reply_form.fields)


async def _take_unless_own(action: FormAction) -> None:
    """Take a conversation over, unless the agent has it already, as from another page."""
    try:
        await action.services.takeover.take(
            action.target, action.by, seen=action.owner_seen, job_id=f"{action.job_id}:take"
        )
    except StaleError:
        owner = (await action.services.takeover.find(action.target)).owner
        if owner.agent != action.by:
            raise


@staff()
@recently_authenticated
async def attachment(request: web.Request) -> web.Response:
    """Show a file of a conversation; the user's own only to those who work on requests."""
    attachments = request.config_dict[SERVICES].attachments
    conversation, name = conversation_id_of(request), request.match_info["file"]
    file = await attachments.find(conversation, name)
    if not file.by and agent_session(request).agent.role not in WORKERS:
        raise NotFoundError("no such file was sent in this conversation")
    return file_response(file)


@staff(*WORKERS)
async def hand_back(request: web.Request) -> web.Response:
    """Return a conversation to the assistant."""
    return await run_action(
        request,
        "hand_back",
        lambda action: action.services.takeover.hand_back(
            action.target, action.by, seen=action.owner_seen, job_id=action.job_id
        ),
    )


@staff(*WORKERS)
async def hand_over(request: web.Request) -> web.Response:
    """Give a conversation to another agent, or back to the queue."""
    return await run_action(
        request,
        "hand_over",
        lambda action: action.services.takeover.hand_over(
            action.target,
            action.by,
            action.form.get("to", ""),
            seen=action.owner_seen,
            job_id=action.job_id,
        ),
    )


# -- tickets -----------------------------------------------------------------------------------


@staff(*WORKERS)
async def claim(request: web.Request) -> web.Response:
    """Assign a ticket to oneself."""
    return await run_action(
        request,
        "claim",
        lambda action: action.services.staff.handling.claim(
            action.target, action.by, expected_holder=action.form.get("holder", "")
        ),
    )


@staff(*WORKERS)
async def assign(request: web.Request) -> web.Response:
    """Assign a ticket to another agent, or unassign it."""
    return await run_action(
        request,
        "assign",
        lambda action: action.services.staff.handling.assign(
            action.target,
            action.by,
            action.form.get("to", ""),
            job_id=action.job_id,
            seen=action.case_seen,
        ),
    )


@staff(*WORKERS)
async def note(request: web.Request) -> web.Response:
    """Add an internal note to a ticket's log."""
    return await run_action(
        request,
        "note",
        lambda action: action.services.staff.handling.add_note(
            action.target, action.by, action.text, job_id=action.job_id
        ),
    )


@staff(*WORKERS)
async def ask(request: web.Request) -> web.Response:
    """Ask the requester for further information."""
    return await run_action(
        request,
        "ask",
        lambda action: action.services.staff.handling.ask_requester(
            action.target, action.by, action.text, job_id=action.job_id, seen=action.case_seen
        ),
    )


@staff(*SUPERVISING)
async def extend(request: web.Request) -> web.Response:
    """Extend a ticket's deadline."""
    return await run_action(
        request,
        "extend",
        lambda action: action.services.staff.handling.extend(
            action.target,
            action.by,
            working_days=parse_whole_number(action.form.get("days", "")),
            reason=action.text,
            job_id=action.job_id,
            seen=action.case_seen,
        ),
    )


@staff(*WORKERS)
async def escalate(request: web.Request) -> web.Response:
    """Escalate a ticket to the supervisors."""
    return await run_action(
        request,
        "escalate",
        lambda action: action.services.staff.escalations.escalate(
            action.target, action.by, action.text, job_id=action.job_id
        ),
    )


@staff(*SUPERVISING)
async def answer_escalation(request: web.Request) -> web.Response:
    """Answer an escalation."""
    return await run_action(
        request,
        "answer_escalation",
        lambda action: action.services.staff.escalations.answer(
            action.target, action.by, action.text, job_id=action.job_id, seen=action.case_seen
        ),
    )


@staff(*SUPERVISING)
async def restore(request: web.Request) -> web.Response:
    """Have the account service restore an account that was suspended for a request."""
    return await run_action(
        request,
        "restore",
        lambda action: action.services.staff.restorations.restore(
            action.target, action.by, action.text, job_id=action.job_id, seen=action.case_seen
        ),
    )


@staff(*WORKERS)
async def merge(request: web.Request) -> web.Response:
    """Close a ticket as a duplicate of another one."""
    return await run_action(
        request,
        "merge",
        lambda action: action.services.staff.merges.merge(
            action.target,
            action.by,
            action.form.get("into", ""),
            action.text,
            job_id=action.job_id,
            seen=action.case_seen,
        ),
    )


@staff(*WORKERS)
async def preview_finding(request: web.Request) -> web.Response:
    """Ask for confirmation of an examination: it starts the deadline and deletes the files."""
    services, me = request.config_dict[SERVICES], agent_session(request)
    form, number = await read_text_fields(request), ticket_number_of(request)
    try:
        result = parse_finding(form)
        events = await services.staff.examinations.preview(
            number, me.agent.name, result, seen=case_seen(form)
        )
    except DeskError as error:
        return await refusal_page(request, "examine", form, error)
    case = await services.case_pages.ticket_page(number)
    return case_page(request, case, finding=FindingPreview(result, events, form))


@staff(*WORKERS)
async def examine(request: web.Request) -> web.Response:
    """Record the result of the examination of evidence, as it was previewed."""

    async def run(action: FormAction) -> object:
        result = parse_finding(action.form)
        return await action.services.staff.examinations.examine(
            action.target,
            action.by,
            accepted=result.accepted,
            reason=result.reason,
            account=result.account,
            job_id=action.job_id,
            seen=action.case_seen,
        )

    return await run_action(request, "examine", run)


@staff(*WORKERS)
async def ask_files(request: web.Request) -> web.Response:
    """Request the supervisors' permission to open a child's files."""
    return await run_action(
        request,
        "ask_files",
        lambda action: action.services.staff.file_access.request(
            action.target, action.by, action.text, job_id=action.job_id
        ),
    )


@staff(*SUPERVISING)
async def allow_files(request: web.Request) -> web.Response:
    """Allow an agent to open a child's files: the requesting agent, or the ticket's holder."""
    return await run_action(
        request,
        "allow_files",
        lambda action: action.services.staff.file_access.grant(
            action.target,
            action.by,
            to=action.form.get("to", ""),
            job_id=action.job_id,
            seen=action.case_seen,
        ),
    )


@staff(*SUPERVISING)
async def refuse_files(request: web.Request) -> web.Response:
    """Refuse an agent's request to open a child's files, with a reason."""
    return await run_action(
        request,
        "refuse_files",
        lambda action: action.services.staff.file_access.deny(
            action.target,
            action.by,
            action.form.get("to", ""),
            action.text,
            job_id=action.job_id,
            seen=action.case_seen,
        ),
    )


@staff(*WORKERS)
@recently_authenticated
async def open_evidence(request: web.Request) -> web.Response:
    """Show a file of the evidence, after its opening was logged."""
    services, me = request.config_dict[SERVICES], agent_session(request)
    number, name = ticket_number_of(request), request.match_info["evidence"]
    try:
        file = await services.staff.evidence.open(number, name, me.agent.name)
    except DeskError as error:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return await refusal_page(request, "evidence", {}, error)
    return file_response(file)


@staff(*WORKERS)
@recently_authenticated
async def open_account_data(request: web.Request) -> web.Response:
    """Show what the account of a ticket holds; a script gets the card alone."""
    services, me = request.config_dict[SERVICES], agent_session(request)
    form, number = await read_text_fields(request), ticket_number_of(request)
    try:
        holdings = await services.staff.account_data.read(number, me.agent.name)
    except DeskError as error:
        return await refusal_page(request, "account_data", form, error)
    case = await services.case_pages.ticket_page(number)
    return case_page(request, case, holdings=holdings)


# -- decisions ---------------------------------------------------------------------------------


@staff(*WORKERS)
async def preview_decision(request: web.Request) -> web.Response:
    """Show the messages that the user will get for a decision, or what prevents it."""
    services, me = request.config_dict[SERVICES], agent_session(request)
    form, number = await read_text_fields(request), ticket_number_of(request)
    case = await services.case_pages.ticket_page(number)
    assert case.ticket is not None
    decisions = services.staff.decisions
    try:
        # The next form is sent from the preview, which is current: check this stale form now.
        await decisions.check_seen(number, case_seen(form))
        faults = find_faults(form, case.ticket, me.agent)
        if faults:
            form_error = FormError("decide", "", form, faults)
            return case_page(request, case, form_error=form_error, status=400)
        verdict = parse_verdict(form, case.ticket)
        held = {case.ticket.account} if case.related.holds else set()
        blockers = find_decision_blockers(case.ticket, me.agent, verdict, held=held)
        events = () if blockers else await decisions.preview(number, me.agent.name, verdict)
    except DeskError as error:
        return await refusal_page(request, "decide", form, error)
    by_hand = items_by_hand(case.ticket, me.agent, verdict)
    preview = DecisionPreview(verdict, blockers, events, form, by_hand)
    return case_page(request, case, decision=preview)


@staff(*WORKERS)
async def decide(request: web.Request) -> web.Response:
    """Decide a ticket as it was previewed."""

    async def run(action: FormAction) -> object:
        decisions = action.services.staff.decisions
        ticket = await action.services.staff.tickets.by_number(action.target)
        try:
            verdict = parse_verdict(action.form, ticket)
        except InvalidRequestError:
            # If the items have changed since the page was shown, report that instead.
            await decisions.check_seen(action.target, action.case_seen)
            raise
        return await decisions.decide(
            action.target, action.by, verdict, job_id=action.job_id, seen=action.case_seen
        )

    return await run_action(request, "decide", run)


@staff(*WORKERS)
async def confirm(request: web.Request) -> web.Response:
    """Confirm a decision that another agent proposed."""
    return await run_action(
        request,
        "confirm",
        lambda action: action.services.staff.decisions.confirm(
            action.target,
            action.by,
            carried_out=action.form.get("carried_out") == "yes",
            job_id=action.job_id,
            seen=action.case_seen,
        ),
    )


@staff(*WORKERS)
async def send_back(request: web.Request) -> web.Response:
    """Reject a proposed decision, or withdraw one's own."""
    return await run_action(
        request,
        "send_back",
        lambda action: action.services.staff.decisions.send_back(
            action.target, action.by, action.text, job_id=action.job_id, seen=action.case_seen
        ),
    )
