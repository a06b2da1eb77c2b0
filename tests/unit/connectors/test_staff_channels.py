from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from tests.common.group_robots import DING_SECRET, FEISHU_SECRET, GroupRobots

from privacydesk.clock import MovableClock
from privacydesk.connectors.staff_channels import (
    ChannelAddress,
    address_warning,
    check_address,
    connect_staff_channels,
    describe_channel_fault,
)
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.domain.staff_channels import Platform, StaffChannelSender
from privacydesk.errors import InvalidRequestError, SettingsError, UnavailableError
from privacydesk.outages import Outages

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HERE = AddressRules([ip_network("127.0.0.0/8")])
SECRETS = {Platform.DINGTALK: DING_SECRET, Platform.FEISHU: FEISHU_SECRET}


class Chats:
    """The chat services, and senders for addresses there."""

    def __init__(self, robots: GroupRobots, clock: MovableClock, stack: AsyncExitStack) -> None:
        self.robots = robots
        self.clock = clock
        self.outages = Outages(clock)
        self._stack = stack

    def address(self, platform: Platform) -> ChannelAddress:
        return ChannelAddress(
            "chat", platform, self.robots.url(platform), SECRETS.get(platform, "")
        )

    async def sender(
        self, address: ChannelAddress, rules: AddressRules = HERE
    ) -> StaffChannelSender:
        connection = connect_staff_channels([address], rules, self.clock, self.outages)
        return (await self._stack.enter_async_context(connection))["chat"]


@pytest.fixture
async def chats() -> AsyncIterator[Chats]:
    clock = MovableClock(NOON, frozen=True)
    async with AsyncExitStack() as stack:
        robots = await stack.enter_async_context(GroupRobots(clock).up())
        yield Chats(robots, clock, stack)


async def refused(sender: StaffChannelSender, text: str = "text") -> UnavailableError:
    with pytest.raises(UnavailableError) as caught:
        await sender.send(text)
    return caught.value


@pytest.mark.parametrize("platform", Platform)
async def test_a_message_is_taken_at_any_time_of_day(chats: Chats, platform: Platform) -> None:
    sender = await chats.sender(chats.address(platform))
    # Signatures in base64 have a plus or a slash every few times.
    for n in range(30):
        chats.clock.move(timedelta(minutes=1))
        await sender.send(f"【服务台】PD-{n}")
    assert chats.robots.of(platform) == [f"【服务台】PD-{n}" for n in range(30)]


async def test_slack_shows_marks_of_its_own_as_they_are_written(chats: Chats) -> None:
    await (await chats.sender(chats.address(Platform.SLACK))).send("<!channel> & co")
    assert chats.robots.of("slack") == ["&lt;!channel&gt; &amp; co"]


@pytest.mark.parametrize("platform", [Platform.DINGTALK, Platform.FEISHU])
async def test_a_wrong_secret_is_told_from_an_outage(chats: Chats, platform: Platform) -> None:
    address = replace(chats.address(platform), secret="SEC-another-one")
    error = await refused(await chats.sender(address))
    assert error.data["reason"] == "credentials"
    assert "secret" in describe_channel_fault(error)
    assert not chats.robots.of(platform)


@pytest.mark.parametrize("platform", Platform)
async def test_an_address_that_is_no_more_is_told_from_an_outage(
    chats: Chats, platform: Platform
) -> None:
    address = chats.address(platform)
    error = await refused(await chats.sender(replace(address, url=address.url + "0")))
    assert error.data["reason"] == "address"


@pytest.mark.parametrize("platform", Platform)
async def test_who_sends_too_much_is_told_when_to_go_on(chats: Chats, platform: Platform) -> None:
    sender = await chats.sender(chats.address(platform))
    for _ in range({Platform.FEISHU: 5, Platform.SLACK: 1}.get(platform, 20)):
        await sender.send("text")
    error = await refused(sender)
    assert error.data["reason"] == "rate_limited"
    assert error.data["retry_after"] >= 30


async def test_a_message_that_is_too_long_is_refused_for_good(chats: Chats) -> None:
    sender = await chats.sender(chats.address(Platform.WECOM))
    await sender.send("x" * sender.max_bytes)
    with pytest.raises(InvalidRequestError):
        await sender.send("x" * (sender.max_bytes + 1))
    with pytest.raises(InvalidRequestError):
        await (await chats.sender(chats.address(Platform.SLACK))).send("")


async def test_an_outage_of_a_chat_begins_and_ends_once(chats: Chats) -> None:
    sender = await chats.sender(chats.address(Platform.FEISHU))
    chats.robots.away.add("feishu")
    for _ in range(3):
        assert (await refused(sender)).data["reason"] == "server_error"
    chats.robots.away.clear()
    await sender.send("back")
    assert [change.has_begun for change in chats.outages.changes] == [True, False]


async def test_an_inner_address_is_called_only_where_the_operator_allows_it(chats: Chats) -> None:
    address = chats.address(Platform.SLACK)
    with pytest.raises(SettingsError, match="STAFF_CHANNELS"):
        await chats.sender(address, AddressRules())
    # A name is resolved only when the connection is made, and judged then.
    named = replace(address, url=address.url.replace("127.0.0.1", "localhost"))
    sender = await chats.sender(named, AddressRules([ip_network("10.0.0.0/8")]))
    assert (await refused(sender)).data["reason"] == "unreachable"


@pytest.mark.parametrize(
    ("platform", "url", "secret"),
    [
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", ""),
        ("wecom", "https://qyapi.weixin.qq.com/robot/send?key=1", ""),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1", "s"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?key=1", ""),
        ("dingtalk", "http://oapi.dingtalk.com/robot/send?access_token=1", ""),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/", ""),
        ("slack", "hooks.slack.com/services/T/B/X", ""),
    ],
)
def test_an_address_of_another_form_is_found_without_sending(
    platform: str, url: str, secret: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        check_address(ChannelAddress("c", Platform(platform), url, secret), AddressRules())
    assert url not in caught.value.message


@pytest.mark.parametrize(
    ("platform", "url", "secret", "warning"),
    [
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1", "", ""),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=1", "SEC1", ""),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=1", "", "secret"),
        ("feishu", "https://chat.example/open-apis/bot/v2/hook/1", "s", "host"),
        ("slack", "https://mattermost.example/hooks/1", "", ""),
    ],
)
def test_what_is_unusual_is_a_warning(platform: str, url: str, secret: str, warning: str) -> None:
    address = ChannelAddress("c", Platform(platform), url, secret)
    check_address(address, AddressRules())
    told = address_warning(address)
    assert warning in told
    assert bool(told) == bool(warning)
