"""The operator's settings that dialogs use: one frozen value made from the operator profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from privacydesk.domain.quotas import FilingRules, QueueRules
from privacydesk.domain.shifts import Shift
from privacydesk.domain.verification_codes import CodeRules


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of dialogs.

    Attributes:
        app: the app's name, as people know it.
        app_names: its name by locale, where that differs.
        paths: self-service paths in the app by name (``unbinding``, ``profile`` …), as they are
            written on the app's screens: in all languages, or by locale.
        mailboxes: addresses by name (``policy``, ``children``).
        remedies: what a requester may do against a decision, in words, by locale.
        helplines: whom somebody in danger calls, in words, by locale.
        clauses: names of the clauses dialogs may cite.
        codes: how one-time codes are counted and where they go.
        filing: how many requests may be filed.
        queue: how often strangers may join the queue for a person.
        fresh: how long a verification covers further requests of the same person.
        verification_timeout: how long a request may stay unverified before it lapses.
        unbinding_window: time in which an automated unbinding can be taken back; None leaves
            unbinding to an agent.
        retention_days: how long the conversation is kept after closing.
        answer_days: working days after verification in which a request is answered; 0 where the
            operator uses another rule, or several periods.
        objection_days: until when a decision may be objected to, counted from closing.
        closing_faces: whether pictures newly taken of a face, or with a document in hand, may prove
            who closes an account.
        patience: how long a step waits for an outside service before it continues without it.
        idle: after this much silence the user is told where they were.
        zone: where the operator's days begin; ages are counted there.
        shifts: when people answer; empty where the operator does not say.
    """

    app: str = "the app"
    app_names: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    mailboxes: Mapping[str, str] = field(default_factory=dict)
    remedies: Mapping[str, str] = field(default_factory=dict)
    helplines: Mapping[str, str] = field(default_factory=dict)
    clauses: frozenset[str] = frozenset()
    codes: CodeRules = field(default_factory=CodeRules)
    filing: FilingRules = field(default_factory=FilingRules)
    queue: QueueRules = field(default_factory=QueueRules)
    fresh: timedelta = timedelta(minutes=30)
    verification_timeout: timedelta = timedelta(days=15)
    unbinding_window: timedelta | None = None
    retention_days: int = 30
    answer_days: int = 0
    objection_days: int = 15
    closing_faces: bool = False
    patience: timedelta = timedelta(seconds=20)
    idle: timedelta = timedelta(hours=12)
    zone: str = "Asia/Shanghai"
    shifts: tuple[Shift, ...] = ()

    def path_in(self, locale: str, name: str) -> str:
        """Return a self-service path in a language; empty if the profile has none."""
        path = self.paths.get(name, "")
        return path if isinstance(path, str) else path.get(locale, "")

    def remedies_in(self, locale: str) -> str:
        """Return what a requester may do against a decision, in a language."""
        return self.remedies.get(locale, "")

    def app_in(self, locale: str) -> str:
        """Return the app's name in a language."""
        return self.app_names.get(locale, self.app)
