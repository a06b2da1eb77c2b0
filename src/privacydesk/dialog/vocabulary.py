"""The names a flow may use: actions, guards, slot types, options and arguments.

The engine runs what these names stand for (``actions``, ``guards``, ``slots``); the reader and the
checker only need to know the names and their outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.identity import Assurance
from privacydesk.domain.intents import RequestKind

TRIGGERS = frozenset(
    {
        # say, ask, confirm
        "next", "answered", "skipped", "gone", "yes", "no",
        # actions
        "ok", "none", "sent", "wait", "capped", "too_many", "crowded", "no_phone", "unavailable",
        "right", "wrong", "spent", "expired", "none_open", "not_found",
        "filed", "known", "too_late", "on_hold", "some", "shown", "unknown", "withdrawn", "queued",
        "nobody",
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
    """What a flow may rely on about an action.

    Attributes:
        outcomes: all its outcomes.
        assurance: what must have been shown on every path to it.
        contact: a code to a contact, or to a ticket's, must have been right on every path to it.
        destructive: a confirmation must be on every path to it, too.
        exact: that confirmation accepts only its button's words.
        waits: an outside service is asked; the conversation waits for a result.
        files: a request is filed, whose card is shown after the sentence that says so.
        own_tickets: it is about the user's own tickets, each of which is checked by itself.
        params: names allowed under ``with``.
        reads: slots that it requires. ``send_code`` reads by its ``to``.
        fills: slots that it fills; a flow need not declare them.
    """

    outcomes: frozenset[str]
    assurance: Assurance = Assurance.NONE
    contact: bool = False
    destructive: bool = False
    exact: bool = False
    waits: bool = False
    files: bool = False
    own_tickets: bool = False
    params: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    fills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GuardSpec:
    """What a flow may rely on about a guard.

    Attributes:
        outcomes: all its answers.
        params: names allowed under ``with``.
        reads: slots that it requires.
        fills: slots that hold what it found if it answers ``yes``.
    """

    outcomes: frozenset[str]
    params: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    fills: frozenset[str] = frozenset()


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CODE = Assurance.ONE_TIME_CODE
_SESSION = Assurance.APP_SESSION

ACTION_SPECS: Mapping[str, ActionSpec] = {
    "send_code": ActionSpec(
        _names("sent wait capped too_many crowded no_phone unavailable"),
        waits=True,
        params=_names("to"),
    ),
    "check_code": ActionSpec(
        _names("right wrong spent expired none_open"), params=_names("to"), reads=_names("code")
    ),
    "read_profile": ActionSpec(
        _names("ok not_found unavailable"), _CODE, waits=True, fills=_names("profile")
    ),
    "read_age": ActionSpec(_names("ok unavailable"), _CODE, waits=True, fills=_names("age_read")),
    # The app shows an account's login methods to anybody who is logged in to it.
    "read_bindings": ActionSpec(
        _names("ok none unavailable"), _SESSION, waits=True, fills=_names("bindings")
    ),
    "read_decisions": ActionSpec(
        _names("ok none unavailable"), _CODE, waits=True, fills=_names("decisions")
    ),
    "read_export_summary": ActionSpec(
        _names("ok not_found unavailable"), _CODE, waits=True, fills=_names("summary")
    ),
    # How much there is of a kind: less than the app shows to anybody who is logged in to it.
    "read_counts": ActionSpec(
        _names("ok unavailable"), _SESSION, waits=True, fills=_names("counts")
    ),
    "file_ticket": ActionSpec(_names("filed"), files=True),
    "file_unverified": ActionSpec(_names("filed"), params=_names("document"), files=True),
    "attach_evidence": ActionSpec(_names("ok too_late"), reads=_names("evidence ticket")),
    "answer_request": ActionSpec(_names("ok too_late"), reads=_names("ticket")),
    "add_material": ActionSpec(_names("ok too_late"), reads=_names("ticket purpose")),
    "list_requests": ActionSpec(
        _names("some none"), _SESSION, own_tickets=True, fills=_names("found")
    ),
    "show_ticket": ActionSpec(_names("shown unknown none"), fills=_names("ticket")),
    "note_others_request": ActionSpec(_names("ok")),
    "withdraw_ticket": ActionSpec(
        _names("withdrawn too_late"), _SESSION, own_tickets=True, reads=_names("ticket")
    ),
    "withdraw_tickets": ActionSpec(
        _names("withdrawn too_late"), _SESSION, own_tickets=True, reads=_names("tickets")
    ),
    "file_objection": ActionSpec(
        _names("filed known too_late"),
        _SESSION,
        files=True,
        own_tickets=True,
        reads=_names("ticket reason"),
    ),
    "confirm_closing": ActionSpec(
        _names("ok on_hold too_late"), _CODE, destructive=True, exact=True
    ),
    # Keeps the account, so the owner of the request needs no further proof.
    "decline_closing": ActionSpec(_names("ok too_late")),
    # The request's own form asks for the proof.
    "take_up_request": ActionSpec(_names("ok too_late"), reads=_names("ticket answers")),
    # Nothing was proven of the request yet, so that nothing is lost with it.
    "disown_request": ActionSpec(_names("ok too_late"), reads=_names("ticket")),
    "find_package": ActionSpec(
        _names("ok too_late unknown"), reads=_names("number file"), fills=_names("ticket")
    ),
    # Needs a code of its own and no older proof; that is checked again at run time.
    "open_package": ActionSpec(
        _names("ok too_late refused"), contact=True, reads=_names("number file")
    ),
    "queue_human": ActionSpec(_names("queued nobody crowded")),
    "leave_queue": ActionSpec(_names("ok")),
    "leave_contact": ActionSpec(_names("ok"), reads=_names("contact")),
    "drop_evidence": ActionSpec(_names("ok")),
    "answer_policy": ActionSpec(_names("shown unknown none unavailable")),
    "keep_comment": ActionSpec(_names("ok too_late")),
    "drop_alike": ActionSpec(_names("ok")),
    "read_back": ActionSpec(_names("ok"), fills=_names("read_back")),
    "note_wish": ActionSpec(_names("ok"), params=_names("kind categories")),
}

KIND_ASSURANCE: Mapping[RequestKind, Assurance] = {
    RequestKind.ACCESS: _CODE,
    RequestKind.PORTABILITY: _CODE,
    RequestKind.RECTIFICATION: _CODE,
    RequestKind.DELETION: _CODE,
    RequestKind.CONSENT_WITHDRAWAL: _SESSION,
    RequestKind.DEREGISTRATION: _CODE,
    RequestKind.UNBINDING: _CODE,
    RequestKind.AUTOMATED_DECISION: _CODE,
    RequestKind.COMPLAINT: Assurance.NONE,
    RequestKind.PROFILING_OBJECTION: _SESSION,
    RequestKind.GUARDIAN: Assurance.NONE,
    RequestKind.DECEASED: Assurance.NONE,
    RequestKind.UNDERAGE_REPORT: Assurance.NONE,
}
"""What filing as verified needs. A complaint needs a session or a verified contact, a guardian
or relative a verified contact and a checked document; their flows and the engine ensure that."""

DESTRUCTIVE_KINDS = frozenset(
    {
        RequestKind.DELETION,
        RequestKind.DEREGISTRATION,
        RequestKind.UNBINDING,
        RequestKind.RECTIFICATION,
        RequestKind.CONSENT_WITHDRAWAL,
        RequestKind.PROFILING_OBJECTION,
    }
)

_YES_NO = _names("yes no")

GUARD_SPECS: Mapping[str, GuardSpec] = {
    "has_session": GuardSpec(_YES_NO),
    "is_verified": GuardSpec(_YES_NO, params=_names("level")),
    "has_contact_proof": GuardSpec(_YES_NO),
    "code_open": GuardSpec(_YES_NO),
    "same_request_open": GuardSpec(_YES_NO, fills=_names("ticket")),
    "posts_go_first": GuardSpec(_YES_NO, fills=_names("ticket")),
    "last_login_way": GuardSpec(_YES_NO, reads=_names("provider")),
    "other_way_named": GuardSpec(_YES_NO, fills=_names("provider")),
    "only_login_way": GuardSpec(_YES_NO, fills=_names("provider")),
    "needs_document": GuardSpec(_YES_NO, reads=_names("field")),
    "becomes_adult": GuardSpec(_YES_NO, reads=_names("field new_value")),
    "is_device_permission": GuardSpec(
        _YES_NO, reads=_names("purpose"), fills=_names("permissions")
    ),
    "child_age": GuardSpec(_names("under_14 exactly_14 teen adult unknown")),
    "slot_is": GuardSpec(_YES_NO, params=_names("slot value")),
    "value_names_account": GuardSpec(_YES_NO, reads=_names("field")),
    "slot_filled": GuardSpec(_YES_NO, params=_names("slot")),
    "has_evidence": GuardSpec(_YES_NO),
    "faces_allowed": GuardSpec(_YES_NO),
    "unbinding_window_set": GuardSpec(_YES_NO),
    "unbinding_automated": GuardSpec(_YES_NO),
    "closing_awaits_me": GuardSpec(_YES_NO, fills=_names("ticket")),
    "deletion_unfinished": GuardSpec(_YES_NO, fills=_names("deletion")),
    "shown_by_document": GuardSpec(_YES_NO, reads=_names("ticket")),
    "proof_wanted": GuardSpec(_YES_NO, fills=_names("ticket purpose")),
    "answer_wanted": GuardSpec(_YES_NO, fills=_names("ticket text")),
    "filed_here": GuardSpec(_YES_NO),
    "amends_request": GuardSpec(_YES_NO),
    "has_open_request": GuardSpec(_YES_NO),
    "form_open": GuardSpec(_YES_NO),
    "number_misread": GuardSpec(_YES_NO),
    "is_unwilling": GuardSpec(_YES_NO),
    "is_out_of_reach": GuardSpec(_YES_NO),
    "wishes_wait": GuardSpec(_YES_NO),
    "may_object": GuardSpec(_YES_NO),
    "one_to_withdraw": GuardSpec(_YES_NO, fills=_names("ticket")),
    "all_to_withdraw": GuardSpec(_YES_NO, fills=_names("tickets")),
    "one_to_object": GuardSpec(_YES_NO, fills=_names("ticket")),
    "is_objected_to": GuardSpec(_YES_NO, reads=_names("ticket"), fills=_names("ticket")),
    "own_ticket_named": GuardSpec(_YES_NO, fills=_names("ticket")),
    "words_told": GuardSpec(_YES_NO, fills=_names("words")),
    "one_to_add_to": GuardSpec(_YES_NO, fills=_names("ticket")),
    "ticket_may": GuardSpec(_YES_NO, params=_names("what"), reads=_names("ticket")),
}
SLOT_TYPES = frozenset(
    {
        "text", "field_value", "account_name", "long_text", "code", "date_of_birth", "phone",
        "contact",
        "provider", "category", "purpose", "profile_field", "ticket_number", "ticket",
        "decision", "choice", "evidence",
        "reply", "message", "internal",
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
        "objection_days", "object_until", "lapses_on", "reason_given", "remedies", "stops",
        "filed_by", "filed_on", "filed_what",
        "and_stays", "as_written", "to_be_seen", "handed_to", "answer_by", "complete_by",
        "reply_by", "request", "requests", "age_clause", "wishes",
    }
)  # fmt: skip
"""Placeholders a text may use besides the flow's slots and the families below."""

ARG_FAMILIES = ("path_", "mail_", "clause_")

PARAM_VALUES: Mapping[str, frozenset[str]] = {
    "level": frozenset({"app_session", "one_time_code", "document_checked"}),
    "to": frozenset({"account_phone", "contact", "ticket_contact"}),
    "what": frozenset({"add", "object", "withdraw"}),
    "kind": frozenset(kind.value for kind in RequestKind),
    "categories": frozenset(one.value for one in DataCategory),
}
"""Allowed values of the parameters of actions and guards, where that is a closed list."""

CODE_READS: Mapping[str, str] = {"contact": "contact", "ticket_contact": "number"}
"""The slot that ``send_code`` takes its address from, by ``to``."""

DESK_FLOWS = frozenset(
    {
        "add_material",
        "answer_request",
        "confirm_closing",
        "evidence_again",
        "filed_for",
        "not_satisfied",
        "package",
    }
)
"""Flows that the desk begins by itself and can't do without."""

PATHS = frozenset(
    {"account_security", "closing", "location", "policy", "posts", "profile", "unbinding"}
)
"""Places in the app that shipped texts send people to; ``path.…`` has general words for each."""
