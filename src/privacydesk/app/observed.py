"""What reads messages, and outside services, with their calls observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from privacydesk.app.external_services import ExternalServices, PhoneGateway
from privacydesk.app.observers import Observer
from privacydesk.domain.account import AccountAnswer, AccountService
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.code_delivery import (
    AccountContact,
    MailTarget,
    PhoneTarget,
    SendAnswer,
    SendOutcome,
)
from privacydesk.domain.notices import Mailer, Notice, OutgoingMail, Pusher
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import Observation
from privacydesk.ports import LanguageUnderstanding


def observe_services(external: ExternalServices, observer: Observer) -> ExternalServices:
    """Return the outside services with their calls observed."""
    mailer, pusher = external.mailer, external.pusher
    return replace(
        external,
        accounts=_ObservedAccounts(external.accounts, observer),
        codes=_ObservedGateway(external.codes, observer),
        mailer=None if mailer is None else _ObservedMailer(mailer, observer),
        pusher=None if pusher is None else _ObservedPusher(pusher, observer),
    )


class ObservedUnderstanding:
    """Implements ``ports.LanguageUnderstanding``: another one, observed."""

    def __init__(self, inner: LanguageUnderstanding, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def interpret(
        self, text: str, user: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        """See ``ports.LanguageUnderstanding``."""
        with self._observer.reading("message"):
            return await self._inner.interpret(text, user, today, question)

    async def answer(self, question: str, user: bytes) -> PolicyAnswer | None:
        """See ``ports.LanguageUnderstanding``."""
        with self._observer.reading("policy"):
            return await self._inner.answer(question, user)

    async def switch_policy(self, policy: str, digest: str) -> None:
        """See ``ports.LanguageUnderstanding``."""
        await self._inner.switch_policy(policy, digest)


class _ObservedAccounts:
    """Implements ``domain.account.AccountService``."""

    def __init__(self, inner: AccountService, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """See ``domain.account.AccountService``."""
        with self._observer.calling("account_service", action.value) as outcome:
            answer = await self._inner.call(action, account, payload, key=key)
            outcome.append(answer.outcome.value)
        return answer


class _ObservedGateway:
    """Implements ``app.external_services.PhoneGateway``."""

    def __init__(self, inner: PhoneGateway, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """See ``domain.code_delivery.CodeSender``."""
        with self._observer.calling("code_gateway", "code") as outcome:
            answer = await self._inner.send(to, template, locale, code, key=key)
            outcome.append(answer.outcome.value)
        if answer.outcome is SendOutcome.SENT:
            self._observer.count_sent_code()
        return answer

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """See ``domain.notices.NoticeGateway``."""
        with self._observer.calling("code_gateway", "notice") as outcome:
            answer = await self._inner.notify(to, notice, key=key)
            outcome.append(answer.outcome.value)
        return answer


class _ObservedMailer:
    """Implements ``domain.notices.Mailer``."""

    def __init__(self, inner: Mailer, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def send(self, mail: OutgoingMail, *, key: str) -> SendAnswer:
        """See ``domain.notices.Mailer``."""
        with self._observer.calling("mail", "send") as outcome:
            answer = await self._inner.send(mail, key=key)
            outcome.append(answer.outcome.value)
        return answer


class _ObservedPusher:
    """Implements ``domain.notices.Pusher``."""

    def __init__(self, inner: Pusher, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer

    async def push(self, account: str, notice: Notice, *, key: str) -> SendAnswer:
        """See ``domain.notices.Pusher``."""
        with self._observer.calling("push_gateway", "push") as outcome:
            answer = await self._inner.push(account, notice, key=key)
            outcome.append(answer.outcome.value)
        return answer
