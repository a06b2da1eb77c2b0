from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import (
    MAX_ATTEMPTS,
    MAX_RETRY_AFTER,
    DeliveryFault,
    Endpoint,
    EndpointResponse,
    Posting,
    PostingState,
    SigningSecret,
    after_attempt,
)

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
AWAY = EndpointResponse(None, 0.1, DeliveryFault.UNREACHABLE)
BUSY = EndpointResponse(503, 0.1, DeliveryFault.STATUS)


def posting(
    kind: WebhookEventKind = WebhookEventKind.TICKET_FILED, tries_left: int = MAX_ATTEMPTS
) -> Posting:
    return Posting(
        id=PostingId(b"p" * 16),
        event_id=b"e" * 16,
        endpoint=EndpointId(b"n" * 16),
        kind=kind,
        lane=b"l" * 32,
        place=1,
        body=b"{}",
        created_at=NOW,
        due_at=NOW,
        begun_at=NOW,
        tries_left=tries_left,
    )


def tried_until_parked(chance: float) -> tuple[int, timedelta]:
    one, now, tries = posting(), NOW, 0
    while one.is_open:
        one = after_attempt(one, AWAY, now, chance)
        tries += 1
        now = max(now, one.due_at)
    assert one.state is PostingState.PARKED
    return tries, now - NOW


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_posting_is_tried_ten_times_and_for_more_than_three_days(chance: float) -> None:
    tries, span = tried_until_parked(chance)
    assert tries == MAX_ATTEMPTS >= 10
    assert timedelta(days=3) < span < timedelta(days=4)


def test_tries_that_came_early_do_not_shorten_the_three_days() -> None:
    one, now = posting(), NOW
    for _ in range(40):
        one = after_attempt(one, AWAY, now, 0.0)
        # Others got through meanwhile, so it was tried again at once.
        now += timedelta(hours=1)
    assert one.state is PostingState.WAITING
    assert after_attempt(one, AWAY, NOW + timedelta(hours=72), 0.0).state is PostingState.PARKED


def test_pauses_grow_and_differ_by_chance() -> None:
    first = after_attempt(posting(), AWAY, NOW, 0.0).due_at - NOW
    assert first == timedelta(seconds=5)
    assert after_attempt(posting(), AWAY, NOW, 0.9).due_at - NOW > first
    assert after_attempt(posting(tries_left=4), AWAY, NOW, 0.0).due_at - NOW == timedelta(hours=12)


def test_a_receiver_may_ask_to_be_left_alone_for_a_day_at_most() -> None:
    asked = replace(BUSY, retry_after=3600.0)
    assert after_attempt(posting(), asked, NOW, 0.0).due_at == NOW + timedelta(hours=1)
    forever = replace(BUSY, retry_after=1e9)
    assert after_attempt(posting(), forever, NOW, 0.0).due_at == NOW + MAX_RETRY_AFTER
    hasty = replace(BUSY, retry_after=0.0)
    assert after_attempt(posting(), hasty, NOW, 0.0).due_at == NOW + timedelta(seconds=5)


def test_what_was_taken_is_done() -> None:
    done = after_attempt(posting(), EndpointResponse(204, 0.1), NOW, 0.0)
    assert (done.state, done.done_at) == (PostingState.DELIVERED, NOW)


def test_an_endpoint_that_is_gone_costs_no_try() -> None:
    waiting = after_attempt(posting(), EndpointResponse(410, 0.1, DeliveryFault.STATUS), NOW, 0.0)
    assert (waiting.state, waiting.tries_left) == (PostingState.WAITING, MAX_ATTEMPTS)


def test_a_test_is_tried_once() -> None:
    one = after_attempt(posting(WebhookEventKind.ENDPOINT_TEST, 1), AWAY, NOW, 0.0)
    assert one.state is PostingState.PARKED


def endpoint() -> Endpoint:
    return Endpoint(
        id=EndpointId(b"n" * 16),
        url="https://example.com/in",
        label="crm",
        kinds=frozenset({WebhookEventKind.TICKET_FILED}),
        secrets=(SigningSecret("whsec_b25l"),),
        created_at=NOW,
    )


def test_two_secrets_sign_until_the_old_one_ends() -> None:
    day = timedelta(days=1)
    rotated = endpoint().with_new_secret("whsec_dHdv", NOW, day)
    assert rotated.signing_secrets(NOW) == ("whsec_dHdv", "whsec_b25l")
    assert rotated.signing_secrets(NOW + day) == ("whsec_dHdv",)
    assert rotated.old_secret_until == NOW + day
    assert rotated.version == 2


def test_a_second_rotation_ends_the_oldest_secret_and_one_without_overlap_ends_all() -> None:
    day = timedelta(days=1)
    twice = (
        endpoint().with_new_secret("whsec_dHdv", NOW, day).with_new_secret("whsec_dHJl", NOW, day)
    )
    assert twice.signing_secrets(NOW) == ("whsec_dHJl", "whsec_dHdv")
    at_once = endpoint().with_new_secret("whsec_dHdv", NOW, timedelta(0))
    assert at_once.signing_secrets(NOW) == ("whsec_dHdv",)


def test_secrets_are_not_printed() -> None:
    assert "b25l" not in repr(endpoint())
