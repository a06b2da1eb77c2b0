"""The incident notices that are at the desk when the demo starts: one sent, one to be released."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from privacydesk.demo.sample_times import SampleTimes
from privacydesk.demo.sample_user import SampleUser
from privacydesk.domain.incidents import Audience, IncidentDraft, NoticePart, NoticeText
from privacydesk.services.staff.incidents import Incidents

RECIPIENTS: Final = (
    "shen-jiayi",
    "xu-yonglam",
    "ma-jun",
    "cai-shufen",
    "su-xiaotang",
    "wen-ruyu",
    "daniel-reyes",
)
"""The sample people whom the notice tells."""
UNKNOWN_ACCOUNTS: Final = ("u-2901", "u-2902")
"""Accounts of the list whose owners have never used the desk, and have no phone on record."""
READERS: Final = ("wen-ruyu", "daniel-reyes", "cai-shufen")
"""Those of the recipients who have read the notice."""

_PREPARED_BY: Final = "lao-zhou"
_RELEASED_BY: Final = "xiao-chen"


def _parts(*texts: str) -> NoticeText:
    return dict(zip(NoticePart, texts, strict=True))


_SENT: Final = IncidentDraft(
    "短信服务商误发名单（示例）",
    Audience.LIST,
    {
        "zh_Hans": _parts(
            "近日，我们委托的短信服务商把一份名单误发给了它的另一家客户。"
            "名单里有您的昵称和手机号后四位，没有密码、聊天内容和支付信息。您可能会收到冒充客服的电话。",
            "我们在两小时内要求对方删除，对方已书面确认删除且没有使用。"
            "我们停止了名单的批量导出，并在检查这家服务商的其他流程。",
            "接到自称客服的电话时，不要提供验证码，也不要转账。我们不会打电话向您要验证码。",
            "如果您因此收到骚扰电话，可以在这里告诉我们，由人工客服处理。您也可以要求删除手机号。",
        ),
        "zh_Hant": _parts(
            "近日，我們委託的簡訊服務商把一份名單誤發給了它的另一家客戶。"
            "名單裡有您的暱稱和手機號碼末四碼，沒有密碼、聊天內容和付款資料。您可能會接到冒充客服的電話。",
            "我們在兩小時內要求對方刪除，對方已書面確認刪除且沒有使用。"
            "我們停止了名單的批次匯出，並在檢查這家服務商的其他流程。",
            "接到自稱客服的電話時，不要提供驗證碼，也不要轉帳。我們不會打電話向您要驗證碼。",
            "如果您因此接到騷擾電話，可以在這裡告訴我們，由真人客服處理。您也可以要求刪除手機號碼。",
        ),
        "en": _parts(
            "A company that sends text messages for us gave a list to another of its customers by"
            " mistake. It held your nickname and the last four digits of your phone number, and no"
            " passwords, messages or payment data. Somebody may call you and claim to be from us.",
            "Within two hours we had the list deleted; the other company has confirmed in writing"
            " that it was deleted and not used. We have stopped bulk exports of lists, and are"
            " checking how else this company handles data.",
            "If somebody calls and claims to be from us, give no code and send no money. We never"
            " call to ask for a code.",
            "If you get such calls, tell us here, and a person will look into it. You can also ask"
            " us to delete your phone number.",
        ),
    },
)
_FOLLOWING: Final = IncidentDraft(
    "短信服务商误发名单：后续说明（示例）",
    Audience.LIST,
    {
        "zh_Hans": _parts(
            "关于短信服务商误发名单一事，独立检查已经完成：名单只到过一家公司，没有再流出。",
            "我们已停用这家服务商，改由服务台自己发送短信。",
            "您不需要做什么。接到要验证码的电话，仍请直接挂断。",
            "如有疑问，请在这里提出，由人工客服答复。",
        ),
        "zh_Hant": _parts(
            "關於簡訊服務商誤發名單一事，獨立檢查已經完成：名單只到過一家公司，沒有再流出。",
            "我們已停用這家服務商，改由服務台自己發送簡訊。",
            "您不需要做什麼。接到要驗證碼的電話，仍請直接掛斷。",
            "如有疑問，請在這裡提出，由真人客服答覆。",
        ),
        "en": _parts(
            "An independent check of the list that was given away by mistake is complete: it"
            " reached one company and went no further.",
            "We no longer work with the company that sent it, and send text messages ourselves.",
            "There is nothing that you need to do. If somebody calls and asks for a code, still"
            " hang up.",
            "If you have questions, ask them here, and a person will answer.",
        ),
    },
)


async def incident_notices(
    times: SampleTimes,
    incidents: Incidents,
    send: Callable[[], Awaitable[None]],
    accounts: Sequence[str],
    readers: Sequence[SampleUser],
) -> AsyncGenerator[datetime]:
    """Tell the recipients of an incident, and prepare a second notice; yields as scripts do.

    Args:
        times: the times before the demo's start.
        incidents: prepares and releases notices.
        send: tells the recipients of what was released.
        accounts: the lines of the list of recipients.
        readers: those who read the notice.
    """
    yield times.on_day(2, "18:05")
    draft = await incidents.prepare(_SENT, accounts, _PREPARED_BY)
    yield times.on_day(2, "18:40")
    await incidents.release(draft.id, _RELEASED_BY, seen=draft.version)
    await send()
    for reader, at in zip(readers, ("19:25", "20:50", "22:10"), strict=True):
        yield times.on_day(2, at)
        await reader.read_all()
    yield times.ago(minutes=50)
    await incidents.prepare(_FOLLOWING, accounts, _PREPARED_BY)
