"""Children: their guardians, who are second persons, and strangers who tell of them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import DUE, Stage
from tests.browser.tongues import Tongue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_mother_of_a_twelve_year_old_shows_two_things_and_the_account_is_stopped(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    mother = await visit("wang-fang")
    child = await visit("lele")
    await mother.open_desk("guardian")
    await mother.chat.fill(
        relation="mother",
        child_birth_date="2014-05-01",
        child_account="乐乐爱画画",
        wish="close",
        contact="wangfang@example.com",
    )
    await mother.chat.hears("guardian.young", "guardian.close", "verify_contact.code_sent")
    await mother.photo("1-code")
    await mother.verify()
    await mother.chat.hears("guardian.paper", "collect_evidence.guardianship")
    await mother.photo("2-paper")
    await mother.chat.hand_in("户口本.jpg")
    await mother.chat.hears("guardian.filed")
    number = await mother.number("awaiting_verification")
    # After 人工客服: the button, the card, the code, the paper.
    await expect(mother.chat.log.locator(".message.mine")).to_have_count(1 + 4)
    await mother.photo("3-filed")
    await expect(mother.chat.log).not_to_contain_text("u-1004")

    agent = town.agent("mei")
    case = await agent.takes(number)
    assert "under_14" in case["flags"]
    (paper,) = case["evidence"]
    await town.agent("lao-zhou").allows_files(number)
    assert await agent.opens(number, paper["id"])
    await agent.accepts(number)
    await mother.chat.shows(number, "in_review", due=DUE)
    await agent.grants(number, account="u-1004")

    await mother.chat.hears("ticket.done.guardian_suspended")
    await mother.chat.shows(number, "closed", outcome="fulfilled")
    await mother.photo("6-done")
    await expect(child.account("profile.status")).to_have_text(
        town.word(tongue, "status.suspended")
    )
    await mother.ask_status()
    await mother.chat.shows(number, "closed", outcome="fulfilled")
    await child.ask_status()
    await child.chat.hears("request_status.none_yet")


async def test_the_father_of_a_sixteen_year_old_has_photos_deleted_and_nothing_stopped(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    father = await visit("zhang-jianguo")
    before = await town.account("zhang-zihan")
    await father.open_desk("guardian")
    posts = tongue.of("他发的动态", "他發的動態", "The posts that he has published")
    await father.chat.fill(
        relation="father",
        child_birth_date="2010-03-01",
        child_account="子涵投三分",
        wish="delete",
        wish_detail=posts,
        contact="+86 199 0000 1006",
    )
    await father.chat.hears("guardian.teen", "guardian.delete", "verify_contact.code_sent")
    await father.photo("1-teen")
    await father.verify()
    await father.chat.hand_in("birth-certificate.pdf")
    await father.chat.hears("guardian.filed")
    number = await father.number("awaiting_verification")

    agent = town.agent("wing")
    case = await agent.takes(number)
    assert "under_14" not in case["flags"]
    await town.agent("lao-zhou").allows_files(number)
    await agent.accepts(number)
    await father.chat.shows(number, "in_review", due=DUE)
    await father.photo("2-examined")
    await agent.grants(number, account="u-1005")

    await father.chat.hears("ticket.done.guardian")
    after = await town.account("zhang-zihan")
    assert (before["held.posts"][0], after["held.posts"][0]) == ("2", "0")
    assert after["profile.status"] == before["profile.status"]
    await father.ask_status()
    await father.chat.shows(number, "closed", outcome="fulfilled")
    await father.photo("3-status")


async def test_a_strangers_report_needs_no_proof_and_learns_nothing_of_the_account(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    stranger = await visit("nobody")
    before = await town.account("he-xiaochen")
    await stranger.open_desk("underage_report")
    await stranger.chat.choose("stranger")
    await stranger.chat.hears("underage_report.who")
    why = tongue.of(
        "主页写着在上小学三年级",
        "主頁寫著在上小學三年級",
        "The profile says third year of primary school",
    )
    await stranger.chat.fill(who="晨晨", why=why)
    await stranger.chat.hears("collect_evidence.complaint")
    await stranger.photo("1-files")
    await stranger.chat.choose("_skip")
    await stranger.chat.hears("underage_report.outcome_to")
    await stranger.chat.choose("_skip")
    await stranger.chat.hears("underage_report.filed")
    number = await stranger.number("in_review", due=DUE)
    assert stranger.seen == 0, "nothing was sent to a phone"
    await stranger.photo("2-filed")

    words = tongue.of("已经核实并处理。", "已經核實並處理。", "This was looked into and settled.")
    await town.agent("mei").grants(number, text=words)

    await stranger.chat.hears("ticket.resolved")
    await stranger.chat.shows(number, "closed", outcome="fulfilled")
    await stranger.photo("3-answered")
    assert await town.account("he-xiaochen") == before, "nobody is stopped on words alone"
    await expect(stranger.chat.log).not_to_contain_text("u-1009")
    await stranger.chat.say(tongue.of(f"进度 {number}", f"進度 {number}", f"status {number}"))
    await stranger.chat.shows(number, "closed", outcome="fulfilled")
