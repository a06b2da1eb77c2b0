"""Mappers of access packages: the JSON record in a ticket's body, and rows of file parts."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.ids import ConversationId, PackageId
from privacydesk.domain.packages import Link, Package, PackagePart
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Opener, Seal


def package_record(package: Package) -> dict[str, Any]:
    """Return the JSON record of a package for its ticket's body."""
    link = package.link
    return {
        "id": package.id.hex(),
        "made_at": to_micros(package.made_at),
        "until": to_micros(package.until),
        "size": package.size,
        "parts": package.parts,
        "sha256": package.sha256,
        "downloads": package.downloads,
        "link": None
        if link is None
        else [link.secret_hash.hex(), link.conversation_id.hex(), to_micros(link.until)],
    }


def read_package(record: dict[str, Any]) -> Package:
    """Return the package of a record."""
    link = record["link"]
    return Package(
        id=PackageId(bytes.fromhex(record["id"])),
        made_at=from_micros(record["made_at"]),
        until=from_micros(record["until"]),
        size=record["size"],
        parts=record["parts"],
        sha256=record["sha256"],
        downloads=record["downloads"],
        link=None
        if link is None
        else Link(
            bytes.fromhex(link[0]), ConversationId(bytes.fromhex(link[1])), from_micros(link[2])
        ),
    )


BINDING = Binding(
    "package_part.body", "package_id", "place", "conversation_id", "ticket_id", "until", keys=2
)


def part_row(part: PackagePart, seal: Seal) -> dict[str, Any]:
    """Return the row of a file part."""
    row: dict[str, Any] = {
        "package_id": part.package_id,
        "place": part.place,
        "conversation_id": part.conversation_id,
        "ticket_id": part.ticket_id,
        "until": to_micros(part.until),
    }
    row["body"] = seal.seal(BINDING.associated_data(row), part.body)
    return row


def read_part(row: Any, seal: Opener) -> bytes:
    """Return the content of the file part in a row.

    Raises:
        SealError: it was not sealed for this position, package and ticket.
    """
    return BINDING.open(row, seal, row.body)
