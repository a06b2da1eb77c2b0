"""Endpoints of webhooks looked after by programs."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from tests.common.api_client import Answer, Program, fresh_key, program
from tests.common.console_cases import copy_of_data
from tests.common.console_client import Office
from tests.common.described import check_event
from tests.integration.api.test_tickets import audited

from privacydesk.app.schemas import DOCUMENTS
from privacydesk.connectors.signing import sign
from privacydesk.connectors.webhook_twin import UNREACHABLE, MemoryWebhookSender, PostedWebhook
from privacydesk.domain.api_tokens import Scope, StoredResponse
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import DeliveryFault
from privacydesk.domain.webhooks import EndpointResponse as Came
from privacydesk.errors import StaleError
from privacydesk.services.webhooks.endpoints import Endpoints

URL = "https://hooks.example/in?token=t-1"
OTHER = "https://elsewhere.example/in"


def sender_of(office: Office) -> MemoryWebhookSender:
    webhooks = office.world.services.webhooks
    assert webhooks is not None
    assert webhooks.sending is not None
    sender = webhooks.sending._sender
    assert isinstance(sender, MemoryWebhookSender)
    return sender


def desk_of(office: Office) -> Endpoints:
    webhooks = office.world.services.webhooks
    assert webhooks is not None
    return webhooks.endpoints


async def send_all(office: Office) -> None:
    webhooks = office.world.services.webhooks
    assert webhooks is not None
    assert webhooks.worker is not None
    while await webhooks.worker.run_once():
        continue


def signed_by(posted: PostedWebhook, *secrets: str) -> bool:
    stamp = int(posted.at.timestamp())
    return posted.signature == sign(secrets, posted.message_id, stamp, posted.body)


async def added(asker: Program, **more: object) -> Answer:
    answer = await asker.post("/webhooks", {"url": URL, "name": "crm", **more})
    assert answer.status == 200, answer.body
    return answer


async def test_an_endpoint_is_added_listed_and_told_what_happens(office: Office) -> None:
    asker = await program(office)
    made = (await added(asker, events=["ticket.filed", "ticket.verified"])).body
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["events"]) == (URL, ["ticket.filed", "ticket.verified"])
    listed = await asker.get("/webhooks")
    (one,) = listed.body["endpoints"]
    assert {**one, "secret": made["secret"]} == made
    _, ticket = await copy_of_data(office)
    await send_all(office)
    found = (await asker.get(f"/webhooks/{made['id']}/deliveries")).body["deliveries"]
    assert [(one["type"], one["ticket"], one["state"]) for one in found] == [
        ("ticket.verified", ticket.number, "delivered"),
        ("ticket.filed", ticket.number, "delivered"),
    ]
    assert all(signed_by(one, made["secret"]) for one in sender_of(office).posted)


async def test_a_rate_is_given_kept_and_taken_away(office: Office) -> None:
    asker = await program(office)
    made = (await added(asker, max_per_second=20)).body
    assert made["max_per_second"] == 20
    path = f"/webhooks/{made['id']}"
    assert (await asker.post(path, {"name": "billing"})).body["max_per_second"] == 20
    refused = await asker.post(path, {"max_per_second": 1_001})
    assert (refused.status, refused.body["faults"][0]["where"]) == (400, "body.max_per_second")
    assert (await asker.post(path, {"max_per_second": 0})).body["max_per_second"] == 0


async def test_an_address_is_seen_only_by_those_who_may_change_it(office: Office) -> None:
    made = (await added(await program(office))).body
    reader = await program(office, Scope.WEBHOOKS_READ, name="board")
    for answer in (await reader.get("/webhooks"), await reader.get(f"/webhooks/{made['id']}")):
        assert "hooks.example" not in str(answer.body)
    assert (await reader.post("/webhooks", {"url": URL})).status == 403


async def test_a_repeated_request_adds_one_and_tells_its_secret_again(office: Office) -> None:
    asker, key = await program(office), fresh_key()
    first = await asker.post("/webhooks", {"url": URL}, key=key)
    again = await asker.post("/webhooks", {"url": URL}, key=key)
    assert (again.body, again.headers["ETag"]) == (first.body, '"1"')
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await asker.get("/webhooks")).body["endpoints"]) == 1
    await asker.post(f"/webhooks/{first.body['id']}/rotate-secret")
    late = await asker.post("/webhooks", {"url": URL}, key=key)
    assert (late.status, late.body["secret"]) == (200, None)


async def test_a_secret_is_in_no_kept_answer(office: Office) -> None:
    made = (await added(await program(office))).body
    folder = office.world.services.settings.data_dir
    kept = b"".join(file.read_bytes() for file in folder.rglob("*.db*"))
    assert made["id"].encode() in kept
    assert made["secret"].encode() not in kept


ACTS = [
    ("rotate-secret", {"overlap_hours": 2}),
    ("move", {"url": OTHER, "new_secret": True}),
    ("move", {"url": OTHER}),
    ("", {"name": "billing", "events": ["ticket.closed"]}),
    ("test", {}),
    ("disable", {}),
    ("replay", {"since": "2020-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}),
]


@pytest.mark.parametrize(("path", "body"), ACTS)
async def test_an_act_whose_answer_was_lost_with_the_process_is_done_once(
    office: Office, path: str, body: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asker, key = await program(office), fresh_key()
    made = (await added(asker)).body
    await copy_of_data(office)
    await send_all(office)
    here = f"/webhooks/{made['id']}" + (f"/{path}" if path else "")
    integrations = office.world.services.integrations
    assert integrations is not None

    async def lost(*given: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as killed:
        killed.setattr(integrations.idempotency, "save_response", lost)
        assert (await asker.post(here, body, key=key)).status == 500
    seen = await audited(office)
    again = await asker.post(here, body, key=key)
    assert again.status == 200, again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await audited(office) == seen
    third = await asker.post(here, body, key=key)
    assert third.headers["Idempotency-Replayed"] == "true"
    assert third.body == again.body
    (standing,) = await desk_of(office).all()
    if again.body.get("secret"):
        assert again.body["secret"] == standing.endpoint.secrets[0].secret
        assert again.body["secret"] != made["secret"]
    if path == "replay":
        assert again.body == {"count": 2}


async def test_two_at_the_same_time_are_one(office: Office) -> None:
    asker, key = await program(office), fresh_key()
    made = (await added(asker)).body
    path = f"/webhooks/{made['id']}/rotate-secret"
    answers = await asyncio.gather(*(asker.post(path, key=key, tag='"1"') for _ in range(5)))
    assert {one.status for one in answers} == {200}
    assert sum("Idempotency-Replayed" in one.headers for one in answers) == 4
    assert len({one.body["secret"] for one in answers}) == 1
    (standing,) = await desk_of(office).all()
    assert standing.endpoint.version == 2
    assert (await audited(office)).count("webhook_rotated") == 1


async def test_what_was_done_under_a_request_is_refused_a_second_time(office: Office) -> None:
    asked = StoredResponse("zendesk", b"k" * 32, b"f" * 32, office.clock.now())
    desk = desk_of(office)
    added_one = await desk.add(URL, by="zendesk")
    with pytest.raises(StaleError) as caught:
        # Nobody began it: nothing may be done that could not be kept.
        await desk.test(added_one.endpoint, by="zendesk", asked=asked)
    assert caught.value.data["reason"] == "api_done"
    assert await desk.postings(added_one.endpoint.id) == ()


async def test_an_old_version_is_not_changed(office: Office) -> None:
    asker = await program(office)
    first = await added(asker)
    here = f"/webhooks/{first.body['id']}"
    changed = await asker.post(here, {"name": "billing"}, tag=first.headers["ETag"])
    assert (changed.body["name"], changed.headers["ETag"]) == ("billing", '"2"')
    for path, body in (("", {"name": "x"}), ("/move", {"url": OTHER}), ("/rotate-secret", {})):
        stale = await asker.post(here + path, body, tag=first.headers["ETag"])
        assert (stale.status, stale.code) == (412, "precondition_failed")
        assert stale.reason == "webhook_stale"
    assert (await asker.get(here)).body["events"] == first.body["events"]


async def test_a_moved_endpoint_keeps_its_secret_and_gets_what_waited(office: Office) -> None:
    asker = await program(office)
    made = (await added(asker)).body
    here, sender = f"/webhooks/{made['id']}", sender_of(office)
    sender.answers[URL] = UNREACHABLE
    await copy_of_data(office)
    await send_all(office)
    assert (await asker.get(here)).body["failing_since"] is not None
    moved = (await asker.post(f"{here}/move", {"url": OTHER})).body
    assert (moved["url"], moved["secret"], moved["failing_since"]) == (OTHER, None, None)
    sender.posted.clear()
    await send_all(office)
    assert {one.url for one in sender.posted} == {OTHER}
    assert all(signed_by(one, made["secret"]) for one in sender.posted)
    assert (await asker.get(here)).body["waiting"] == 0


async def test_a_new_receiver_is_signed_for_with_a_secret_that_the_old_one_does_not_know(
    office: Office,
) -> None:
    asker = await program(office)
    made = (await added(asker)).body
    here, sender = f"/webhooks/{made['id']}", sender_of(office)
    rotated = (await asker.post(f"{here}/rotate-secret", {"overlap_hours": 48})).body
    assert rotated["old_secret_until"] is not None
    moved = (await asker.post(f"{here}/move", {"url": OTHER, "new_secret": True})).body
    assert moved["old_secret_until"] is None
    await asker.post(f"{here}/test")
    await send_all(office)
    (posted,) = sender.posted
    assert signed_by(posted, moved["secret"])
    assert moved["secret"] not in {made["secret"], rotated["secret"]}


async def test_an_endpoint_that_is_off_is_removed_once_and_makes_room(office: Office) -> None:
    writer = await program(office)
    path = f"/webhooks/{(await added(writer)).body['id']}"
    refused = await writer.post(f"{path}/remove")
    assert (refused.status, refused.reason) == (409, "webhook_on")
    await writer.post(f"{path}/disable")
    key = fresh_key()
    removed = await writer.post(f"{path}/remove", key=key)
    assert (removed.status, removed.body) == (200, {"id": path.rpartition("/")[2]})
    again = await writer.post(f"{path}/remove", key=key)
    assert (again.status, again.body) == (200, removed.body)
    assert (await writer.post(f"{path}/remove")).status == 404
    assert (await writer.get("/webhooks")).body["endpoints"] == []


async def test_an_endpoint_that_was_gone_is_told_again_where_it_moved_to(office: Office) -> None:
    asker = await program(office)
    made = (await added(asker)).body
    here, sender = f"/webhooks/{made['id']}", sender_of(office)
    sender.answers[URL] = Came(410, 0.01, DeliveryFault.STATUS)
    await copy_of_data(office)
    await send_all(office)
    assert (await asker.get(here)).body["state"] == "gone"
    assert (await asker.post(f"{here}/move", {"url": OTHER})).body["state"] == "active"
    await send_all(office)
    assert [one.url for one in sender.posted][-2:] == [OTHER, OTHER]
    await asker.post(f"{here}/disable")
    assert (await asker.post(f"{here}/move", {"url": URL})).body["state"] == "disabled"


async def test_a_410_of_the_old_address_does_not_switch_the_new_one_off(office: Office) -> None:
    asker = await program(office)
    made = (await added(asker)).body
    webhooks = office.world.services.webhooks
    assert webhooks is not None
    assert webhooks.sending is not None
    sender_of(office).answers[URL] = Came(410, 0.01, DeliveryFault.STATUS)
    await copy_of_data(office)
    claimed = await webhooks.sending.claim(at_once=9, busy={})
    await asker.post(f"/webhooks/{made['id']}/move", {"url": OTHER})
    await webhooks.sending.settle([await webhooks.sending.attempt(one) for one in claimed])
    assert (await asker.get(f"/webhooks/{made['id']}")).body["state"] == "active"


async def test_a_delivery_shows_what_was_posted_each_answer_and_how_long_it_took(
    office: Office,
) -> None:
    asker = await program(office)
    made = (await added(asker)).body
    here = f"/webhooks/{made['id']}"
    sender_of(office).answers[URL] = Came(503, 0.042, DeliveryFault.STATUS, text="later")
    sent = (await asker.post(f"{here}/test")).body
    assert (sent["type"], sent["tries"]) == ("endpoint.test", [])
    await send_all(office)
    whole = (await asker.get(f"{here}/deliveries/{sent['id']}")).body
    assert (whole["state"], whole["attempts"]) == ("parked", 1)
    (tried,) = whole["tries"]
    assert (tried["status"], tried["milliseconds"], tried["answer"]) == (503, 42, "later")
    assert whole["body"].encode() == sender_of(office).posted[0].body
    replay = await asker.post(f"{here}/deliveries/{sent['id']}/replay")
    assert (replay.status, replay.reason) == (409, "webhook_no_replay")


async def test_a_message_that_waits_for_its_next_try_is_sent_at_once(office: Office) -> None:
    asker = await program(office)
    here = f"/webhooks/{(await added(asker, events=['ticket.filed'])).body['id']}"
    sender_of(office).answers[URL] = Came(503, 0.042, DeliveryFault.STATUS, text="later")
    await copy_of_data(office)
    await send_all(office)
    (waits,) = (await asker.get(f"{here}/deliveries")).body["deliveries"]
    assert (waits["state"], waits["attempts"]) == ("waiting", 1)
    del sender_of(office).answers[URL]
    await send_all(office)
    assert len(sender_of(office).posted) == 1
    answer = await asker.post(f"{here}/deliveries/{waits['id']}/replay")
    assert answer.body["state"] == "waiting"
    await send_all(office)
    (sent,) = (await asker.get(f"{here}/deliveries")).body["deliveries"]
    assert (sent["state"], sent["attempts"]) == ("delivered", 2)
    assert len({one.message_id for one in sender_of(office).posted}) == 1


async def test_a_test_of_any_type_is_the_published_example_and_marked(office: Office) -> None:
    asker = await program(office)
    here = f"/webhooks/{(await added(asker)).body['id']}"
    for kind, item in DOCUMENTS["openapi"]()["webhooks"].items():
        sent = (await asker.post(f"{here}/test", {"type": kind})).body
        assert (sent["type"], sent["test"], sent["ticket"]) == (kind, True, None)
        message = json.loads(sent["body"])
        check_event(message)
        assert (message["type"], message["test"]) == (kind, True)
        example = item["post"]["requestBody"]["content"]["application/json"]["example"]
        check_event(example)
        assert example.get("test", False) == (kind == "endpoint.test")
        if kind != "endpoint.test":
            assert message["data"] == example["data"]
    await send_all(office)
    listed = (await asker.get(f"{here}/deliveries?limit=100")).body["deliveries"]
    assert {one["state"] for one in listed} == {"delivered"}
    assert len(sender_of(office).posted) == len(listed) == len(WebhookEventKind)
    replay = await asker.post(f"{here}/deliveries/{listed[0]['id']}/replay")
    assert (replay.status, replay.reason) == (409, "webhook_no_replay")
    # What really happens has no mark, and the log has no tests.
    await copy_of_data(office)
    await send_all(office)
    assert "test" not in json.loads(sender_of(office).posted[-1].body)
    integrations = office.world.services.integrations
    assert integrations is not None
    await integrations.event_log_worker.run_once()
    log = (await asker.get("/events")).body["events"]
    assert [one["type"] for one in log] == ["ticket.filed", "ticket.verified"]


async def test_a_test_of_a_type_that_the_endpoint_never_gets_is_refused(office: Office) -> None:
    asker = await program(office)
    here = f"/webhooks/{(await added(asker, events=['ticket.closed'])).body['id']}"
    refused = await asker.post(f"{here}/test", {"type": "ticket.filed"})
    assert (refused.status, refused.reason) == (409, "webhook_not_subscribed")
    unknown = await asker.post(f"{here}/test", {"type": "ticket.lost"})
    assert (unknown.status, unknown.reason) == (400, "api_invalid")
    (fault,) = unknown.body["faults"]
    assert (fault["where"], fault["what"]) == ("body.type", "not_taken")
    assert (await asker.post(f"{here}/test", {"type": "ticket.closed"})).status == 200


async def test_one_or_a_span_is_sent_again_under_the_old_ids(office: Office) -> None:
    asker = await program(office)
    made = (await added(asker)).body
    here, sender = f"/webhooks/{made['id']}", sender_of(office)
    began = office.clock.now()
    await copy_of_data(office)
    await send_all(office)
    before = [one.message_id for one in sender.posted]
    page = (await asker.get(f"{here}/deliveries?limit=1")).body
    rest = (await asker.get(f"{here}/deliveries?cursor={page['next']}")).body
    assert rest["next"] is None
    again = await asker.post(f"{here}/deliveries/{page['deliveries'][0]['id']}/replay")
    assert again.body["state"] == "waiting"
    await send_all(office)
    assert sender.posted[-1].message_id == before[-1]
    span = {"since": began.isoformat(), "until": (began + timedelta(days=1)).isoformat()}
    assert (await asker.post(f"{here}/replay", span)).body == {"count": 2}
    await send_all(office)
    assert [one.message_id for one in sender.posted][-2:] == before
    turned = {"since": span["until"], "until": span["since"]}
    refused = await asker.post(f"{here}/replay", turned)
    assert (refused.status, refused.reason) == (422, "webhook_span")
    parked = await asker.post(f"{here}/replay", {"since": "2026-01-01T00:00:00Z", "parked": True})
    assert parked.body == {"count": 0}


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("", {"url": "https://169.254.169.254/"}, 422, "webhook_address"),
        ("", {"url": "ftp://hooks.example/"}, 422, "webhook_url"),
        ("", {"url": URL, "events": []}, 400, "api_invalid"),
        ("", {"url": URL, "events": ["endpoint.test"]}, 400, "api_invalid"),
        ("/ONE/rotate-secret", {"overlap_hours": 337}, 400, "api_invalid"),
        ("/ONE/move", {"url": "https://u:p@hooks.example/"}, 422, "webhook_user"),
        ("/ONE/replay", {"since": "yesterday"}, 400, "api_invalid"),
        ("/zz/enable", {}, 404, ""),
        (f"/{'0' * 32}/test", {}, 404, "webhook_missing"),
        (f"/{'0' * 32}/enable", {}, 404, "webhook_missing"),
        (f"/ONE/deliveries/{'0' * 32}/replay", {}, 404, "webhook_posting_missing"),
    ],
)
async def test_what_cannot_be_is_refused_and_says_why(
    office: Office, path: str, body: dict[str, object], status: int, reason: str
) -> None:
    asker = await program(office)
    made = (await added(asker)).body
    answer = await asker.post("/webhooks" + path.replace("ONE", made["id"]), body)
    assert (answer.status, answer.reason) == (status, reason)
    assert len((await asker.get("/webhooks")).body["endpoints"]) == 1


async def test_what_programs_change_is_audited_under_their_names(office: Office) -> None:
    asker = await program(office)
    here = f"/webhooks/{(await added(asker)).body['id']}"
    for path, body in (
        ("", {"name": "billing"}),
        ("/move", {"url": OTHER}),
        ("/rotate-secret", {}),
        ("/test", {}),
        ("/disable", {}),
        ("/enable", {}),
    ):
        assert (await asker.post(here + path, body)).status == 200
    assert await audited(office) == sorted(
        f"webhook_{what}"
        for what in ("added", "changed", "moved", "rotated", "tested", "disabled", "enabled")
    )
