"""Registered actions: what a ``do`` step does.

An action returns its outcome, ``WAITS`` after it has asked the outside, or ``HELD`` where it can't
be done before some instant. What the outside answered comes back through ``RECEIVERS``, which fill
slots and return the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from privacydesk.dialog.act import Act
from privacydesk.dialog.actions import (
    codes,
    filing,
    own_tickets,
    packages,
    people,
    quoting,
    readings,
)
from privacydesk.dialog.actions.base import HELD, WAITS
from privacydesk.domain.account_terms import AccountAction

READS: Mapping[str, AccountAction] = {
    "read_profile": AccountAction.PROFILE,
    "read_age": AccountAction.PROFILE,
    "read_bindings": AccountAction.BINDINGS,
    "read_decisions": AccountAction.DECISIONS,
    "read_export_summary": AccountAction.EXPORT,
    "read_counts": AccountAction.EXPORT,
}
"""What actions read from the account service."""

ACTIONS: Mapping[str, Callable[[Act], str]] = {
    "send_code": codes.send_code,
    "check_code": codes.check_code,
    **{name: readings.reading(action) for name, action in READS.items()},
    "read_back": filing.read_back,
    "file_ticket": filing.file_ticket,
    "file_unverified": filing.file_unverified,
    "attach_evidence": own_tickets.attach_evidence,
    "answer_request": own_tickets.answer_request,
    "add_material": own_tickets.add_material,
    "list_requests": own_tickets.list_requests,
    "show_ticket": own_tickets.show_ticket,
    "note_others_request": own_tickets.note_others_request,
    "withdraw_ticket": own_tickets.withdraw_ticket,
    "withdraw_tickets": own_tickets.withdraw_tickets,
    "file_objection": own_tickets.file_objection,
    "confirm_closing": own_tickets.confirm_closing,
    "decline_closing": own_tickets.decline_closing,
    "take_up_request": own_tickets.take_up_request,
    "disown_request": own_tickets.disown_request,
    "find_package": packages.find_package,
    "open_package": packages.open_package,
    "keep_comment": own_tickets.keep_comment,
    "queue_human": people.queue_human,
    "leave_queue": people.leave_queue,
    "leave_contact": people.leave_contact,
    "drop_evidence": people.drop_evidence,
    "answer_policy": quoting.answer_policy,
    "drop_alike": people.drop_alike,
    "note_wish": people.note_wish,
}

RECEIVERS: Mapping[str, Callable[[Act, str, Mapping[str, Any]], str]] = {
    "send_code": codes.code_sent,
    "read_profile": readings.profile_read,
    "read_age": readings.age_read,
    "read_bindings": readings.bindings_read,
    "read_decisions": readings.decisions_read,
    "read_export_summary": readings.export_read,
    "read_counts": readings.counts_read,
}

__all__ = ["ACTIONS", "HELD", "READS", "RECEIVERS", "WAITS"]
