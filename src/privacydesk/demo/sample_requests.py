"""The requests that are at the desk when the demo starts, as scripts of what people did.

A script is an asynchronous generator: it yields the time at which it goes on. The seeding runs all
scripts on one clock, in the order of these times. Everything happens through the dialogs and the
services that people use.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from privacydesk.demo.sample_files import sample_document
from privacydesk.demo.sample_times import SampleTimes
from privacydesk.demo.sample_user import SampleUser
from privacydesk.domain.grounds import Ground
from privacydesk.services.staff.services import StaffServices
from privacydesk.services.staff.tasks import NewTask

Script = AsyncGenerator[datetime, None]

_NO_FILES: Final = "collect_evidence.nothing_to_add"


@dataclass(frozen=True, slots=True)
class SampleDesk:
    """What a script works with.

    Attributes:
        times: the times before the demo's start.
        staff: what agents do with requests.
        user: returns a sample person at their chat, by id.
    """

    times: SampleTimes
    staff: StaffServices
    user: Callable[[str], SampleUser]


async def new_request(desk: SampleDesk) -> Script:
    """A deletion that nobody has looked at."""
    yield desk.times.ago(minutes=28)
    await desk.user("shen-jiayi").file_request(
        "我想把以前发的动态和搜索记录都删掉",
        {"deletion.which": ("posts", "search_history")},
    )


async def verified_request(desk: SampleDesk) -> Script:
    """A verified access request without an agent, in Cantonese."""
    yield desk.times.ago(hours=19)
    await desk.user("xu-yonglam").file_request(
        "我想攞返你哋存低我嘅所有資料", {"access.summary": "all"}
    )


async def waiting_for_verification(desk: SampleDesk) -> Script:
    """A request whose requester would not verify themselves."""
    yield desk.times.ago(hours=27)
    await desk.user("guo-zixuan").file_request(
        "帮我把聊天记录删了",
        {"deletion.which": ("chat",), "code": "verify.rather_not"},
    )


async def evidence_to_examine(desk: SampleDesk) -> Script:
    """A mother's request for her eleven-year-old, with a document to examine."""
    yield desk.times.ago(hours=4)
    born = f"{desk.times.now.year - 11}年1月9日"
    document = sample_document(
        "Household register (sample)",
        ("Mother: LYU Jing", "Child: LYU Xiaoman", "Relation: mother"),
    )
    await desk.user("lv-jing").file_request(
        "choice:guardian",
        {
            "guardian.relation": "mother",
            "guardian.birth": born,
            "guardian.child": "小满的星星",
            "guardian.wish": "delete",
            "guardian.detail": "她发的照片，里面能看出学校",
            "verify_contact.where": "+8619900002104",
        },
        files=(("hukou.png", document),),
    )


async def claimed_request(desk: SampleDesk) -> Script:
    """A disputed automated decision that an agent works on with another team."""
    yield desk.times.on_day(3, "15:05")
    ticket = await desk.user("gao-xiang").file_request(
        "choice:automated_decision",
        {
            "automated_decision.which": "d-2105",
            "automated_decision.wish": "both",
            "automated_decision.details": "背景音乐是我自己弹的，请人工听一遍",
        },
    )
    yield desk.times.on_day(2, "09:40")
    await desk.staff.handling.claim(ticket.number, "mei")
    await desk.staff.tasks.create(
        ticket.number,
        "mei",
        NewTask("content", (0,), "请人工听一遍 d-2105 这条动态的背景音乐，看曲库判定是否有误。"),
    )
    yield desk.times.on_day(1, "16:20")
    await desk.staff.tasks.take(ticket.number, 1, "li-na")


async def waiting_for_answer(desk: SampleDesk) -> Script:
    """A complaint in English whose requester was asked for a screenshot."""
    yield desk.times.on_day(2, "11:15")
    ticket = await desk.user("daniel-reyes").file_request(
        "choice:complaint",
        {
            "complaint.about": "marketing",
            "complaint.story": "I get sales calls about voice rooms every week. I never agreed to"
            " that, and I want them to stop.",
            "collect_evidence.complaint": _NO_FILES,
        },
    )
    yield desk.times.on_day(1, "10:05")
    await desk.staff.handling.claim(ticket.number, "tom")
    await desk.staff.handling.ask_requester(
        ticket.number, "tom", "Could you send a screenshot of one call, with number and time?"
    )


async def due_today(desk: SampleDesk) -> Script:
    """A sixteen-year-old's deletion whose answer is due today."""
    yield desk.times.filed_to_be_due(0)
    ticket = await desk.user("jiang-xiaozhou").file_request(
        "choice:deletion", {"deletion.which": ("comments",)}
    )
    yield desk.times.filed_to_be_due(1)
    await desk.staff.handling.claim(ticket.number, "wing")


async def overdue(desk: SampleDesk) -> Script:
    """A correction whose deadline has passed."""
    yield desk.times.filed_to_be_due(-1)
    ticket = await desk.user("ma-jun").file_request(
        "choice:rectification",
        {"rectification.field": "nickname", "rectification.value": "马上到洛阳"},
    )
    yield desk.times.filed_to_be_due(0)
    await desk.staff.handling.claim(ticket.number, "tom")


async def extended(desk: SampleDesk) -> Script:
    """A complaint whose deadline was extended."""
    yield desk.times.on_day(5, "14:30")
    ticket = await desk.user("cai-shufen").file_request(
        "choice:complaint",
        {
            "complaint.about": "third_party",
            "complaint.story": "我在廚房房間說過的住址，後來出現在別的軟體的廣告裡，"
            "想知道是誰把資料給出去的。",
            "collect_evidence.complaint": _NO_FILES,
        },
    )
    yield desk.times.on_day(4, "10:20")
    await desk.staff.handling.claim(ticket.number, "wing")
    yield desk.times.on_day(1, "16:10")
    await desk.staff.handling.extend(
        ticket.number, "lao-zhou", working_days=5, reason="需要向兩家合作方查證，還在等他們回覆。"
    )


async def package_ready(desk: SampleDesk) -> Script:
    """A granted access request whose copy can be downloaded."""
    yield desk.times.on_day(6, "20:40")
    ticket = await desk.user("su-xiaotang").file_request(
        "我要一份你们存的我的全部数据", {"access.summary": "all"}
    )
    yield desk.times.on_day(5, "11:00")
    await desk.staff.handling.claim(ticket.number, "mei")
    yield desk.times.ago(hours=3)
    await desk.staff.decisions.grant(ticket.number, "mei")


async def refused_and_objected(desk: SampleDesk) -> Script:
    """A refused deletion; the requester objects, and another agent reviews it."""
    yield desk.times.on_day(8, "21:15")
    user = desk.user("du-mingzhe")
    ticket = await user.file_request("choice:deletion", {"deletion.which": ("chat",)})
    yield desk.times.on_day(6, "10:45")
    await desk.staff.handling.claim(ticket.number, "mei")
    await desk.staff.decisions.refuse(
        ticket.number,
        "mei",
        ground=Ground.RIGHTS_OF_OTHERS,
        reason="聊天室里的消息也是其他参与者的记录，整段删除会影响他们。",
    )
    yield desk.times.on_day(5, "19:30")
    await user.choose("desk:menu")
    objection = await user.file_request(
        "choice:complaint",
        {
            "complaint.about": "answer",
            "objection.reason": "我只要求删掉我自己说的话，别人的不用动。请再看一次。",
        },
    )
    yield desk.times.on_day(4, "09:50")
    await desk.staff.handling.claim(objection.number, "wing")


async def closed_with_satisfaction(desk: SampleDesk) -> Script:
    """A granted correction whose requester was satisfied."""
    yield desk.times.on_day(7, "12:20")
    user = desk.user("wen-ruyu")
    ticket = await user.file_request(
        "choice:rectification",
        {"rectification.field": "nickname", "rectification.value": "温如玉本人"},
    )
    yield desk.times.on_day(6, "15:30")
    await desk.staff.handling.claim(ticket.number, "tom")
    await desk.staff.decisions.grant(ticket.number, "tom")
    yield desk.times.on_day(6, "18:10")
    await user.choose("satisfied")


async def waiting_for_person(desk: SampleDesk) -> Script:
    """Somebody who waits for a person now."""
    yield desk.times.ago(minutes=7)
    user = desk.user("ding-hao")
    await user.say("注销以后充值的钱怎么办")
    await user.choose("desk:human")
    await user.say("机器人说的我没看懂，想问问人")


SCRIPTS: Final[tuple[Callable[[SampleDesk], Script], ...]] = (
    new_request,
    verified_request,
    waiting_for_verification,
    evidence_to_examine,
    claimed_request,
    waiting_for_answer,
    due_today,
    overdue,
    extended,
    package_ready,
    refused_and_objected,
    closed_with_satisfaction,
    waiting_for_person,
)
"""All scripts: twelve requests, and a conversation that waits for a person."""
