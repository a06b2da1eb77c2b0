"""Texts of the web interfaces: their catalogs, the strings of the chat page, error messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from privacydesk.domain.intents import RequestKind
from privacydesk.domain.receipts import DECISIONS
from privacydesk.domain.ticket import Outcome
from privacydesk.errors import DeskError
from privacydesk.i18n.locales import LOCALES
from privacydesk.ports import Catalog


class Catalogs(Catalog, Protocol):
    """The message catalogs, with the list of available locales."""

    @property
    def locales(self) -> Sequence[str]:
        """The available locales, such as ``zh_Hans``."""
        ...


LANGUAGE_TAGS = {name: spec.tag for name, spec in LOCALES.items()}
"""BCP 47 language tag by locale, for the ``lang`` attribute of pages."""

PAGE_STRINGS: Mapping[str, tuple[str, ...]] = {
    "page.title": (),
    "header.person": (),
    "header.queued": (),
    "header.person_hint": (),
    "header.language": (),
    "header.automated": (),
    "header.agent": ("name",),
    "header.queue": (),
    "header.queue_place": ("place",),
    "header.queue_next": (),
    "policy.title": (),
    "quote.closest": (),
    "quote.also": (),
    "quote.passage": (),
    "quote.original": ("language",),
    "quote.converted": ("language",),
    "quote.translated": ("language",),
    "quote.untranslated": ("language",),
    "quote.open": (),
    "queue.label": (),
    "queue.wait": ("from", "to"),
    "queue.wait_about": ("to",),
    "queue.contact": (),
    "queue.leave": (),
    "end.offer": (),
    "end.ask": ("name",),
    "end.then": (),
    "end.yes": (),
    "end.no": (),
    "person.since": ("time",),
    "state.connecting": (),
    "state.online": (),
    "state.reconnecting": (),
    "state.reconnecting_short": (),
    "state.offline": (),
    "state.offline_short": (),
    "state.polling": (),
    "state.left": (),
    "state.session": (),
    "state.session_renew": (),
    "state.closed": (),
    "state.crowded": (),
    "state.busy": (),
    "state.challenge": (),
    "state.retry_now": (),
    "start.more": (),
    "start.suggest_request_status": (),
    "start.suggest_guardian": (),
    "start.suggest_automated_decision": (),
    "link.title": (),
    "link.text": (),
    "link.leaves": (),
    "link.yes": (),
    "link.no": (),
    "log.label": (),
    "log.empty": (),
    "log.loading": (),
    "log.newer": (),
    "log.unread": (),
    "log.today": (),
    "log.yesterday": (),
    "log.blank": (),
    "log.show_all": (),
    "log.show_less": (),
    "from.user": (),
    "from.assistant": (),
    "from.agent": ("name",),
    "from.agent_unnamed": (),
    "from.system": (),
    "typing.agent": ("name",),
    "typing.desk": (),
    "choices.label": (),
    "code.wait": ("label", "time"),
    "summary.goes": (),
    "summary.ends": (),
    "summary.stays": (),
    "summary.changes": (),
    "summary.old": (),
    "summary.new": (),
    "questions.submit": (),
    "questions.optional": (),
    "questions.needed": (),
    "questions.no_date": (),
    "questions.year": (),
    "questions.month": (),
    "questions.day": (),
    "picks.none": (),
    "picks.nothing": ("names",),
    "picks.several": (),
    "picks.submit": ("count",),
    "input.label": (),
    "input.placeholder": (),
    "input.placeholder_agent": (),
    "input.placeholder_answer": (),
    "input.code_label": (),
    "input.code_placeholder": (),
    "input.date_label": (),
    "input.pick_date": (),
    "input.phone_label": (),
    "input.as_text": (),
    "input.as_code": (),
    "input.send": (),
    "input.too_long": ("count", "limit"),
    "input.attach": (),
    "unsent.sending": (),
    "unsent.waiting": (),
    "unsent.failed": (),
    "unsent.retry": (),
    "unsent.edit": (),
    "unsent.delete": (),
    "sent.delivered": (),
    "sent.read": (),
    "attachment.failed": (),
    "attachment.save": (),
    "upload.pick": (),
    "upload.camera": (),
    "upload.turn": (),
    "upload.retry": (),
    "upload.hint": ("size",),
    "upload.drag": (),
    "upload.for_person": (),
    "upload.progress": ("name", "percent"),
    "upload.ready": (),
    "upload.unsent": ("names",),
    "upload.drop": (),
    "upload.pages": ("count",),
    "upload.cancel": (),
    "upload.remove": (),
    "upload.send": (),
    "upload.failed": (),
    "upload.list": (),
    "ticket.number": (),
    "ticket.copy": (),
    "ticket.copy_short": (),
    "ticket.copied": (),
    "ticket.asked": (),
    "ticket.state": (),
    "ticket.due": (),
    "ticket.completion": (),
    "ticket.provisional": (),
    "ticket.late": (),
    "ticket.count_show": (),
    "ticket.count_day": ("count",),
    "ticket.count_start": (),
    "ticket.count_off": (),
    "ticket.outcome": (),
    "ticket.objection": (),
    "ticket.objection_show": (),
    "ticket.steps": (),
    "ticket.step_done": (),
    "ticket.by": ("date",),
    "ticket.by_provisional": ("date",),
    "ticket.goes_deletion": (),
    "ticket.goes_consent_withdrawal": (),
    "ticket.goes_unbinding": (),
    "ticket.stays": (),
    "ticket.waits": (),
    "ticket.before": (),
    "ticket.after": (),
    "ticket.actions": (),
    "ticket.to_now": (),
    "requests.button": ("count",),
    "requests.title": (),
    "requests.back": (),
    "requests.short": (),
    "requests.close": (),
    "package.label": (),
    "package.size": (),
    "package.until": (),
    "package.get": (),
    "package.save": (),
    "package.saving": (),
    "package.saved": (),
    "package.failed": (),
    "package.refused": (),
    "receipt.label": (),
    "receipt.save": (),
    "receipt.save_text": (),
    "receipt.check": (),
    "receipt.saved": (),
    "receipt.failed": (),
    "warning.label": (),
    "details.label": (),
    "error.internal": (),
    "error.empty": (),
    "notice.script": (),
}
"""The texts of the chat page: key below ``web.`` to the names of the text's placeholders."""


RECEIPT_STRINGS: Mapping[str, tuple[str, ...]] = {
    "language.name": (),
    "receipts.title": (),
    "receipts.intro": ("desk",),
    "receipts.pick": (),
    "receipts.drop": (),
    "receipts.checking": (),
    "receipts.unsupported": (),
    "receipts.genuine": (),
    "receipts.genuine_text": ("desk", "at"),
    "receipts.changed": ("desk",),
    "receipts.changed_text": (),
    "receipts.key": ("desk",),
    "receipts.key_text": (),
    "receipts.none": (),
    "receipts.none_text": (),
    "receipts.number": (),
    "receipts.kind": (),
    "receipts.outcome": (),
    "receipts.received": (),
    "receipts.verified": (),
    "receipts.answered": (),
    "receipts.closed": (),
    "receipts.place": (),
    "receipts.place_text": ("entry", "size"),
    "receipts.without_items": (),
    "receipts.proves": (),
    "receipts.proves_said": ("desk",),
    "receipts.proves_log": (),
    "receipts.proves_not": (),
    "receipts.offline": (),
    "receipts.save": (),
}
"""The texts of the page that verifies receipts, in the form of ``PAGE_STRINGS``."""

_TERMS_OF_RECEIPTS: Final = (
    *(f"kind.{kind.value}" for kind in RequestKind),
    *(f"ticket.outcome.{outcome.value}" for outcome in Outcome),
    *(f"receipt.decision.{decision}" for decision in DECISIONS),
)


def receipt_strings(catalogs: Catalogs, locale: str) -> dict[str, str]:
    """Return the texts of the page that verifies receipts, with placeholders."""
    terms = {key: catalogs.text(locale, key, {}) for key in _TERMS_OF_RECEIPTS}
    return _strings(catalogs, locale, RECEIPT_STRINGS) | terms


def page_strings(catalogs: Catalogs, locale: str) -> dict[str, str]:
    """Return the texts of the chat page, with placeholders that its script fills."""
    return _strings(catalogs, locale, PAGE_STRINGS)


def _strings(
    catalogs: Catalogs, locale: str, strings: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    return {
        key: catalogs.text(locale, f"web.{key}", {name: f"{{{name}}}" for name in names})
        for key, names in strings.items()
    }


def error_text(catalogs: Catalogs, locale: str, error: DeskError) -> str:
    """Return the message of an error for the user: by its reason, else by its code."""
    reason = error.data.get("reason")
    keys = (f"web.error.{reason}", f"web.error.{error.code.value}", "web.error.internal")
    for key in keys[0 if reason else 1 :]:
        try:
            return catalogs.text(locale, key, error.data)
        except KeyError:
            continue
    return error.code.value
