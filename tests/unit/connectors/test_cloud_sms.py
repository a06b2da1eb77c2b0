from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.common.sms_vendors import APP, KEY_ID, SECRET, SIGN, TEMPLATES, SmsVendor

from privacydesk.clock import MovableClock
from privacydesk.connectors.account_book import AccountBook
from privacydesk.connectors.cloud_signing import acs_headers, canonical_query, tc_headers
from privacydesk.connectors.cloud_sms import CloudSms, SmsAccount, connect_cloud_sms
from privacydesk.connectors.memory import MemoryAccountService, MemoryCodeSender, phones_of
from privacydesk.demo.people import sample_people
from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.code_delivery import AccountContact, MailTarget, PhoneTarget, SendOutcome
from privacydesk.domain.notices import Notice, NoticeSubject
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outages

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
MOBILE = PhoneTarget("+8619900001104")
VENDORS = ("aliyun", "tencent")
PAYLOAD = (
    b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
)


class Stage:
    """A vendor, and senders to it."""

    def __init__(self, vendor: SmsVendor, url: str, stack: AsyncExitStack) -> None:
        assert isinstance(vendor.clock, MovableClock)
        self.vendor = vendor
        self.clock = vendor.clock
        self.outages = Outages(self.clock)
        self.account = SmsAccount(
            vendor.vendor, KEY_ID, SECRET, url, SIGN, SIGN, TEMPLATES, app=APP
        )
        self._stack = stack

    async def sender(self, account: SmsAccount | None = None, **more: Any) -> CloudSms:
        connection = connect_cloud_sms(
            account or self.account,
            clock=self.clock,
            outage=self.outages.of("code_gateway"),
            **more,
        )
        return await self._stack.enter_async_context(connection)


@pytest.fixture(params=VENDORS)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    vendor = SmsVendor(request.param, MovableClock(NOON, frozen=True))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(vendor.up())
        yield Stage(vendor, url, stack)


def test_the_published_example_of_alibaba_cloud_has_its_signature() -> None:
    query = canonical_query(
        {
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        }
    )
    headers = acs_headers(
        "YourAccessKeyId",
        "YourAccessKeySecret",
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query=query,
        nonce="3156853299f313e23d1673dc12e1703d",
        now=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
    )
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_published_example_of_tencent_cloud_has_its_signature() -> None:
    headers = tc_headers(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
        host="cvm.tencentcloudapi.com",
        service="cvm",
        body=PAYLOAD,
        now=datetime.fromtimestamp(1551113065, UTC),
        signed={"content-type": "application/json; charset=utf-8"},
    )
    assert headers["X-TC-Timestamp"] == "1551113065"
    assert headers["Authorization"] == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
        "/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host,"
        " Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


def test_a_query_is_encoded_as_it_is_signed() -> None:
    assert canonical_query({"b": "小 巷*", "a": "~/+"}) == "a=~%2F%2B&b=%E5%B0%8F%20%E5%B7%B7%2A"


async def test_a_code_goes_out_once_with_the_template_of_its_language(stage: Stage) -> None:
    sender = await stage.sender()
    for _ in range(2):
        answer = await sender.send(MOBILE, "desk_code", "zh-Hans", "123456", key="k-1")
        assert (answer.outcome, answer.masked) == (SendOutcome.SENT, "+86199****1104")
    await sender.send(MOBILE, "desk_code", "en", "654321", key="k-2")
    await sender.send(PhoneTarget("+85251234567"), "desk_code", "zh-Hant", "111111", key="k-3")
    numbers, templates, parameters = zip(*stage.vendor.sent, strict=True)
    assert templates == ("SMS_1001", "SMS_1002", "SMS_2001")
    if stage.vendor.vendor == "aliyun":
        assert numbers == ("19900001104", "19900001104", "85251234567")
        assert parameters[0] == {"code": "123456"}
    else:
        assert numbers == ("+8619900001104", "+8619900001104", "+85251234567")
        assert parameters[0] == ["123456"]


async def test_a_notice_tells_the_number_and_nothing_else(stage: Stage) -> None:
    notice = Notice(NoticeSubject.ANSWER, "PD-1", "zh-Hans", "title", ("line",), "https://a.test")
    sender = await stage.sender()
    assert (await sender.notify(MOBILE, notice, key="n-1")).outcome is SendOutcome.SENT
    ((_, template, parameters),) = stage.vendor.sent
    assert template == "SMS_3"
    assert parameters in ({"number": "PD-1"}, ["PD-1"])
    # No template was approved for it.
    incident = Notice(NoticeSubject.INCIDENT, "", "zh-Hans")
    with pytest.raises(UnavailableError) as caught:
        await sender.notify(MOBILE, incident, key="n-2")
    assert caught.value.data["reason"] == "template"


@pytest.mark.parametrize(
    ("aliyun", "tencent", "reason"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "LimitExceeded.PhoneNumberDailyLimit", "rate_limited"),
        ("isv.DAY_LIMIT_CONTROL", "LimitExceeded.AppMainlandChinaDailyLimit", "rate_limited"),
        (
            "isv.AMOUNT_NOT_ENOUGH",
            "FailedOperation.InsufficientBalanceInSmsPackage",
            "balance",
        ),
        ("isv.OUT_OF_SERVICE", "UnauthorizedOperation.ServiceSuspendDueToArrears", "balance"),
        ("isp.RAM_PERMISSION_DENY", "UnauthorizedOperation.RequestIpNotInWhitelist", "credentials"),
        ("isv.SMS_TEMPLATE_ILLEGAL", "FailedOperation.TemplateIncorrectOrUnapproved", "template"),
        ("isp.SYSTEM_ERROR", "InternalError.Timeout", "server_error"),
        ("isv.SOMETHING_NEW", "FailedOperation.SomethingNew", "code"),
    ],
)
async def test_what_keeps_a_message_from_going_now_is_told_apart(
    stage: Stage, aliyun: str, tencent: str, reason: str
) -> None:
    stage.vendor.fault = aliyun if stage.vendor.vendor == "aliyun" else tencent
    sender = await stage.sender()
    with pytest.raises(UnavailableError) as caught:
        await sender.send(MOBILE, "desk_code", "zh-Hans", "123456", key="k-1")
    assert caught.value.data["reason"] == reason
    # It is tried again under the same key.
    stage.vendor.fault = ""
    answer = await sender.send(MOBILE, "desk_code", "zh-Hans", "123456", key="k-1")
    assert answer.outcome is SendOutcome.SENT


async def test_a_bad_number_is_refused_and_no_outage(stage: Stage) -> None:
    sender = await stage.sender()
    for n in range(20):
        answer = await sender.send(PhoneTarget("+860"), "desk_code", "en", "1", key=f"k-{n}")
        assert (answer.outcome, answer.reason) == (SendOutcome.REFUSED, AccountReason.REJECTED)
    assert not stage.outages.changes
    await sender.check()


async def test_an_empty_balance_is_an_outage_for_all_and_one_number_s_limit_is_none(
    stage: Stage,
) -> None:
    aliyun = stage.vendor.vendor == "aliyun"
    sender = await stage.sender()

    async def fail(count: int) -> None:
        for n in range(count):
            with pytest.raises(UnavailableError):
                await sender.send(MOBILE, "desk_code", "en", "1", key=f"k-{count}-{n}")

    limit = "isv.BUSINESS_LIMIT_CONTROL" if aliyun else "LimitExceeded.PhoneNumberOneHourLimit"
    stage.vendor.fault = limit
    await fail(4)
    assert not stage.outages.changes
    balance = "isv.OUT_OF_SERVICE" if aliyun else "FailedOperation.InsufficientBalanceInSmsPackage"
    stage.vendor.fault = balance
    await fail(5)
    assert [change.has_begun for change in stage.outages.changes] == [True]
    stage.vendor.fault = ""
    stage.clock.move(timedelta(minutes=1))
    await sender.send(MOBILE, "desk_code", "en", "1", key="after")
    assert [change.has_begun for change in stage.outages.changes] == [True, False]


async def test_a_wrong_secret_and_a_wrong_clock_are_the_operator_s_to_mend(stage: Stage) -> None:
    wrong = await stage.sender(replace(stage.account, secret="another-one-altogether"))
    with pytest.raises(UnavailableError) as caught:
        await wrong.check()
    assert caught.value.data["reason"] == "credentials"
    ahead = MovableClock(NOON + timedelta(hours=1), frozen=True)
    async with connect_cloud_sms(stage.account, clock=ahead) as late:
        with pytest.raises(UnavailableError) as caught:
            await late.check()
    assert caught.value.data["reason"] == "credentials"


async def test_a_vendor_that_is_away_is_asked_again(stage: Stage) -> None:
    stage.vendor.away = True
    sender = await stage.sender()
    with pytest.raises(UnavailableError) as caught:
        await sender.send(MOBILE, "desk_code", "en", "1", key="k-1")
    assert caught.value.data["reason"] == "server_error"


async def test_accounts_and_mailboxes_go_by_the_gateway_or_the_account_service(
    stage: Stage,
) -> None:
    book = AccountBook([p.record for p in sample_people(NOON) if p.record], stage.clock)
    gateway = MemoryCodeSender(stage.clock, phones_of(book))
    account = next(p.record for p in sample_people(NOON) if p.record and p.record.phone)
    both = await stage.sender(gateway=gateway)
    for to in (AccountContact(account.account), MailTarget("a@example.org")):
        await both.send(to, "desk_code", "en", "1", key=f"k-{to!r}")
    assert not stage.vendor.sent
    alone = await stage.sender(accounts=MemoryAccountService(book))
    sent = await alone.send(AccountContact(account.account), "desk_code", "en", "1", key="k-1")
    assert sent.outcome is SendOutcome.SENT
    ((number, *_),) = stage.vendor.sent
    assert str(account.phone).endswith(number.removeprefix("+"))
    nobody = await alone.send(AccountContact("nobody"), "desk_code", "en", "1", key="k-2")
    assert nobody.outcome is SendOutcome.NO_CONTACT
    mail = await alone.send(MailTarget("a@example.org"), "desk_code", "en", "1", key="k-3")
    assert mail.outcome is SendOutcome.REFUSED
