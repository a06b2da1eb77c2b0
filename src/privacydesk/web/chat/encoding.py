"""JSON encoding of events, views and frames. Each commit is encoded once for all viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from privacydesk.domain.choices_memo import ChoicesMemo
from privacydesk.domain.events import Choice, Event, Sender
from privacydesk.services.api import View
from privacydesk.services.queue_waits import UsualWait
from privacydesk.web.texts import LANGUAGE_TAGS

MAX_PAGE_BYTES: Final = 256 * 1024
"""Maximum bytes of text in a page of the log: several pages may be queued for a slow client."""


def event_json(event: Event) -> dict[str, Any]:
    """Return the public fields of an event; empty optional fields are omitted."""
    fields: dict[str, Any] = {
        "offset": event.offset,
        "at": event.at,
        "from": str(event.sender),
        "kind": str(event.kind),
        "text": event.text,
        "lang": LANGUAGE_TAGS.get(event.locale, ""),
    }
    if event.key:
        fields["key"] = event.key
    if event.choices:
        fields["choices"] = _encode_choices(event.choices)
    if event.input is not None:
        fields["input"] = event.input.value
    if event.data:
        fields["data"] = event.data
    if event.author:
        fields["author"] = event.author
    # The ids of other jobs are internal.
    if event.job_id and event.sender is Sender.USER:
        fields["id"] = event.job_id
    return fields


def _choice_json(choice: Choice) -> dict[str, str]:
    fields = {"id": choice.id, "label": choice.label, "style": choice.style.value}
    if choice.detail:
        fields["detail"] = choice.detail
    return fields


_encode_choices = ChoicesMemo(
    lambda choices: orjson.Fragment(orjson.dumps([_choice_json(choice) for choice in choices]))
)
"""Encodes a row of buttons; results are memoised."""


def view_json(view: View) -> dict[str, Any]:
    """Return the public fields of a view; the requests only if they were read."""
    fields: dict[str, Any] = {
        "owner": str(view.owner),
        "agent": view.agent,
        "queue_place": view.queue_place,
        "prompt": view.prompt,
        "locale": view.locale,
        "agent_typing": view.agent_typing,
        "agent_read": view.agent_read,
        "accepts_files": view.accepts_files,
        "agent_since": view.agent_since,
        "queue_wait": _wait_json(view.queue_wait),
    }
    if view.requests is not None:
        fields["requests"] = view.requests
    return fields


def _wait_json(wait: UsualWait | None) -> dict[str, int] | None:
    return None if wait is None else {"from": wait.minutes_from, "to": wait.minutes_to}


def events_json(events: Sequence[Event], view: View | None = None) -> dict[str, Any]:
    """Return events with the acknowledgements of their messages and, after a commit, the view."""
    fields: dict[str, Any] = {
        "events": [event_json(event) for event in events],
        # The first event of a job may be the desk's, as after a tap on a closed question.
        "acks": [
            {"id": event.job_id, "offset": event.offset}
            for event in events
            if event.job_id and ":" not in event.job_id
        ],
    }
    if view is not None:
        fields["view"] = view_json(view)
    return fields


def encode(value: Any) -> bytes:
    """Encode a value as JSON; aware datetimes become RFC 3339 in UTC with a ``Z``."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS, default=_to_json)


def _to_json(value: Any) -> Any:
    """Convert an immutable mapping, the only other type in an event's data, to a dict."""
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} is not JSON")


def first_page(events: Sequence[Event], max_bytes: int = MAX_PAGE_BYTES) -> Sequence[Event]:
    """Return as many of the first events as fit on a page, but at least one.

    Args:
        events: events in order of offset.
        max_bytes: maximum size of their text; three bytes are assumed for each character.
    """
    size = 0
    for count, event in enumerate(events):
        # A Chinese character takes three bytes in UTF-8.
        size += 3 * len(event.text)
        if size > max_bytes and count:
            return events[:count]
    return events


def events_frame(events: Sequence[Event], view: View | None = None) -> bytes:
    """Return an encoded ``events`` frame."""
    return encode({"type": "events", **events_json(events, view)})
