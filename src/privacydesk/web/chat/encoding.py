"""Encoding of what clients receive. Each commit is encoded once, for all its viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from privacydesk.domain.events import Choice, Event, Sender
from privacydesk.domain.memo import ChoicesMemo
from privacydesk.services.api import View
from privacydesk.web.texts import LANGUAGE_TAGS

LARGEST_PAGE: Final = 256 * 1024
"""Bytes of text in one page of the log: several may be queued for a slow client."""


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as clients see it; fields without content are left out."""
    shown: dict[str, Any] = {
        "offset": event.offset,
        "at": event.at,
        "from": str(event.sender),
        "kind": str(event.kind),
        "text": event.text,
        "lang": LANGUAGE_TAGS.get(event.locale, ""),
    }
    if event.key:
        shown["key"] = event.key
    if event.choices:
        shown["choices"] = _choices_json(event.choices)
    if event.input is not None:
        shown["input"] = event.input.value
    if event.data:
        shown["data"] = event.data
    if event.author:
        shown["author"] = event.author
    # Other job ids are internal.
    if event.job_id and event.sender is Sender.USER:
        shown["id"] = event.job_id
    return shown


def _choice_json(choice: Choice) -> dict[str, str]:
    return {"id": choice.id, "label": choice.label, "style": choice.style.value}


_choices_json = ChoicesMemo(
    lambda choices: orjson.Fragment(orjson.dumps([_choice_json(choice) for choice in choices]))
)
"""Rows of buttons, already encoded."""


def view_json(view: View) -> dict[str, Any]:
    """Return a view as clients see it."""
    return {
        "owner": str(view.owner),
        "agent": view.agent,
        "queue_place": view.queue_place,
        "prompt": view.prompt,
        "locale": view.locale,
        "agent_typing": view.agent_typing,
        "agent_read": view.agent_read,
    }


def events_json(events: Sequence[Event], view: View | None = None) -> dict[str, Any]:
    """Return events with the acknowledgements they carry and, after a commit, the new view."""
    answer: dict[str, Any] = {
        "events": [event_json(event) for event in events],
        # Also if a job's first event is the desk's, as after a tap on a closed question.
        "acks": [
            {"id": event.job_id, "offset": event.offset}
            for event in events
            if event.job_id and ":" not in event.job_id
        ],
    }
    if view is not None:
        answer["view"] = view_json(view)
    return answer


def encode(value: Any) -> bytes:
    """Return JSON; instants become RFC 3339 in UTC with a ``Z``."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS, default=_plain)


def _plain(value: Any) -> Any:
    """Convert what data may hold besides JSON (immutable mappings) into JSON."""
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} is not JSON")


def fitting(events: Sequence[Event], most: int = LARGEST_PAGE) -> Sequence[Event]:
    """Return the first events, as many as fit a page; at least one."""
    size = 0
    for count, event in enumerate(events):
        # A character of Chinese is three bytes.
        size += 3 * len(event.text)
        if size > most and count:
            return events[:count]
    return events


def events_frame(events: Sequence[Event], view: View | None = None) -> bytes:
    """Return an ``events`` frame."""
    return encode({"type": "events", **events_json(events, view)})
