"""Receipts of closed requests: adding them to the log, and handing them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.errors import NotFoundError, UnavailableError
from privacydesk.ports import Catalog, ReceiptLog
from privacydesk.receipts.cose import read_key_set
from privacydesk.receipts.receipt import Receipt, verify
from privacydesk.services.rendering import Renderer

MEDIA_TYPE: Final = "application/cose"
"""The media type of receipts (RFC 9052, section 11.3)."""
_SHOWN_DIGITS: Final = 16


class ReceiptFile(Struct, frozen=True):
    """A receipt for download.

    Attributes:
        number: the number of the request.
        content: the file.
    """

    number: str
    content: bytes

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.number}.cose"


class Receipts:
    """Signs how requests ended, and hands out the receipts.

    Args:
        log: the logs of receipts.
        renderer: names items.
        catalog: the texts.
        zone: the operator's time zone.
        issuer: the operator's app, as receipts name who signs.
        app_in: returns the app's name in a language.
    """

    def __init__(
        self,
        log: ReceiptLog,
        renderer: Renderer,
        catalog: Catalog,
        *,
        zone: str,
        issuer: str,
        app_in: Callable[[str], str],
    ) -> None:
        self._log = log
        self._renderer = renderer
        self._catalog = catalog
        self._zone = zone
        self._issuer = issuer
        self._app_in = app_in

    async def append_pending(self) -> int:
        """Add all pending outcomes to the log; return how many."""
        total = 0
        while added := await self._log.append(self._issuer, self._items):
            total += added
        return total

    async def of(self, ticket: Ticket) -> ReceiptFile:
        """Return the receipt of a ticket's outcome.

        Raises:
            NotFoundError: the ticket is open.
            UnavailableError: another process is about to sign it.
        """
        if ticket.is_open:
            raise NotFoundError("the request is open")
        content = await self._log.receipt(ticket)
        if content is None:
            await self._log.register(ticket)
            await self.append_pending()
            content = await self._log.receipt(ticket)
        if content is None:
            raise UnavailableError("the receipt is about to be signed")
        return ReceiptFile(ticket.number, content)

    async def keys(self) -> bytes:
        """Return the public keys of all receipts, as a COSE_KeySet."""
        return await self._log.keys()

    async def text(self, file: ReceiptFile, locale: str) -> str:
        """Return what a receipt says, in words."""
        receipt = verify(file.content, read_key_set(await self.keys()))
        return "\n".join((*self._lines(receipt, locale), ""))

    def _lines(self, receipt: Receipt, locale: str) -> Iterator[str]:
        said = receipt.statement

        def text(key: str, **args: Any) -> str:
            return self._catalog.text(locale, key, args)

        yield text("receipt.title", app=self._app_in(locale))
        yield text("receipt.number", number=said.number)
        yield text("receipt.kind", kind={"$term": f"kind.{said.kind.value}"})
        yield text("receipt.outcome", outcome={"$term": f"ticket.outcome.{said.outcome.value}"})
        yield text("receipt.received", at=self._moment(said.received_at))
        if said.verified_at is not None:
            yield text("receipt.verified", at=self._moment(said.verified_at))
        if said.answered_at is not None:
            yield text("receipt.answered", at=self._moment(said.answered_at))
        yield text("receipt.closed", at=self._moment(said.closed_at))
        for item in receipt.items or ():
            if "label" in item:
                decision = self._decision(item, locale)
                yield text("receipt.item", item=item["label"], decision=decision)
        place = {"entry": said.entry + 1, "log": said.log.hex()[:_SHOWN_DIGITS]}
        yield text("receipt.place", **place)
        yield ""
        yield text("receipt.keep", file=f"{said.number}.cose")

    def _decision(self, item: Mapping[str, Any], locale: str) -> str:
        """Return what was decided on an item, in words."""
        decision = item.get("decision") or "none"
        if decision == "grant" and item.get("ground"):
            decision = "part"
        words = self._catalog.text(locale, f"receipt.decision.{decision}", {})
        details = (item[name] for name in ("granted", "reason") if item.get(name))
        return " · ".join((words, *details))

    def _moment(self, at: datetime) -> dict[str, Any]:
        return {"$time": at.isoformat(), "zone": self._zone}

    def _items(self, ticket: Ticket) -> list[Mapping[str, Any]]:
        """Return the items of a ticket as its receipt discloses them to the requester."""
        return [self._item(ticket, item) for item in ticket.items]

    def _item(self, ticket: Ticket, item: ScopeItem) -> Mapping[str, Any]:
        withheld = ticket.work.ground_withheld
        fields = {
            "label": self._renderer.item_label(ticket, item, ticket.locale),
            "name": item.name,
            "detail": dict(item.detail),
            "decision": item.decision,
            "ground": item.ground.value if item.ground is not None and not withheld else "",
            "granted": item.granted,
            "reason": item.reason,
            "result": item.result,
        }
        return {name: value for name, value in fields.items() if value}
