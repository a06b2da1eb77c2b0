from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from privacydesk.clock import MovableClock
from privacydesk.connectors.account_book import AccountBook
from privacydesk.connectors.memory import (
    MemoryAccountService,
    MemoryCodeSender,
    SentCode,
    SentNotice,
    phones_of,
)
from privacydesk.demo.people import sample_people
from privacydesk.domain.account import AccountService
from privacydesk.domain.account_terms import AccountAction, AccountOutcome, AccountReason
from privacydesk.domain.code_delivery import (
    AccountContact,
    CodeSender,
    MailTarget,
    PhoneTarget,
    SendOutcome,
)
from privacydesk.errors import UnavailableError

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOON, frozen=True)


@pytest.fixture
def book(clock: MovableClock) -> AccountBook:
    return AccountBook([one.record for one in sample_people(NOON) if one.record], clock)


@pytest.fixture
def service(book: AccountBook) -> MemoryAccountService:
    return MemoryAccountService(book)


@pytest.fixture
def sender(book: AccountBook, clock: MovableClock) -> MemoryCodeSender:
    return MemoryCodeSender(clock, phones_of(book))


def test_the_twins_keep_the_ports(service: MemoryAccountService, sender: MemoryCodeSender) -> None:
    account: AccountService = service
    codes: CodeSender = sender
    assert account is service
    assert codes is sender


async def test_a_service_that_is_down_did_nothing_and_recovers(
    service: MemoryAccountService,
) -> None:
    service.down = True
    with pytest.raises(UnavailableError):
        await service.call(AccountAction.UNBIND, "u-1001", {"provider": "wechat"}, key="k")
    service.clear()
    answer = await service.call(AccountAction.UNBIND, "u-1001", {"provider": "wechat"}, key="k")
    assert answer.outcome is AccountOutcome.OK
    assert [one.key for one in service.calls] == ["k", "k"]


async def test_a_slow_service_answers_when_released(service: MemoryAccountService) -> None:
    service.hold()
    call = asyncio.create_task(service.call(AccountAction.PROFILE, "u-1001", {}, key="k"))
    await asyncio.sleep(0)
    assert not call.done()
    service.release()
    assert (await call).outcome is AccountOutcome.OK


async def test_busy_partial_and_wrong_requests(service: MemoryAccountService) -> None:
    service.busy = True
    payload = {"categories": ["posts", "photos"]}
    pending = await service.call(AccountAction.DELETE, "u-1001", payload, key="k")
    assert pending.outcome is AccountOutcome.PENDING
    service.clear()
    service.obstruct("photos")
    partly = await service.call(AccountAction.DELETE, "u-1001", payload, key="k")
    assert partly.outcome is AccountOutcome.PARTLY
    reused = await service.call(AccountAction.DELETE, "u-1001", {"categories": ["chat"]}, key="k")
    assert reused.reason is AccountReason.KEY_REUSED
    wrong = await service.call(AccountAction.DELETE, "u-1001", {}, key="k2")
    assert wrong.reason is AccountReason.INVALID_PAYLOAD


def code_of(message: SentCode | SentNotice) -> str:
    assert isinstance(message, SentCode)
    return message.code


async def test_a_code_to_an_account_goes_to_its_bound_phone_once(
    sender: MemoryCodeSender,
) -> None:
    to = AccountContact("u-1001")
    with sender.subscribe() as arriving:
        first = await sender.send(to, "one_time_code", "zh-Hans", "123456", key="k")
        again = await sender.send(to, "one_time_code", "zh-Hans", "123456", key="k")
        assert arriving.qsize() == 1
        assert code_of(arriving.get_nowait()) == "123456"
    assert first == again
    assert (first.outcome, first.masked) == (SendOutcome.SENT, "+86199****1001")
    message = sender.last_to("+8619900001001")
    assert message is not None
    assert (message.at, message.template) == (NOON, "one_time_code")
    assert "123456" not in repr(message)
    await sender.send(to, "one_time_code", "zh-Hans", "9", key="k2")
    assert arriving.qsize() == 0


@pytest.mark.parametrize("account", ["u-1003", "u-1007", "u-1012", "u-9999"])
async def test_no_code_goes_to_accounts_without_a_reachable_phone(
    sender: MemoryCodeSender, account: str
) -> None:
    answer = await sender.send(AccountContact(account), "one_time_code", "en", "1", key="k")
    assert answer.outcome is SendOutcome.NO_CONTACT
    assert not sender.messages


async def test_typed_contacts_are_masked_in_the_answer(sender: MemoryCodeSender) -> None:
    phone = await sender.send(PhoneTarget("+8619900001104"), "one_time_code", "en", "1", key="a")
    mail = await sender.send(MailTarget("wang@example.com"), "one_time_code", "en", "2", key="b")
    assert (phone.masked, mail.masked) == ("+86199****1104", "w***@example.com")


async def test_a_gateway_that_is_down_keeps_nothing(sender: MemoryCodeSender) -> None:
    sender.down = True
    with pytest.raises(UnavailableError):
        await sender.send(AccountContact("u-1001"), "one_time_code", "en", "1", key="k")
    assert not sender.messages


async def test_a_reader_that_stopped_reading_does_not_grow_for_ever(
    sender: MemoryCodeSender,
) -> None:
    with sender.subscribe() as arriving:
        for number in range(600):
            await sender.send(
                AccountContact("u-1001"), "one_time_code", "en", str(number), key=str(number)
            )
        assert arriving.qsize() == 500
        assert code_of(arriving.get_nowait()) == "100"
    assert len(sender.messages) == 500
