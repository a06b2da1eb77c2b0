"""The panel's data in a language: people, messages, accounts and requests as labelled JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from privacydesk.connectors.account_record import AccountRecord
from privacydesk.connectors.memory import SentCode, SentNotice
from privacydesk.demo.person import SamplePerson
from privacydesk.domain.account_terms import AccountStatus
from privacydesk.domain.instants import write_instant
from privacydesk.domain.ticket import Ticket
from privacydesk.i18n.catalog import Catalogs
from privacydesk.i18n.locales import LOCALES

_POSTS: Final = "posts"
_VALUE_LENGTH: Final = 60

Row = dict[str, str]


class Words:
    """The panel's words in one language.

    Args:
        catalogs: the texts in all languages.
        locale: the language, such as ``zh_Hans``.
    """

    def __init__(self, catalogs: Catalogs, locale: str) -> None:
        self._catalogs = catalogs
        self.locale = locale

    @property
    def tag(self) -> str:
        """The BCP 47 tag for ``lang``."""
        return LOCALES[self.locale].tag

    def text(self, key: str, **args: Any) -> str:
        """Return the sentence for a key."""
        return self._catalogs.text(self.locale, key, args)

    def value(self, value: Any) -> str:
        """Return one formatted argument value."""
        return self._catalogs.value(self.locale, value)


def person_view(person: SamplePerson, words: Words) -> dict[str, Any]:
    """Return a person as the list of people shows them."""
    return {
        "id": person.id,
        "name": person.name or words.text("demo.nobody"),
        "lang": person.locale,
        "language": words.text(f"demo.language.{person.locale.replace('-', '_')}"),
        "note": words.text(f"demo.person.{person.id.replace('-', '_')}"),
        "account": person.account,
        "phone": person.phone,
        "mail": person.mail,
    }


def message_view(
    message: SentCode | SentNotice, words: Words, lifetime: timedelta
) -> dict[str, Any]:
    """Return a code, or a notice, as the message that brought it.

    Args:
        message: what arrived.
        words: the panel's words; the message is in its own language.
        lifetime: how long a code can be used.
    """
    valid_for = {"$span": lifetime.total_seconds()}
    locale = message.locale.replace("-", "_")
    own = Words(words._catalogs, locale) if locale in LOCALES else words  # noqa: SLF001 - its own class
    return {
        "key": message.key,
        "to": message.destination,
        "at": write_instant(message.at),
        "lang": own.tag,
        "text": (
            own.text("demo.phone.code", code=message.code, valid_for=valid_for)
            if isinstance(message, SentCode)
            else own.text("demo.phone.notice", ticket=message.number)
        ),
        "code": message.code if isinstance(message, SentCode) else "",
    }


def account_view(record: AccountRecord | None, words: Words) -> list[dict[str, Any]]:
    """Return what the account service holds about an account, in titled groups of rows."""
    if record is None:
        return []
    profile: list[Row] = [
        _row("status", words.text("demo.account.status"), words.text(f"status.{record.status}"))
    ]
    if record.status is not AccountStatus.CLOSED:
        profile += [
            _row(name, words.text(f"field.{name}"), _cut(value))
            for name, value in _profile(record, words)
            if value
        ]
    return [
        _group(
            "bindings",
            words,
            (
                _row(
                    binding.provider,
                    words.text(f"provider.{binding.provider}"),
                    binding.label_masked,
                )
                for binding in record.bindings
            ),
        ),
        _group("profile", words, profile),
        _group(
            "held",
            words,
            (
                _row(
                    category,
                    words.text(f"category.{category}"),
                    words.text("demo.account.items", count=len(items)),
                )
                for category, items in record.holdings.items()
                if items or category == _POSTS
            ),
        ),
        _group(
            "consents",
            words,
            (
                _row(
                    purpose,
                    words.text(f"purpose.{purpose}"),
                    words.text("demo.account.given" if given else "demo.account.withdrawn"),
                )
                for purpose, given in record.consents.items()
            ),
        ),
    ]


def ticket_view(ticket: Ticket, words: Words) -> dict[str, str]:
    """Return a request for the list of requests."""
    clock = ticket.clock
    return {
        "number": ticket.number,
        "kind": words.text(f"kind.{ticket.kind}"),
        "state": words.text(f"ticket.state.{ticket.state}"),
        "state_code": ticket.state.value,
        "holder": ticket.holder,
        "due": words.value({"$date": clock.due_date.isoformat()}) if clock is not None else "",
    }


def _profile(record: AccountRecord, words: Words) -> Sequence[tuple[str, str]]:
    gender = words.text(f"gender.{record.gender}") if record.gender else ""
    born = record.birthday
    return (
        ("nickname", record.nickname),
        ("gender", gender),
        ("birthday", words.value({"$day": born.isoformat()}) if born else ""),
        ("signature", record.signature or ""),
        ("tags", words.value({"$texts": list(record.tags)}) if record.tags else ""),
        ("interests", words.value({"$texts": list(record.interests)}) if record.interests else ""),
        ("phone", record.phone or ""),
        ("real_name", record.real_name or ""),
    )


def _group(name: str, words: Words, rows: Iterable[Row]) -> dict[str, Any]:
    shown = list(rows)
    return {
        "name": name,
        "title": words.text(f"demo.account.{name}"),
        "rows": shown,
        "empty": "" if shown else words.text("demo.account.none"),
    }


def _row(name: str, label: str, value: str) -> Row:
    return {"name": str(name), "label": label, "value": value}


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_LENGTH else f"{text[: _VALUE_LENGTH - 1]}…"


PANEL_KEYS: Mapping[str, tuple[str, ...]] = {
    "demo.title": (),
    "demo.only_here": (),
    "demo.people": (),
    "demo.people.new": (),
    "demo.people.applicants": (),
    "demo.language": (),
    "demo.language.hint": (),
    "demo.no_account": (),
    "demo.view": (),
    "demo.view.user": (),
    "demo.view.both": (),
    "demo.view.console": (),
    "demo.tab.chat": (),
    "demo.tab.phone": (),
    "demo.tab.account": (),
    "demo.divider": (),
    "demo.close": (),
    "demo.chat": (),
    "demo.chat_frame": ("name",),
    "demo.chat_tab": (),
    "demo.phone": (),
    "demo.phone.of": ("name",),
    "demo.phone.other": ("number",),
    "demo.phone.empty": (),
    "demo.phone.copy": (),
    "demo.account": (),
    "demo.account.hint": (),
    "demo.account.no_account": (),
    "demo.clock": (),
    "demo.clock.hint": (),
    "demo.clock.nothing": (),
    "demo.clock.moved": ("time",),
    "demo.tickets": (),
    "demo.tickets.none": (),
    "demo.tickets.due": ("date",),
    "demo.tickets.use": (),
    "demo.staff": (),
    "demo.staff.open": (),
    "demo.staff.code": ("name",),
    "demo.staff.no_code": (),
    "demo.staff.by_hand": (),
    "demo.commands": (),
    "demo.commands.hint": (),
    "demo.copy": (),
    "demo.copied": (),
    "demo.lost": (),
    "demo.failed": (),
    "demo.tour": (),
    "demo.tour.leave": (),
    "demo.tour.busy": (),
    "demo.tour.failed": (),
    "demo.tour.write": (),
    "demo.tour.write.text": (),
    "demo.tour.write.go": (),
    "demo.tour.find": (),
    "demo.tour.find.text": ("number",),
    "demo.tour.find.go": (),
    "demo.tour.claim": (),
    "demo.tour.claim.text": (),
    "demo.tour.claim.go": (),
    "demo.tour.decide": (),
    "demo.tour.decide.text": (),
    "demo.tour.decide.go": (),
    "demo.tour.answer": (),
    "demo.tour.answer.text": (),
    "demo.tour.answer.go": (),
    "demo.tour.done": (),
    "demo.tour.done.text": (),
    "demo.tour.done.go": (),
}
"""The panel's labels: key to the names of its placeholders."""


def panel_strings(words: Words) -> dict[str, str]:
    """Return the panel's words, placeholders left in for the page to fill."""
    return {
        key.removeprefix("demo."): words.text(key, **{name: f"{{{name}}}" for name in names})
        for key, names in PANEL_KEYS.items()
    }
