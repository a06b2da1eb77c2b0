"""Spans reach a collector, belong together, and hold nothing of what people say."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.common.kill_server import KillableServer, environment, open_outside
from tests.common.stories import World
from tests.functional.test_understanding import Person

from privacydesk.app.external_services import ExternalServices
from privacydesk.app.observed import observe_services
from privacydesk.app.observers import Observers
from privacydesk.app.tracing import Tracing
from privacydesk.cli.serve import _start_tracing
from privacydesk.domain.code_delivery import AccountContact
from privacydesk.errors import SettingsError, UnavailableError

MARK = "13912345678"


class Receiver:
    """Takes spans over HTTP, as a collector does.

    Attributes:
        bodies: what was sent, as it came.
    """

    def __init__(self) -> None:
        bodies: list[bytes] = []
        self.bodies = bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> dict[str, Span]:
        """Return the spans by name."""
        return {
            span.name: span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def attributes(self) -> dict[str, str]:
        """Return what is said of the process."""
        request = ExportTraceServiceRequest.FromString(self.bodies[0])
        found = request.resource_spans[0].resource.attributes
        return {one.key: one.value.string_value for one in found}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver() as started:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", started.url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=trial")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield started


def said(span: Span) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}


async def test_a_served_turn_and_its_reading_are_one_trace(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with open_outside() as outside:
        # The fixture's variables are in the environment.
        own = environment(tmp_path / "data", outside)
        server = KillableServer({**own, "PRIVACYDESK_TRACES": "yes"})
        await server.start()
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
                person = Person(client, "u-1001")
                await person.begin()
                await person.says(f"我的号码是{MARK}，我要导出我的数据")
            end = time.monotonic() + 30
            while not {"turn text", "read message"} <= receiver.spans().keys():
                assert time.monotonic() < end, receiver.spans().keys()
                await asyncio.sleep(0.1)
        finally:
            await server.kill()
    found = receiver.spans()
    turn, reading = found["turn text"], found["read message"]
    assert (reading.trace_id, reading.parent_span_id) == (turn.trace_id, turn.span_id)
    assert turn.kind == Span.SPAN_KIND_SERVER
    told = receiver.attributes()
    assert (told["service.name"], told["deployment.environment"]) == ("privacydesk", "trial")
    everything = b"".join(receiver.bodies)
    for mark in (MARK, "u-1001", "导出", str(tmp_path)):
        assert mark.encode() not in everything


async def test_calls_have_their_outcome_or_their_fault(world: World, receiver: Receiver) -> None:
    tracing = Tracing()
    external: ExternalServices = observe_services(world.services.external, Observers([tracing]))
    await external.codes.send(AccountContact("u-1001"), "desk_code", "en", MARK, key="k1")
    tracing.close()
    sent = receiver.spans()["code_gateway code"]
    assert said(sent) == {"privacydesk.outcome": "sent"}
    receiver.bodies.clear()
    tracing = Tracing()
    external = observe_services(world.services.external, Observers([tracing]))
    world.codes.down = True
    with pytest.raises(UnavailableError):
        await external.codes.send(AccountContact("u-1001"), "desk_code", "en", MARK, key="k2")
    with pytest.raises(ValueError, match=MARK), Observers([tracing]).turn("text"):
        raise ValueError(MARK)
    tracing.close()
    found = receiver.spans()
    assert found["code_gateway code"].status.code == found["turn text"].status.code == 2
    assert said(found["turn text"]) == {"error.type": "ValueError"}
    assert said(found["code_gateway code"])["error.type"]
    assert not any(span.events for span in found.values())
    assert MARK.encode() not in b"".join(receiver.bodies)


def test_without_opentelemetry_the_start_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "privacydesk.app.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"privacydesk\[tracing\]"):
        _start_tracing()
