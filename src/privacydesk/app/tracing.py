"""Traces for OpenTelemetry: spans of turns, of readings, and of calls of outside services.

Spans have names and attributes of closed lists, and nothing of what people write or are called.
The ``OTEL_…`` variables of OpenTelemetry say where they are sent, how many of them, and what the
process is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode

from privacydesk.errors import DeskError
from privacydesk.ports import Committed


class Tracing:
    """Implements ``observers.Observer``: makes spans, and sends them in the background.

    What can't be sent is dropped; the library logs it.
    """

    def __init__(self) -> None:
        own = Resource({SERVICE_NAME: "privacydesk", SERVICE_VERSION: version("privacydesk")})
        self._provider = TracerProvider(
            # Without what else the library finds out: the command line may name people.
            resource=own.merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("privacydesk")

    @contextmanager
    def turn(self, kind: str) -> Iterator[list[Committed]]:
        """See ``observers.Observer``."""
        with self._span(f"turn {kind}", SpanKind.SERVER):
            yield []

    @contextmanager
    def reading(self, operation: str) -> Iterator[None]:
        """See ``observers.Observer``."""
        with self._span(f"read {operation}", SpanKind.INTERNAL):
            yield

    @contextmanager
    def calling(self, service: str, operation: str) -> Iterator[list[str]]:
        """See ``observers.Observer``."""
        outcome: list[str] = []
        with self._span(f"{service} {operation}", SpanKind.CLIENT) as span:
            yield outcome
            if outcome:
                span.set_attribute("privacydesk.outcome", outcome[0])

    def count_sent_code(self) -> None:
        """See ``observers.Observer``: its call has a span."""

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    @contextmanager
    def _span(self, name: str, kind: SpanKind) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                # Never the message, which may have personal data.
                reason = error.data.get("reason") if isinstance(error, DeskError) else None
                span.set_attribute("error.type", str(reason or type(error).__name__))
                span.set_status(StatusCode.ERROR)
                raise
