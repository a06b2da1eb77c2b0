"""The names a flow may use: actions, guards, slot types, options and arguments.

The engine runs what these names stand for (``actions``, ``guards``, ``slots``); the reader and the
checker only need to know what there is and which outcomes it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind

TRIGGERS = frozenset(
    {
        # say, ask, confirm
        "next", "answered", "skipped", "gone", "yes", "no",
        # actions
        "ok", "none", "sent", "wait", "capped", "too_many", "no_phone", "unavailable",
        "right", "wrong", "spent", "expired", "none_open", "not_found",
        "filed", "too_late", "some", "shown", "unknown", "withdrawn", "queued", "nobody",
        # guards
        "under_14", "exactly_14", "teen", "adult",
        # ends of called flows
        "done", "refused", "cancelled", "failed", "locked", "pending_document",
    }
)  # fmt: skip
"""Every outcome there is; each is a trigger of the flows' machines."""

END_OUTCOMES = frozenset(
    {"done", "refused", "cancelled", "failed", "locked", "pending_document", "unavailable"}
)


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What a flow may rely on of an action.

    Attributes:
        outcomes: all it can come to.
        assurance: what must have been shown on every path to it.
        destructive: a confirmation must be on every path to it, too.
        waits: the outside is asked; the conversation waits for a result.
        contact: a code to a contact, or to a ticket's, must have been right on every path to it.
        params: names allowed under ``with``.
    """

    outcomes: frozenset[str]
    assurance: Assurance = Assurance.NONE
    contact: bool = False
    destructive: bool = False
    waits: bool = False
    params: frozenset[str] = frozenset()


def _outcomes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CODE = Assurance.ONE_TIME_CODE
_SESSION = Assurance.APP_SESSION

ACTIONS: Mapping[str, ActionSpec] = {
    "send_code": ActionSpec(
        _outcomes("sent wait capped too_many no_phone unavailable"),
        waits=True,
        params=frozenset({"to"}),
    ),
    "check_code": ActionSpec(
        _outcomes("right wrong spent expired none_open"), params=frozenset({"to"})
    ),
    "read_profile": ActionSpec(_outcomes("ok not_found unavailable"), _CODE, waits=True),
    "read_age": ActionSpec(_outcomes("ok unavailable"), _CODE, waits=True),
    # The app shows its account's ways to log in to whoever is logged in.
    "read_bindings": ActionSpec(_outcomes("ok none unavailable"), _SESSION, waits=True),
    "read_decisions": ActionSpec(_outcomes("ok none unavailable"), _CODE, waits=True),
    "read_export_summary": ActionSpec(_outcomes("ok not_found unavailable"), _CODE, waits=True),
    "file_ticket": ActionSpec(_outcomes("filed")),
    "file_unverified": ActionSpec(_outcomes("filed"), params=frozenset({"document"})),
    "attach_evidence": ActionSpec(_outcomes("ok too_late")),
    "answer_request": ActionSpec(_outcomes("ok too_late")),
    "list_requests": ActionSpec(_outcomes("some none"), _SESSION),
    "show_ticket": ActionSpec(_outcomes("shown unknown none")),
    "withdraw_ticket": ActionSpec(_outcomes("withdrawn too_late"), _SESSION),
    "file_objection": ActionSpec(_outcomes("filed too_late"), _SESSION),
    "confirm_closing": ActionSpec(_outcomes("ok too_late"), _CODE, destructive=True),
    # Keeps the account, so whoever the request belongs to needs no further proof.
    "decline_closing": ActionSpec(_outcomes("ok too_late")),
    "find_package": ActionSpec(_outcomes("ok too_late unknown")),
    # Its own code and no older proof, which it asks again at run time.
    "open_package": ActionSpec(_outcomes("ok too_late refused"), contact=True),
    "queue_human": ActionSpec(_outcomes("queued nobody")),
    "leave_queue": ActionSpec(_outcomes("ok")),
    "drop_evidence": ActionSpec(_outcomes("ok")),
    "answer_policy": ActionSpec(_outcomes("shown unknown none unavailable")),
    "keep_comment": ActionSpec(_outcomes("ok too_late")),
    "drop_alike": ActionSpec(_outcomes("ok")),
    "note_wish": ActionSpec(_outcomes("ok"), params=frozenset({"kind"})),
}

KIND_ASSURANCE: Mapping[RequestKind, Assurance] = {
    RequestKind.ACCESS: _CODE,
    RequestKind.RECTIFICATION: _CODE,
    RequestKind.DELETION: _CODE,
    RequestKind.CONSENT_WITHDRAWAL: _SESSION,
    RequestKind.DEREGISTRATION: _CODE,
    RequestKind.UNBINDING: _CODE,
    RequestKind.AUTOMATED_DECISION: _CODE,
    RequestKind.COMPLAINT: Assurance.NONE,
    RequestKind.GUARDIAN: Assurance.NONE,
    RequestKind.UNDERAGE_REPORT: Assurance.NONE,
}
"""What filing as verified needs. A complaint takes a session or a verified contact, a guardian a
verified contact and a checked document, which their flows and the engine see to."""

DESTRUCTIVE_KINDS = frozenset(
    {
        RequestKind.DELETION,
        RequestKind.DEREGISTRATION,
        RequestKind.UNBINDING,
        RequestKind.RECTIFICATION,
        RequestKind.CONSENT_WITHDRAWAL,
    }
)

GUARDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "has_session": (_outcomes("yes no"), frozenset()),
    "is_verified": (_outcomes("yes no"), frozenset({"level"})),
    "has_contact_proof": (_outcomes("yes no"), frozenset()),
    "code_open": (_outcomes("yes no"), frozenset()),
    "same_request_open": (_outcomes("yes no"), frozenset()),
    "posts_go_first": (_outcomes("yes no"), frozenset()),
    "last_login_way": (_outcomes("yes no"), frozenset()),
    "only_login_way": (_outcomes("yes no"), frozenset()),
    "bindings_known": (_outcomes("yes no"), frozenset()),
    "needs_document": (_outcomes("yes no"), frozenset()),
    "is_device_permission": (_outcomes("yes no"), frozenset()),
    "child_age": (_outcomes("under_14 exactly_14 teen adult unknown"), frozenset()),
    "slot_is": (_outcomes("yes no"), frozenset({"slot", "value"})),
    "has_evidence": (_outcomes("yes no"), frozenset()),
    "unbinding_window_set": (_outcomes("yes no"), frozenset()),
    "unbinding_automated": (_outcomes("yes no"), frozenset()),
    "closing_awaits_me": (_outcomes("yes no"), frozenset()),
    "shown_by_document": (_outcomes("yes no"), frozenset()),
    "proof_wanted": (_outcomes("yes no"), frozenset()),
    "answer_wanted": (_outcomes("yes no"), frozenset()),
    "filed_here": (_outcomes("yes no"), frozenset()),
    "has_open_request": (_outcomes("yes no"), frozenset()),
    "form_open": (_outcomes("yes no"), frozenset()),
    "number_misread": (_outcomes("yes no"), frozenset()),
    "is_unwilling": (_outcomes("yes no"), frozenset()),
    "wishes_wait": (_outcomes("yes no"), frozenset()),
    "may_object": (_outcomes("yes no"), frozenset()),
    "one_to_withdraw": (_outcomes("yes no"), frozenset()),
    "one_to_object": (_outcomes("yes no"), frozenset()),
    "ticket_may": (_outcomes("yes no"), frozenset({"what"})),
}
"""Each guard's outcomes, and the names allowed under ``with``."""

SLOT_TYPES = frozenset(
    {
        "text", "field_value", "account_name", "long_text", "code", "date_of_birth", "phone",
        "contact",
        "provider", "category", "purpose", "profile_field", "ticket_number", "ticket",
        "decision", "choice", "evidence",
        "reply", "internal",
    }
)  # fmt: skip

OPTIONS = frozenset(
    {
        "bindings", "decisions", "categories", "deletable_categories", "profile_fields",
        "purposes", "open_tickets", "closed_tickets", "requests",
    }
)  # fmt: skip

ARGS = frozenset(
    {
        "ticket", "due", "window", "tries", "until", "contact", "days", "app", "place", "valid_for",
        "objection_days", "object_until", "lapses_on", "remedies", "request", "age_clause",
        "wishes",
    }
)  # fmt: skip
"""Placeholders a text may use besides the flow's slots and the families below."""

ARG_FAMILIES = ("path_", "mail_", "clause_")

FILLED_BY_ACTION: Mapping[str, frozenset[str]] = {
    "read_profile": frozenset({"profile"}),
    "read_age": frozenset({"age_read"}),
    "read_bindings": frozenset({"bindings"}),
    "read_decisions": frozenset({"decisions"}),
    "read_export_summary": frozenset({"summary"}),
    "list_requests": frozenset({"found"}),
    "show_ticket": frozenset({"ticket"}),
    "find_package": frozenset({"ticket"}),
}
"""Slots that an action fills; a flow need not declare them."""

FILLED_BY_GUARD: Mapping[str, frozenset[str]] = {
    "closing_awaits_me": frozenset({"ticket"}),
    "proof_wanted": frozenset({"ticket", "purpose"}),
    "answer_wanted": frozenset({"ticket", "text"}),
    "same_request_open": frozenset({"ticket"}),
    "posts_go_first": frozenset({"ticket"}),
    "only_login_way": frozenset({"provider"}),
    "bindings_known": frozenset({"bindings"}),
    "one_to_withdraw": frozenset({"ticket"}),
    "one_to_object": frozenset({"ticket"}),
}
"""Slots that a guard's ``yes`` fills."""

READ_BY_ACTION: Mapping[str, frozenset[str]] = {
    "check_code": frozenset({"code"}),
    "attach_evidence": frozenset({"evidence", "ticket"}),
    "answer_request": frozenset({"ticket"}),
    "withdraw_ticket": frozenset({"ticket"}),
    "file_objection": frozenset({"ticket", "reason"}),
    "find_package": frozenset({"number", "file"}),
    "open_package": frozenset({"number", "file"}),
}
"""Slots that an action can't do without. ``send_code`` reads by its ``to``."""

READ_BY_GUARD: Mapping[str, frozenset[str]] = {
    "last_login_way": frozenset({"provider"}),
    "needs_document": frozenset({"field"}),
    "is_device_permission": frozenset({"purpose"}),
    "shown_by_document": frozenset({"ticket"}),
    "ticket_may": frozenset({"ticket"}),
}

PARAM_VALUES: Mapping[str, frozenset[str]] = {
    "level": frozenset({"app_session", "one_time_code", "document_checked"}),
    "to": frozenset({"account_phone", "contact", "ticket_contact"}),
    "what": frozenset({"object", "withdraw"}),
    "kind": frozenset(kind.value for kind in RequestKind),
}
"""What the parameters of actions and guards may be, where that is a closed list."""

CODE_READS: Mapping[str, str] = {"contact": "contact", "ticket_contact": "number"}
"""The slot that ``send_code`` takes its address from, by ``to``."""

DESK_FLOWS = frozenset(
    {"confirm_closing", "evidence_again", "answer_request", "not_satisfied", "package"}
)
"""Flows that the desk begins by itself and can't do without."""

PATHS = frozenset(
    {"account_security", "closing", "location", "policy", "posts", "profile", "unbinding"}
)
"""Places in the app that shipped texts send people to; ``path.…`` has general words for each."""
