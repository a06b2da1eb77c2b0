"""The examples of webhook events; that they fit their schemas is tested with those sent by API."""

from __future__ import annotations

import json
from pathlib import Path

from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import TicketState
from privacydesk.domain.webhook_events import TicketFacts, WebhookEventKind
from privacydesk.domain.webhook_examples import example_facts, example_message

DOCS = Path(__file__).parents[3] / "docs" / "webhooks.md"


def test_the_message_in_the_documentation_is_the_published_example() -> None:
    block = DOCS.read_text("utf-8").partition("```json")[2].partition("```")[0]
    assert json.loads(block) == example_message(WebhookEventKind.TICKET_VERIFIED)


def test_the_request_of_an_example_can_be_none_and_its_dates_fit_its_state() -> None:
    tickets = {kind: example_facts(kind) for kind in WebhookEventKind}
    for kind, facts in tickets.items():
        if not isinstance(facts, TicketFacts):
            continue
        assert canonical_number(facts.number) is None
        is_closed = facts.state is TicketState.CLOSED
        assert is_closed == (kind is WebhookEventKind.TICKET_CLOSED)
        assert is_closed == (facts.closed_at is not None) == (facts.outcome is not None)
        assert (facts.verified_at is None) == (facts.due is None)
        assert (facts.verified_at is None) == (facts.state is TicketState.AWAITING_VERIFICATION)
        decided = facts.state in {TicketState.FULFILLING, TicketState.CLOSED}
        assert decided == (facts.answered_at is not None)
        assert decided == all(item.decision for item in facts.items)
