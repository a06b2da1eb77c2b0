"""The catalogs: every text people see, by key and locale. ``docs/locales.md`` has the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from privacydesk.i18n.faults import LocaleFault, LocaleInvalidError
from privacydesk.i18n.locales import LOCALES, LocaleSpec
from privacydesk.i18n.messages import Message, fill, read_messages
from privacydesk.i18n.values import Cite, ValueRenderer

LocaleFiles = Mapping[str, Mapping[str, str]]
"""Locale to file name to text."""


@dataclass(frozen=True, slots=True)
class LocaleCatalog:
    """One locale's messages, merged from its files."""

    locale: str
    messages: Mapping[str, Message]
    faults: tuple[LocaleFault, ...] = ()


def read_locale(locale: str, files: Mapping[str, str]) -> LocaleCatalog:
    """Read and merge a locale's PO files. Faults are collected, not raised."""
    merged: dict[str, Message] = {}
    faults: list[LocaleFault] = []
    for name, text in sorted(files.items()):
        messages, wrong = read_messages(text, f"{locale}/{name}")
        faults += wrong
        for key, message in messages.items():
            first = merged.setdefault(key, message)
            if first is not message:
                what = f"the key is also defined in {first.file}"
                faults.append(
                    LocaleFault(message.file, message.line, key, what, "keep one of the two")
                )
    return LocaleCatalog(locale, merged, tuple(sorted(faults)))


class Catalogs:
    """All locales; implements ``ports.Catalog``. A locale's files are read at its first use."""

    def __init__(self, files: LocaleFiles, cite: Cite | None = None) -> None:
        self._files = files
        self._cite = cite
        self._read: dict[str, LocaleCatalog] = {}
        self._renderers: dict[str, ValueRenderer] = {}

    @classmethod
    def load(cls, files: LocaleFiles, cite: Cite | None = None) -> Catalogs:
        """Build catalogs from texts.

        Args:
            files: locale to file name to text of the PO file.
            cite: resolves the name in ``{"$clause": name}``, where names are passed in.

        Raises:
            LocaleInvalidError: a locale is not supported. Faults inside a file are
                raised when its locale is first used; ``verify`` reads all of them.
        """
        unknown = [
            LocaleFault(name, 0, "", "the locale is unknown", f"use {', '.join(LOCALES)}")
            for name in files
            if name not in LOCALES
        ]
        if unknown:
            raise LocaleInvalidError(unknown)
        return cls(files, cite)

    @property
    def locales(self) -> tuple[str, ...]:
        """The existing locales, the default first."""
        return tuple(name for name in LOCALES if name in self._files)

    def verify(self) -> None:
        """Read every locale now.

        Raises:
            LocaleInvalidError: a file can't be read or defines a key twice.
        """
        faults = [fault for locale in self.locales for fault in self.catalog(locale).faults]
        if faults:
            raise LocaleInvalidError(faults)

    def catalog(self, locale: str) -> LocaleCatalog:
        """Return a locale's messages and faults.

        Raises:
            KeyError: there is no such locale.
        """
        read = self._read.get(locale)
        if read is None:
            read = self._read[locale] = read_locale(locale, self._files[locale])
        return read

    def placeholders(self) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """Return locale to key to placeholders, for the dialogs' checker."""
        return {
            locale: {
                key: message.placeholders for key, message in self.catalog(locale).messages.items()
            }
            for locale in self.locales
        }

    def has(self, locale: str, key: str) -> bool:
        """Whether a key has a sentence."""
        return key in self.catalog(locale).messages

    def text(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return the sentence for a key, filled with its arguments.

        Arguments that the sentence doesn't show are ignored. Values are described in ``values``;
        a value's own braces are left alone.

        Raises:
            KeyError: the locale, the key or an argument is missing.
            ValueError: an argument is of a kind that can't be rendered.
        """
        message = self.catalog(locale).messages[key]
        if not message.placeholders and not message.counting:
            return message.texts[0]
        renderer = self._renderer(locale)
        form = _form(message, LOCALES[locale], renderer, args)
        parts = message.parts[form]
        return fill(parts, {name: renderer.render(args[name]) for name in parts[1::2]})

    def bare(self, locale: str, keys: Iterable[str]) -> str:
        """Return the messages of keys, one a line, each without its arguments."""
        messages = self.catalog(locale).messages
        return "\n".join(" ".join(messages[key].parts[0][::2]) for key in keys)

    def value(self, locale: str, value: Any) -> str:
        """Return an argument's value by itself, as ``text`` would put it into a sentence.

        Raises:
            KeyError: the locale or a term is missing.
            ValueError: the value is of a kind that can't be rendered.
        """
        return self._renderer(locale).render(value)

    def bound(self, locale: str) -> Callable[..., str]:
        """Return ``text`` for one locale, with arguments as keywords, for templates."""

        def text(key: str, **args: Any) -> str:
            return self.text(locale, key, args)

        return text

    def _renderer(self, locale: str) -> ValueRenderer:
        renderer = self._renderers.get(locale)
        if renderer is None:
            renderer = ValueRenderer(
                LOCALES[locale], lambda key, args: self.text(locale, key, args), self._cite
            )
            self._renderers[locale] = renderer
        return renderer


def _form(
    message: Message, spec: LocaleSpec, renderer: ValueRenderer, args: Mapping[str, Any]
) -> int:
    last = len(message.parts) - 1
    if not message.counting or not last:
        return 0
    count = renderer.count(args[message.counting])
    if count is None:
        return last
    rule = spec.babel.plural_form
    # PO files list the forms in CLDR's order; "other", which has no rule of its own, is the last.
    tags = [tag for tag in ("zero", "one", "two", "few", "many") if tag in rule.tags]
    chosen = rule(count)
    return min(tags.index(chosen), last) if chosen in tags else last
