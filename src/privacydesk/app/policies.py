"""The version of the operator's policy in force, and citations of its articles."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from privacydesk.app.start_warnings import policy_warnings
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.invocation import as_invoked
from privacydesk.policy.anchors import Citation
from privacydesk.policy.clauses import cite
from privacydesk.policy.library import (
    FilePolicyLibrary,
    TranslationLanguage,
    VersionStamp,
    translation_name,
)
from privacydesk.policy.renditions import QuoteRenderer, Translation, translation_of
from privacydesk.policy.tree import PolicyVersion
from privacydesk.ports import LanguageUnderstanding
from privacydesk.profile import OperatorProfile

_log = structlog.get_logger(__name__)

_ITEM_NUMBER: Final = re.compile(r"\d+\s*[.．、]$")
"""The number of a list's item at the end of a citation, as written."""


class PolicyInForce:
    """The policy version that is cited, and from which questions are answered.

    It is the newest one in the data folder, which ``services.policies`` keeps as the database
    says; ``refresh``, which serving processes call periodically, switches to a newer one. If no
    version was imported, or the version lacks a clause, articles are cited by number alone, and a
    warning is logged.

    Args:
        profile: names the policy, and maps clauses to its articles.
        data_dir: the folder with the imported policies.
        understanding: answers questions from the policy.
    """

    def __init__(
        self, profile: OperatorProfile, data_dir: Path, understanding: LanguageUnderstanding
    ) -> None:
        self.name = profile.policy
        self._clauses = profile.clause_map()
        self._unmapped: set[str] = set()
        self._library = FilePolicyLibrary(data_dir)
        self._understanding = understanding
        self._last_stamp: VersionStamp | None = None
        # The folder that ``refresh`` need not read again. Empty at first, because
        # ``understanding`` may have loaded another version than this object.
        self._checked_folder = ""
        self._version: PolicyVersion | None = None
        self._translation_stamps: Mapping[TranslationLanguage, VersionStamp | None] = {}
        self._quotes: QuoteRenderer | None = None

    def load(self) -> None:
        """Read the newest version when the desk is opened.

        Raises:
            DeskError: POLICY_UNREADABLE if its files are damaged.
        """
        self._version = self._library.latest(self.name) if self.name else None
        self._log_warnings(self._version)
        self._read_translations()

    @property
    def version(self) -> PolicyVersion | None:
        """The version in force; None if none was imported."""
        return self._version

    def citation(self, clause: str) -> Mapping[str, str]:
        """Return the document and article to cite for a named clause.

        A name such as ``refusal_grounds:4`` means an item of its list; ``words`` is what it says.
        All are empty if the profile lacks the clause, which is logged once.
        """
        name, _, item = clause.partition(":")
        if name not in self._clauses.clauses and name not in self._unmapped:
            self._unmapped.add(name)
            _log.warning("clause_not_in_profile", clause=name)
        citation = cite(self._clauses, self._version, name, int(item) if item else None)
        words = _words(citation) if item else ""
        return {"document": citation.document, "article": citation.reference, "words": words}

    def render_quotes(self, answer: PolicyAnswer) -> PolicyAnswer:
        """Return an answer with its quotes for readers of other languages and scripts."""
        return self._quotes.add_to(answer) if self._quotes is not None else answer

    async def answer(self, question: str, user: bytes) -> PolicyAnswer | None:
        """Return what the policy says, in its own language; see ``ports.LanguageUnderstanding``."""
        return await self._understanding.answer(question, user)

    def is_answered_from(self, digest: str) -> bool:
        """Return whether answers from the version with this digest match the citations."""
        return self._version is None or self._version.digest == digest

    async def refresh(self) -> None:
        """Switch to the newest version if it is not yet in force, and to newer translations.

        A version whose files changed since the last call is still being imported, so it is left
        for the next call. A version that can't be used is logged once.
        """
        before = self._version
        await self._refresh_version()
        stamps = await asyncio.to_thread(self._stamp_translations)
        if self._version is not before or stamps != self._translation_stamps:
            await asyncio.to_thread(self._read_translations)

    async def _refresh_version(self) -> None:
        stamp = await asyncio.to_thread(self._library.stamp, self.name)
        is_stable, self._last_stamp = stamp == self._last_stamp, stamp
        if stamp is None or not is_stable or stamp.folder == self._checked_folder:
            return
        try:
            version = await asyncio.to_thread(self._library.latest, self.name)
            if version is not None:
                await self._understanding.switch_policy(self.name, version.digest)
        except UnavailableError as error:
            _log.info("policy_not_taken_yet", name=self.name, why=error.message)
            return
        except DeskError as error:
            self._checked_folder = stamp.folder
            _log.error(
                "policy_not_taken",
                name=self.name,
                folder=stamp.folder,
                why=error.message,
                hint="the desk goes on with the version before",
            )
            return
        self._checked_folder = stamp.folder
        if version is not None and version != self._version:
            self._version = version
            _log.info("policy_taken", name=self.name, folder=stamp.folder)
            self._log_warnings(version)

    def _stamp_translations(self) -> Mapping[TranslationLanguage, VersionStamp | None]:
        return {
            tag: self._library.stamp(translation_name(self.name, tag))
            for tag in TranslationLanguage
        }

    def _read_translations(self) -> None:
        """Take the newest translation in each language; one that is damaged is logged and left."""
        if self._version is None:
            return
        self._translation_stamps = self._stamp_translations()
        translations: dict[str, Translation] = {}
        for tag, stamp in self._translation_stamps.items():
            if stamp is None:
                continue
            try:
                version = self._library.latest(translation_name(self.name, tag))
                originals = self._library.versions(self.name)
            except DeskError as error:
                _log.error("policy_translation_not_taken", language=tag, why=error.message)
                continue
            translation = translation_of(version, originals) if version is not None else None
            if translation is not None:
                translations[tag] = translation
        self._quotes = QuoteRenderer(self._version, translations)

    def _log_warnings(self, version: PolicyVersion | None) -> None:
        for warning in policy_warnings(self.name, self._clauses, version):
            _log.warning(warning.event, **warning.fields, hint=as_invoked(warning.hint))


def _words(citation: Citation) -> str:
    """Return the text of a list's item in one line, without its number; empty for any other."""
    item = _ITEM_NUMBER.search(citation.reference)
    text = " ".join(citation.text.split())
    if item is None or not text.startswith(item[0]):
        return ""
    return text.removeprefix(item[0]).strip(" 。.;；")
