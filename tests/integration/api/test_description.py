"""The description is what the API does: no route beside it, no scope forgotten.

Each run asks each operation the same; with ``API_FUZZING_SECONDS`` it goes on for so long in all,
with ever new requests.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from msgspec import Struct
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from tests.common.api_client import Program, program
from tests.common.console_cases import copy_of_data, enter, guardian
from tests.common.console_client import Office, open_office
from tests.common.examining import open_files
from tests.common.stories import PEOPLE, picture

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.grounds import Ground
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.services.attachments import UncheckedFile
from privacydesk.services.staff.tasks import NewTask
from privacydesk.web.api.app import OPERATIONS
from privacydesk.web.api.openapi import openapi_document
from privacydesk.web.api.openapi_webhooks import SHARED, event_name
from privacydesk.web.api.operations import PREFIX, Operation

_SECONDS: Final = float(os.environ.get("API_FUZZING_SECONDS", "0"))
DESCRIPTION = openapi_document(OPERATIONS)
ACCEPTED = ("2xx", "401", "403", "404", "409", "410", "412", "422")
"""What may be answered to a request as described: 410 to 422 tell of the thing it is about."""

CONFIG: Mapping[str, Any] = {
    "checks": {"positive_data_acceptance": {"expected-statuses": list(ACCEPTED)}},
    # Each request is sent with a token: one that lacks it in the draft alone is no wrong request.
    "generation": {"with-security-parameters": False},
}


def _address(path: str) -> str:
    none = "00" * 16
    return path.format(
        number="PD-none",
        conversation=none,
        file=none,
        endpoint=none,
        delivery=none,
        task="1",
        version="1",
    )


def _named(one: Operation[Any, Any]) -> str:
    return one.name


# -- the description itself -----------------------------------------------------------------------


def test_it_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(dict(DESCRIPTION)).validate()


def test_each_model_has_a_name_of_its_own_and_none_of_a_module() -> None:
    """Generators of clients name classes by titles, and leave out what has another one's."""
    models = DESCRIPTION["components"]["schemas"]
    assert [name for name in models if "__" in name] == []
    titles = Counter(one["title"] for one in models.values() if "title" in one)
    assert [title for title, times in titles.items() if times > 1] == []


def test_each_event_type_has_an_entry_and_a_schema_of_its_own() -> None:
    assert set(DESCRIPTION["webhooks"]) == set(WebhookEventKind)
    models = DESCRIPTION["components"]["schemas"]
    types = [models[event_name(kind)]["properties"]["type"]["const"] for kind in WebhookEventKind]
    assert types == [*WebhookEventKind]


def test_the_page_about_webhooks_names_each_event_type() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text("utf-8")
    assert [kind for kind in WebhookEventKind if f"`{kind}`" not in docs] == []


def test_what_an_event_tells_has_the_names_and_types_of_the_api() -> None:
    """So that a program needs one reader for both."""
    models = DESCRIPTION["components"]["schemas"]
    of_structs = msgspec.json.schema_components(SHARED, ref_template="{name}")[1]
    responses: list[tuple[type[BaseModel], Any]] = [(m, "serialization") for m in SHARED.values()]
    of_responses = models_json_schema(responses, ref_template="{model}")[1]["$defs"]
    names = {facts.__name__: model.__name__ for facts, model in SHARED.items()}
    for facts, model in names.items():
        assert _plain(of_structs[facts], names) == _plain(of_responses[model], names)
    for facts, model in {
        "TicketFacts": "TicketResponse",
        "TaskFacts": "TaskResponse",
        "ConversationFacts": "ConversationResponse",
        "OwnerFacts": "OwnerResponse",
        "EndpointFacts": "WebhookResponse",
    }.items():
        told, shown = models[facts]["properties"], models[model]["properties"]
        # Tasks have operations of their own, and an owner is told without the name.
        assert told.keys() - shown.keys() <= {"tasks"}
        for name in (told.keys() & shown.keys()) - {"owner"}:
            assert _plain(told[name], {}) == _plain(shown[name], {}), (facts, name)


def _plain(schema: Any, names: Mapping[str, str]) -> Any:
    """Return a schema without what it says to people, its choices in order."""
    if isinstance(schema, list):
        return [_plain(one, names) for one in schema]
    if not isinstance(schema, dict):
        return names.get(schema, schema) if isinstance(schema, str) else schema
    plain = {
        key: {name: _plain(one, names) for name, one in value.items()}
        if key == "properties"
        else _plain(value, names)
        for key, value in schema.items()
        if key not in {"title", "description"}
    }
    for key in ("anyOf", "required"):
        if key in plain:
            plain[key] = sorted(plain[key], key=lambda one: json.dumps(one, sort_keys=True))
    return plain


def test_each_operation_is_named_once_and_stands_in_it_with_its_scope() -> None:
    described = {
        (method.upper(), path): (one["operationId"], one["x-scope"])
        for path, methods in DESCRIPTION["paths"].items()
        for method, one in methods.items()
    }
    assert described == {(one.method, one.path): (one.name, one.scope) for one in OPERATIONS}
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert {one.scope for one in OPERATIONS} == set(Scope)


def test_the_table_of_scopes_names_all_of_them() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
    assert all(f"| `{scope}` |" in docs for scope in Scope)


@pytest.mark.parametrize("page", ["integrating.md", "integrating.zh.md", "api.md"])
def test_what_a_page_names_by_the_end_of_its_path_is_there(page: str) -> None:
    docs = (Path(__file__).parents[3] / "docs" / page).read_text("utf-8")
    ends = re.findall(r"`(?:POST )?…(/[^`\s]+)`", docs)
    assert ends
    paths = tuple(one.path for one in OPERATIONS)
    assert [end for end in ends if not any(path.endswith(end) for path in paths)] == []


def test_the_page_about_the_api_names_each_fault() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
    table = docs[docs.index("| `what` | says |") :].partition("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)`", table.partition("\n")[2])) == sorted(RequestFault)


async def test_no_route_is_beside_it(office: Office) -> None:
    routes = {
        (route.method, route.resource.canonical)
        for route in office.server.app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(PREFIX)
    }
    assert routes == {
        *((one.method, PREFIX + one.path) for one in OPERATIONS),
        ("GET", f"{PREFIX}/openapi.json"),
        ("HEAD", f"{PREFIX}/openapi.json"),
        ("GET", f"{PREFIX}/asyncapi.json"),
        ("HEAD", f"{PREFIX}/asyncapi.json"),
    }


async def test_it_is_served_as_it_is(office: Office) -> None:
    served = await (await program(office)).get("/openapi.json")
    assert served.body["paths"].keys() == DESCRIPTION["paths"].keys()


# -- who is let in --------------------------------------------------------------------------------


@pytest.mark.parametrize("one", OPERATIONS, ids=_named)
async def test_each_operation_demands_a_token_and_its_scope(
    office: Office, one: Operation[Any, Any]
) -> None:
    browser = await office.browser()
    stranger = await browser.client.request(one.method, PREFIX + _address(one.path))
    assert stranger.status == 401
    others = await program(office, *(scope for scope in Scope if scope not in one.scopes))
    refused = await others.ask(one.method, _address(one.path))
    assert (refused.status, refused.body["scope"]) == (403, one.scope.value)


# -- whatever may come ----------------------------------------------------------------------------


Thing = Mapping[str, str]
"""What a desk has, as the parameters of paths that lead to it."""


class Served(Struct):
    """A desk that runs in a thread of its own.

    Attributes:
        url: where.
        token: opens everything.
        things: what it has.
    """

    url: str
    token: str
    things: tuple[Thing, ...]


async def _filled(office: Office, asker: Program) -> tuple[Thing, ...]:
    """Return what a desk has after all that may be read was made."""
    services = office.world.services
    assert services.webhooks is not None
    desk = services.webhooks.endpoints
    endpoint = (await desk.add("https://hooks.example/in", by="operator")).endpoint.id
    _, asked = await copy_of_data(office)
    await services.staff.handling.claim(asked.number, "mei")
    await services.staff.tasks.create(asked.number, "mei", NewTask("", (0,), "Look once more."))
    _, child = await guardian(office)
    await open_files(services.staff, child.number, "zendesk")
    (file, *_) = (await services.staff.tickets.details(child.number)).evidence
    chen = await enter(office, "chen", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (closed,) = await chen.tickets()
    await services.staff.decisions.refuse(
        closed.number, "mei", ground=Ground.RIGHTS_OF_OTHERS, reason="It is not theirs."
    )
    await services.takeover.take(closed.number, "mei")
    shown = UncheckedFile("shown.png", picture())
    await services.takeover.reply(closed.number, "mei", "Look.", file=shown)
    await chen.pull()
    (sent,) = [file for one in chen.events for file in one.data.get("files", ())]
    account = office.world.people[PEOPLE["wu"]].account
    body = {"kind": "access", "account": account, "answers": {"more": "all"}}
    filed = await asker.post("/requests", body)
    how = {"how": "Answered the call back.", "at": office.clock.now().isoformat()}
    body |= {"checked": how, "checked_by": "Agent 12"}
    attested = await asker.post("/requests/attested", body)
    await enter(office, "alice", {"user": "I want to talk to a person"})
    (waiting,) = await services.store.reader.queue(limit=10)
    return (
        {"number": asked.number, "task": "1"},
        {"number": child.number, "file": file.id.hex()},
        {"number": closed.number},
        {"number": filed.body["number"]},
        {"number": attested.body["number"]},
        {"conversation": asked.conversation_id.hex()},
        {"conversation": waiting.id.hex()},
        {"conversation": closed.conversation_id.hex(), "file": sent["id"]},
        *(
            {"endpoint": endpoint.hex(), "delivery": one.id.hex()}
            for one in await desk.postings(endpoint)
        ),
        {"version": "1"},
    )


def _leading(path: str, things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """Return the things that a path leads to."""
    names = {*re.findall(r"\{(\w+)\}", path)}
    return tuple(one for one in things if names and one.keys() >= names)


async def test_each_operation_that_reads_finds_what_there_is_and_answers_as_described(
    office: Office,
) -> None:
    """So that the requests below find something, too."""
    asker = await program(office)
    things = await _filled(office, asker)
    for one in OPERATIONS:
        # What the policy answers is in its own tests: it takes a policy.
        if one.is_write or one.name == "answer_from_policy":
            continue
        answers = [
            await asker.get(one.path.format(**thing))
            for thing in _leading(one.path, things) or ({},)
        ]
        (found, *_) = [answer for answer in answers if answer.status == 200] or answers
        assert found.status == 200, one.name
        described = DESCRIPTION["paths"][one.path]["get"]["responses"]["200"]
        (media_type,) = described["content"]
        assert fnmatch(found.headers["Content-Type"].partition(";")[0], media_type)
        assert [name for name in described["headers"] if name not in found.headers] == []


@contextmanager
def _serving(folder: Path) -> Iterator[Served]:
    ready = threading.Event()
    found: list[Served] = []
    stop: list[Any] = []

    async def run() -> None:
        try:
            async with open_office(
                folder, api_requests_at_once=1_000_000, api_guesses_per_minute=1_000_000
            ) as office:
                done, loop = asyncio.Event(), asyncio.get_running_loop()
                asker = await program(office)
                things = await _filled(office, asker)
                integrations = office.world.services.integrations
                assert integrations is not None
                # Requests with ``wait`` are answered at once.
                integrations.waiters.close()
                url = str(office.server.make_url("")).rstrip("/")
                found.append(Served(url, asker.made.secret, things))
                stop.append(lambda: loop.call_soon_threadsafe(done.set))
                ready.set()
                await done.wait()
        finally:
            ready.set()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield found[0]
    finally:
        stop[0]()
        thread.join(20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with _serving(tmp_path_factory.mktemp("served")) as desk:
        yield desk


_LONGEST_LINE: Final = 8_000


def _asked() -> Iterator[Any]:
    """Yield each operation asked as described, and asked wrongly where it takes anything."""
    for one in OPERATIONS:
        takes = DESCRIPTION["paths"][one.path][one.method.lower()]
        modes = [GenerationMode.POSITIVE]
        if takes.get("parameters") or "requestBody" in takes:
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            yield pytest.param(one, mode, id=f"{one.name}-{mode.value}")


_ASKED: Final = (*_asked(),)


@pytest.mark.by_turns(4)
@pytest.mark.parametrize(("one", "mode"), _ASKED)
def test_whatever_is_asked_is_answered_as_described(
    served: Served, one: Operation[Any, Any], mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(
        dict(DESCRIPTION), config=SchemathesisConfig.from_dict(dict(CONFIG))
    )

    @given(case=schema[one.path][one.method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=12,
        database=None,
        derandomize=not _SECONDS,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            # Random names find nothing; most requests are about something that is there.
            _aim(case, one, served)
        # A longer line than the HTTP server reads is refused before any of this.
        assume(len(case.as_curl_command()) < _LONGEST_LINE)
        case.call_and_validate(
            base_url=f"{served.url}{PREFIX}", headers={"Authorization": f"Bearer {served.token}"}
        )
        asked.append(case)

    asked: list[Any] = []
    end = time.monotonic() + _SECONDS / len(_ASKED)
    while not asked or time.monotonic() < end:
        holds()


def _aim(case: Any, one: Operation[Any, Any], served: Served) -> None:
    turn = len(str(case.body)) + len(str(case.query))
    known = _leading(one.path, served.things)
    if known and turn % 4:
        thing = known[turn // 4 % len(known)]
        case.path_parameters.update((name, thing[name]) for name in case.path_parameters)
