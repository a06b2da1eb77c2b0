"""The wire format of Request Tracker's REST 2 API: models of its answers, and values to send.

Only the fields that the connector needs are parsed; plugins may add others.
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

from privacydesk.connectors.mail_text import html_to_text
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    RemoteEntry,
    RemoteFile,
    RemoteTicket,
    marker_key,
)
from privacydesk.errors import UnavailableError

KEY_FIELD: Final = "Privacy desk key"
"""The custom field that stores a ticket's key."""
NOBODY: Final = "Nobody"
"""The built-in user that owns unassigned tickets."""
SYSTEM: Final = "RT_System"
"""The built-in user of automatic changes."""

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The value of an unset date."""
_TEXT_TYPES: Final = frozenset({"Create", "Comment", "Correspond"})
"""The types of transactions that have a text."""
_OWNER_TYPES: Final = frozenset({"Give", "Take", "Steal", "Untake", "Force"})
_PUBLIC: Final = "Correspond"
_PLAIN: Final = "text/plain"
_HTML: Final = "text/html"
_TEXT_CONTENT: Final = (_PLAIN, _HTML)
_NOT_FILES: Final = (*_TEXT_CONTENT, "multipart/", "message/", "application/octet-stream")
"""Content types of nameless parts that are no files; the last one is that of an empty text."""


T = TypeVar("T")


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
        """When it is due; None if unset."""
        return None if self.due == _NEVER else self.due

    @property
    def assignee(self) -> str:
        """Its owner; ``UNASSIGNED`` if it has none."""
        return UNASSIGNED if self.owner.id == NOBODY else self.owner.id

    def value_of(self, name: str) -> str:
        """Return the value of a custom field; empty if there is no such field."""
        for custom_field in self.custom:
            if custom_field.name == name:
                return "\n".join(str(value) for value in custom_field.values)
        return ""


class Link(_Wire):
    """An action that the account may perform."""

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


class Created(_Wire):
    """The answer to creating something."""

    id: str


class Transaction(_Wire):
    """One entry of a ticket's history."""

    id: str
    kind: str = Field(alias="Type", default="")
    changed: str = Field(alias="Field", default="")
    creator: _Named = Field(alias="Creator")
    created: AwareDatetime = Field(alias="Created")
    ticket: str = Field(alias="ObjectId", default="")

    @property
    def assigns(self) -> bool:
        """Whether it changes the ticket's owner."""
        return self.kind in _OWNER_TYPES or (self.kind == "Set" and self.changed == "Owner")


class Attachment(_Wire):
    """A part of a history entry: a text or a file."""

    id: str
    transaction: str = Field(alias="TransactionId")
    content_type: str = Field(alias="ContentType", default="")
    name: str = Field(alias="Filename", default="")
    content: str = Field(alias="Content", default="")

    @property
    def is_file(self) -> bool:
        """Whether it is a file, not a text and not a container of other parts."""
        return bool(self.name) or not self.content_type.startswith(_NOT_FILES)

    @property
    def is_text(self) -> bool:
        """Whether it is a text."""
        return not self.name and self.content_type in _TEXT_CONTENT


class Content(_Wire):
    """The content of a text."""

    content: Base64Bytes = Field(alias="Content", default=b"")

    @property
    def text(self) -> str:
        """The text."""
        return self.content.decode(errors="replace")


class Page(_Wire, Generic[T]):
    """A page of a list."""

    items: tuple[T, ...] = ()
    next_page: str = ""


def parse(kind: type[T], body: bytes) -> T:
    """Parse an answer.

    Raises:
        UnavailableError: it does not fit the model: the server is not Request Tracker, or has an
            unsupported version.
    """
    try:
        return Adapter(kind).validate_json(body)
    except ValidationError as error:
        raise UnavailableError("the answer breaks the contract", reason="contract") from error


def quote_string(value: str) -> str:
    r"""Return a string literal for a search query, with quotes escaped.

    >>> quote_string("it's")
    "'it\\'s'"
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def key_value(key: str) -> str:
    """Return a key as stored in its custom field, where digits alone might become a number."""
    return f"privacydesk-{key}"


def format_date(moment: datetime) -> str:
    """Return a date in the format of the API; any other format silently removes the date."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def text_filter() -> bytes:
    """Return the JSON query for attachments that are texts, not files."""
    return orjson.dumps(
        [
            *(
                {"field": "ContentType", "value": content_type, "entry_aggregator": "OR"}
                for content_type in _TEXT_CONTENT
            ),
            # Depending on the database, a missing name is NULL or an empty string.
            {"field": "Filename", "operator": "IS", "value": "NULL"},
            {"field": "Filename", "value": "", "entry_aggregator": "OR"},
        ]
    )


@dataclass(frozen=True, slots=True)
class TicketParts:
    """All that was fetched of a ticket.

    Attributes:
        ticket: the ticket.
        history: its transactions.
        attachments: texts and files, without their content.
        texts: content by attachment id, without texts that are too long, which count as files.
    """

    ticket: Ticket
    history: Sequence[Transaction]
    attachments: Sequence[Attachment]
    texts: Mapping[str, str] = field(repr=False)


def to_remote_ticket(
    parts: TicketParts, *, base: URL, account: str, fields: Iterable[str]
) -> RemoteTicket:
    """Convert a ticket to the desk's model.

    Args:
        parts: the fetched ticket.
        base: the base URL of Request Tracker.
        account: the desk's user.
        fields: the custom fields to include.
    """
    history = sorted(parts.history, key=lambda transaction: int(transaction.id))
    by_transaction: dict[str, list[Attachment]] = {}
    for attachment in parts.attachments:
        by_transaction.setdefault(attachment.transaction, []).append(attachment)
    entries = (
        _entry(
            transaction,
            by_transaction.get(transaction.id, ()),
            parts.texts,
            base=base,
            account=account,
        )
        for transaction in history
        if transaction.kind in _TEXT_TYPES
    )
    changes_by_others = [
        transaction.created
        for transaction in history
        if transaction.creator.id not in {account, SYSTEM}
    ]
    # Assignments by Request Tracker's own rules (``SYSTEM``) count, too.
    assignments = [
        transaction.created
        for transaction in history
        if transaction.assigns and transaction.creator.id != account
    ]
    return RemoteTicket(
        id=parts.ticket.id,
        label=f"#{parts.ticket.id}",
        url=str(ticket_url(base, parts.ticket.id)),
        state=parts.ticket.status,
        assignee=parts.ticket.assignee,
        due_at=parts.ticket.due_at,
        fields={name: parts.ticket.value_of(name) for name in fields},
        entries=tuple(entry for entry in entries if entry.text or entry.files),
        touched_at=max(changes_by_others, default=None),
        assigned_at=max(assignments, default=None),
    )


def ticket_url(base: URL, ticket: str) -> URL:
    """Return the URL of a ticket's web page."""
    return (base / "Ticket" / "Display.html").with_query(id=ticket)


def _entry(
    transaction: Transaction,
    attachments: Sequence[Attachment],
    texts: Mapping[str, str],
    *,
    base: URL,
    account: str,
) -> RemoteEntry:
    content = _entry_text(attachments, texts)
    files = tuple(
        RemoteFile(
            attachment.name or f"{attachment.content_type} {attachment.id}",
            _file_url(base, attachment),
        )
        for attachment in attachments
        if attachment.is_file or (attachment.is_text and attachment.id not in texts)
    )
    return RemoteEntry(
        id=transaction.id,
        at=transaction.created,
        author=transaction.creator.id,
        text=content,
        public=transaction.kind == _PUBLIC,
        own=transaction.creator.id == account,
        key=marker_key(content),
        files=files,
    )


def _entry_text(attachments: Sequence[Attachment], texts: Mapping[str, str]) -> str:
    """Return the text of an entry; of a plain and an HTML version, the plain one."""
    for content_type, convert in ((_PLAIN, str), (_HTML, _html_text)):
        texts_of_type = [
            convert(texts[attachment.id])
            for attachment in attachments
            if attachment.is_text
            and attachment.content_type == content_type
            and attachment.id in texts
        ]
        if any(part.strip() for part in texts_of_type):
            return "\n\n".join(part.strip() for part in texts_of_type).replace("\r\n", "\n")
    return ""


def _html_text(page: str) -> str:
    """Return the text of an HTML document, without quotations unless it has nothing else."""
    return html_to_text(page).strip() or html_to_text(page, quotations=True)


def _file_url(base: URL, attachment: Attachment) -> str:
    path = base / "Ticket" / "Attachment" / attachment.transaction / attachment.id
    name = quote(attachment.name, safe="")
    return str(path.joinpath(name, encoded=True) if name else path)
