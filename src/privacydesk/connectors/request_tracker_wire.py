"""Request Tracker's REST 2 interface: its answers as values, and values to send.

Only what the connector looks at is read; the rest may be whatever a plugin puts there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import orjson
from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, ValidationError
from pydantic import TypeAdapter as Adapter
from yarl import URL

from privacydesk.connectors.mail_text import text_of_html
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    RemoteEntry,
    RemoteFile,
    RemoteTicket,
    marker_key,
)
from privacydesk.errors import UnavailableError

KEY_FIELD: Final = "Privacy desk key"
"""The custom field for a ticket's key."""
NOBODY_THERE: Final = "Nobody"
"""The user of Request Tracker that owns tickets without an owner."""
SYSTEM: Final = "RT_System"
"""The user in whose name it acts by itself."""

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The value of a date that is not set."""
_WRITTEN: Final = frozenset({"Create", "Comment", "Correspond"})
"""The types of transactions in which somebody writes."""
_ASSIGNING: Final = frozenset({"Give", "Take", "Steal", "Untake", "Force"})
_PUBLIC: Final = "Correspond"
_PLAIN: Final = "text/plain"
_HTML: Final = "text/html"
_TEXTS: Final = (_PLAIN, _HTML)
_NO_FILES: Final = (*_TEXTS, "multipart/", "message/", "application/octet-stream")
"""Content types of nameless parts that are no files; the last one stands for an empty text."""


One = TypeVar("One")


class _Wire(BaseModel):
    model_config = ConfigDict(
        hide_input_in_errors=True, extra="ignore", frozen=True, coerce_numbers_to_str=True
    )


class _Named(_Wire):
    id: str


class CustomField(_Wire):
    """A custom field of a ticket or a queue; a queue's has no values."""

    name: str
    values: tuple[Any, ...] = ()


class Ticket(_Wire):
    """A ticket, without its entries."""

    id: str
    status: str = Field(alias="Status")
    owner: _Named = Field(alias="Owner")
    due: AwareDatetime | None = Field(alias="Due", default=None)
    effective: _Named = Field(alias="EffectiveId")
    custom: tuple[CustomField, ...] = Field(alias="CustomFields", default=())

    @property
    def due_at(self) -> datetime | None:
        """When it is due; None where nothing is set."""
        return None if self.due == _NEVER else self.due

    @property
    def assignee(self) -> str:
        """The owner."""
        return UNASSIGNED if self.owner.id == NOBODY_THERE else self.owner.id

    def value_of(self, name: str) -> str:
        """Return the value of a custom field; empty where there is none of that name."""
        for one in self.custom:
            if one.name == name:
                return "\n".join(str(value) for value in one.values)
        return ""


class Link(_Wire):
    """An action that is open to the account."""

    ref: str
    type: str = ""


class Queue(_Wire):
    """A queue, as the account sees it."""

    name: str = Field(alias="Name")
    fields: tuple[CustomField, ...] = Field(alias="TicketCustomFields", default=())
    links: tuple[Link, ...] = Field(alias="_hyperlinks", default=())


class User(_Wire):
    """A user."""

    name: str = Field(alias="Name")


class Made(_Wire):
    """The answer to a creation."""

    id: str


class Transaction(_Wire):
    """One change of a ticket."""

    id: str
    kind: str = Field(alias="Type", default="")
    changed: str = Field(alias="Field", default="")
    creator: _Named = Field(alias="Creator")
    created: AwareDatetime = Field(alias="Created")
    ticket: str = Field(alias="ObjectId", default="")

    @property
    def assigns(self) -> bool:
        """Whether it assigns the ticket to somebody, or takes it away."""
        return self.kind in _ASSIGNING or (self.kind == "Set" and self.changed == "Owner")


class Attachment(_Wire):
    """A part of an entry: a text, or a file."""

    id: str
    transaction: str = Field(alias="TransactionId")
    sort: str = Field(alias="ContentType", default="")
    name: str = Field(alias="Filename", default="")
    content: str = Field(alias="Content", default="")

    @property
    def is_file(self) -> bool:
        """Whether it is a file, not a text and not a container of other parts."""
        return bool(self.name) or not self.sort.startswith(_NO_FILES)

    @property
    def is_text(self) -> bool:
        """Whether it is a text."""
        return not self.name and self.sort in _TEXTS


class Content(_Wire):
    """The content of a text."""

    content: Base64Bytes = Field(alias="Content", default=b"")

    @property
    def said(self) -> str:
        """The text."""
        return self.content.decode(errors="replace")


class Page(_Wire, Generic[One]):
    """A page of a list."""

    items: tuple[One, ...] = ()
    next_page: str = ""


def read_as(what: type[One], body: bytes) -> One:
    """Parse an answer.

    Raises:
        UnavailableError: it is of another shape: what answers there is not Request Tracker, or not
            the version that this was written for.
    """
    try:
        return Adapter(what).validate_json(body)
    except ValidationError as error:
        raise UnavailableError("the answer breaks the contract", reason="contract") from error


def text(value: str) -> str:
    r"""Return a string of a search, quoted; nothing in it can end it.

    >>> text("it's")
    "'it\\'s'"
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def kept(key: str) -> str:
    """Return a key as its custom field keeps it: one of digits alone may be kept as a number."""
    return f"privacydesk-{key}"


def due(moment: datetime) -> str:
    """Return a date as the interface takes it; any other form silently removes the date."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def only_texts() -> bytes:
    """Return the search for the texts among attachments, without files."""
    return orjson.dumps(
        [
            *({"field": "ContentType", "value": one, "entry_aggregator": "OR"} for one in _TEXTS),
            # Some databases store no name as NULL, others as an empty string.
            {"field": "Filename", "operator": "IS", "value": "NULL"},
            {"field": "Filename", "value": "", "entry_aggregator": "OR"},
        ]
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """A ticket with all its parts, as read.

    Attributes:
        ticket: the ticket itself.
        history: its transactions.
        attachments: texts and files, without their content.
        texts: the content of texts, by attachment; one that was too long is missing: it is a file.
    """

    ticket: Ticket
    history: Sequence[Transaction]
    attachments: Sequence[Attachment]
    texts: Mapping[str, str] = field(repr=False)


def seen_as(parts: Parts, *, base: URL, account: str, fields: Iterable[str]) -> RemoteTicket:
    """Return a ticket in the desk's terms.

    Args:
        parts: as read.
        base: its base address.
        account: the desk's own user.
        fields: the custom fields to include.
    """
    history = sorted(parts.history, key=lambda one: int(one.id))
    by_transaction: dict[str, list[Attachment]] = {}
    for attachment in parts.attachments:
        by_transaction.setdefault(attachment.transaction, []).append(attachment)
    entries = (
        _entry(one, by_transaction.get(one.id, ()), parts.texts, base=base, account=account)
        for one in history
        if one.kind in _WRITTEN
    )
    others = [one.created for one in history if one.creator.id not in {account, SYSTEM}]
    # Rules may assign by themselves, which is no act of the desk.
    given = [one.created for one in history if one.assigns and one.creator.id != account]
    return RemoteTicket(
        id=parts.ticket.id,
        label=f"#{parts.ticket.id}",
        url=str(page_of(base, parts.ticket.id)),
        state=parts.ticket.status,
        assignee=parts.ticket.assignee,
        due_at=parts.ticket.due_at,
        fields={name: parts.ticket.value_of(name) for name in fields},
        entries=tuple(entry for entry in entries if entry.text or entry.files),
        touched_at=max(others, default=None),
        assigned_at=max(given, default=None),
    )


def page_of(base: URL, ticket: str) -> URL:
    """Return the page of a ticket, for people."""
    return (base / "Ticket" / "Display.html").with_query(id=ticket)


def _entry(
    one: Transaction,
    attachments: Sequence[Attachment],
    texts: Mapping[str, str],
    *,
    base: URL,
    account: str,
) -> RemoteEntry:
    said = _said(attachments, texts)
    files = tuple(
        RemoteFile(attachment.name or f"{attachment.sort} {attachment.id}", _file(base, attachment))
        for attachment in attachments
        if attachment.is_file or (attachment.is_text and attachment.id not in texts)
    )
    return RemoteEntry(
        id=one.id,
        at=one.created,
        author=one.creator.id,
        text=said,
        public=one.kind == _PUBLIC,
        own=one.creator.id == account,
        key=marker_key(said),
        files=files,
    )


def _said(attachments: Sequence[Attachment], texts: Mapping[str, str]) -> str:
    """Return the text of an entry: the plain version where there are two of the same."""
    for sort, read in ((_PLAIN, str), (_HTML, _words)):
        found = [
            read(texts[one.id])
            for one in attachments
            if one.is_text and one.sort == sort and one.id in texts
        ]
        if any(part.strip() for part in found):
            return "\n\n".join(part.strip() for part in found).replace("\r\n", "\n")
    return ""


def _words(page: str) -> str:
    """Return the text of a page without quotations, unless there is nothing else."""
    return text_of_html(page).strip() or text_of_html(page, quotations=True)


def _file(base: URL, attachment: Attachment) -> str:
    path = base / "Ticket" / "Attachment" / attachment.transaction / attachment.id
    name = quote(attachment.name, safe="")
    return str(path.joinpath(name, encoded=True) if name else path)
