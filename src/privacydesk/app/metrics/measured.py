"""What reads messages, and outside services, with their calls counted and measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from privacydesk.app.external_services import ExternalServices, PhoneGateway
from privacydesk.app.metrics.instruments import Instruments
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


def measure_services(external: ExternalServices, instruments: Instruments) -> ExternalServices:
    """Return the outside services with their calls measured."""
    mailer, pusher = external.mailer, external.pusher
    return replace(
        external,
        accounts=_MeasuredAccounts(external.accounts, instruments),
        codes=_MeasuredGateway(external.codes, instruments),
        mailer=None if mailer is None else _MeasuredMailer(mailer, instruments),
        pusher=None if pusher is None else _MeasuredPusher(pusher, instruments),
    )


class MeasuredUnderstanding:
    """Implements ``ports.LanguageUnderstanding``: another one, measured."""

    def __init__(self, inner: LanguageUnderstanding, instruments: Instruments) -> None:
        self._inner = inner
        self._instruments = instruments

    async def interpret(
        self, text: str, user: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        """See ``ports.LanguageUnderstanding``."""
        with self._instruments.reading("message"):
            return await self._inner.interpret(text, user, today, question)

    async def answer(self, question: str, user: bytes) -> PolicyAnswer | None:
        """See ``ports.LanguageUnderstanding``."""
        with self._instruments.reading("policy"):
            return await self._inner.answer(question, user)

    async def switch_policy(self, policy: str, digest: str) -> None:
        """See ``ports.LanguageUnderstanding``."""
        await self._inner.switch_policy(policy, digest)


class _MeasuredAccounts:
    """Implements ``domain.account.AccountService``."""

    def __init__(self, inner: AccountService, instruments: Instruments) -> None:
        self._inner = inner
        self._instruments = instruments

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """See ``domain.account.AccountService``."""
        with self._instruments.calling("account_service", action.value) as outcome:
            answer = await self._inner.call(action, account, payload, key=key)
            outcome.append(answer.outcome.value)
        return answer


class _MeasuredGateway:
    """Implements ``app.external_services.PhoneGateway``."""

    def __init__(self, inner: PhoneGateway, instruments: Instruments) -> None:
        self._inner = inner
        self._instruments = instruments

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
        with self._instruments.calling("code_gateway", "code") as outcome:
            answer = await self._inner.send(to, template, locale, code, key=key)
            outcome.append(answer.outcome.value)
        if answer.outcome is SendOutcome.SENT:
            self._instruments.count_sent_code()
        return answer

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """See ``domain.notices.NoticeGateway``."""
        with self._instruments.calling("code_gateway", "notice") as outcome:
            answer = await self._inner.notify(to, notice, key=key)
            outcome.append(answer.outcome.value)
        return answer


class _MeasuredMailer:
    """Implements ``domain.notices.Mailer``."""

    def __init__(self, inner: Mailer, instruments: Instruments) -> None:
        self._inner = inner
        self._instruments = instruments

    async def send(self, mail: OutgoingMail, *, key: str) -> SendAnswer:
        """See ``domain.notices.Mailer``."""
        with self._instruments.calling("mail", "send") as outcome:
            answer = await self._inner.send(mail, key=key)
            outcome.append(answer.outcome.value)
        return answer


class _MeasuredPusher:
    """Implements ``domain.notices.Pusher``."""

    def __init__(self, inner: Pusher, instruments: Instruments) -> None:
        self._inner = inner
        self._instruments = instruments

    async def push(self, account: str, notice: Notice, *, key: str) -> SendAnswer:
        """See ``domain.notices.Pusher``."""
        with self._instruments.calling("push_gateway", "push") as outcome:
            answer = await self._inner.push(account, notice, key=key)
            outcome.append(answer.outcome.value)
        return answer
