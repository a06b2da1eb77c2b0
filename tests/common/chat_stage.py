"""A conversation that shows everything the page can show, in three languages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from tests.common.fake_desk import FakeDesk, Thread, say

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import Choice, ChoiceStyle, Event, EventKind, InputKind, Sender

WORDS: dict[str, dict[str, Any]] = {
    "zh_Hans": {
        "hello": "你好，这里是自动助手。随时可以转人工。\n"
        "对话会被记录，用来处理你的请求，结束 30 天后删除。",
        "ask": "我要解绑 Google 账号",
        "code": "验证码已发到尾号 4821 的手机，请输入 6 位数字。",
        "which": "想删除哪些内容？可以选几样。",
        "resend": "重新发验证码",
        "warn": "解绑后不能再用 Google 登录。解绑不会删除你的内容。",
        "yes": "确认解绑 Google",
        "no": "先不解绑",
        "back": "返回菜单",
        "filed": "已提交。撤回期一分钟，之后自动生效。",
        "kind": "解除绑定",
        "state": "处理中",
        "items": ["Google 账号", "微信账号"],
        "due": "2026年10月22日 星期四",
        "days": ["10月13日 星期二", "10月14日 星期三", "10月17日 星期六", "10月15日 星期四"],
        "reasons": ["起算日", "工作日", "周末", "工作日"],
        "rows": [("昵称", "小梅"), ("绑定手机", "138****4821"), ("注册时间", "2023年5月4日")],
        "stored": "应用里保存的资料：",
        "agent": "你好，我是林。你的请求我看到了。",
        "joined": "林加入了对话",
        "file": "请上传身份证明，提交前可以取消。",
    },
    "zh_Hant": {
        "hello": "你好，這裡是自動助理。隨時可以轉真人客服。\n"
        "對話會被記錄，用來處理你的請求，結束 30 天後刪除。",
        "ask": "我要解除綁定 Google 帳號",
        "code": "驗證碼已傳送到尾號 4821 的手機，請輸入 6 位數字。",
        "which": "想刪除哪些內容？可以選幾樣。",
        "resend": "重新傳驗證碼",
        "warn": "解除後不能再用 Google 登入。解除綁定不會刪除你的內容。",
        "yes": "確認解除綁定 Google",
        "no": "先不解除",
        "back": "返回選單",
        "filed": "已送出。撤回期一分鐘，之後自動生效。",
        "kind": "解除綁定",
        "state": "處理中",
        "items": ["Google 帳號", "微信帳號"],
        "due": "2026年10月22日 星期四",
        "days": ["10月13日 星期二", "10月14日 星期三", "10月17日 星期六", "10月15日 星期四"],
        "reasons": ["起算日", "工作日", "週末", "工作日"],
        "rows": [("暱稱", "小梅"), ("綁定手機", "138****4821"), ("註冊時間", "2023年5月4日")],
        "stored": "App 裡保存的資料：",
        "agent": "你好，我是林。你的請求我看到了。",
        "joined": "林加入了對話",
        "file": "請上傳身分證明，送出前可以取消。",
    },
    "en": {
        "hello": "Hello, this is an automated assistant. A person is one tap away.\n"
        "It is recorded to handle your request and removed 30 days after that ends.",
        "ask": "I want to unbind my Google account",
        "code": "A code was sent to the phone ending in 4821. Enter its 6 digits.",
        "which": "What would you like to delete? You can choose several.",
        "resend": "Send another code",
        "warn": "You will not be able to log in with Google. Nothing you posted is deleted.",
        "yes": "Unbind Google",
        "no": "Not now",
        "back": "Back to the menu",
        "filed": "Filed. It takes effect in a minute unless you withdraw it.",
        "kind": "Unbinding",
        "state": "In progress",
        "items": ["Google account", "WeChat account"],
        "due": "Thursday, 22 October 2026",
        "days": [
            "Tuesday, 13 October 2026",
            "Wednesday, 14 October 2026",
            "Saturday, 17 October 2026",
            "Thursday, 15 October 2026",
        ],
        "reasons": ["Start", "Working day", "Weekend", "Working day"],
        "rows": [("Name", "Mei"), ("Phone", "138****4821"), ("Registered", "4 May 2023")],
        "stored": "What the app stores about you:",
        "agent": "Hello, this is Lin. I have your request.",
        "joined": "Lin joined the conversation",
        "file": "Please upload proof of identity. You can cancel before handing in.",
    },
}


QUIET = ChoiceStyle.QUIET
KINDS = {
    "zh_Hans": (("个人资料", ""), ("动态", "18 条"), ("照片", "212 张"), ("聊天记录", "1,204 条"),
                ("声音和录音", "没有存"), ("关注", "31 条"), ("搜索记录", "96 条")),
    "zh_Hant": (("個人檔案", ""), ("動態", "18 則"), ("照片", "212 張"), ("聊天紀錄", "1,204 則"),
                ("聲音與錄音", "沒有存"), ("追蹤", "31 筆"), ("搜尋紀錄", "96 筆")),
    "en": (("Profile", ""), ("Posts", "18"), ("Photos", "212"), ("Chat messages", "1,204"),
           ("Voice and recordings", "nothing held"), ("Follows", "31"), ("Searches", "96")),
}  # fmt: skip
"""Kinds of data with how much there is, by locale."""


ALL = {"zh_Hans": "全部", "zh_Hant": "全部", "en": "All of it"}
"""The choice that stands for every kind."""


FIELDS = {
    "zh_Hans": (
        "您是孩子的什么人？",
        "孩子的出生日期",
        "孩子的账号",
        ("母亲", "父亲"),
        "先说说孩子。",
    ),
    "zh_Hant": (
        "您是孩子的什麼人？",
        "孩子的出生日期",
        "孩子的帳號",
        ("母親", "父親"),
        "先說說孩子。",
    ),
    "en": ("Who are you?", "Date of birth", "Account", ("Mother", "Father"), "About the child."),
}
"""The labels of a card of questions, two choices, and what is said above it."""


SUMMARIES = {
    "zh_Hans": (
        (("照片", "212 张"), ("2025年的动态", "")),
        (("账号", ""), ("依法须保留的记录", "答复里写明留什么、为什么、到什么时候"),
         ("备份", "再留一段时间，单独安全存放，不作他用")),
        "删掉以后恢复不了，我们也找不回来。",
    ),
    "zh_Hant": (
        (("照片", "212 張"), ("2025年的動態", "")),
        (("帳號", ""), ("依法須保留的紀錄", "答覆裡寫明留什麼、為什麼、到何時"),
         ("備份", "再留一段時間，單獨安全存放，不作他用")),
        "刪除後無法復原，我們也找不回來。",
    ),
    "en": (
        (("Photos", "212"), ("Posts of 2025", "")),
        (("Account", ""), ("Records the law requires us to keep",
          "The answer says which, why and until when"),
         ("Backups", "For a while, stored safely apart and used for nothing else")),
        "Once deleted, it can’t be brought back, not even by us.",
    ),
}  # fmt: skip
"""What goes, what stays, and what follows, by locale."""


class Stage:
    """A desk whose one thread is filled scene by scene."""

    def __init__(self, desk: FakeDesk, thread: Thread, locale: str) -> None:
        self.desk = desk
        self.thread = thread
        self.locale = locale
        self.words = WORDS[locale]
        desk.speak(thread, locale)

    def write(self, *events: Event) -> None:
        """Write events in the stage's language."""
        self.desk.write(self.thread, [replace(one, locale=self.locale) for one in events])

    def me(self, text: str) -> Event:
        """Make a user's event."""
        return say(text, sender=Sender.USER)

    def warning(self) -> None:
        """Show a short talk that ends at a warning with its choices."""
        words = self.words
        self.write(
            say(words["hello"]),
            self.me(words["ask"]),
            say(
                words["warn"],
                kind=EventKind.WARNING,
                choices=(
                    Choice("yes", label=words["yes"], style=ChoiceStyle.DANGER),
                    Choice("no", label=words["no"], style=ChoiceStyle.PRIMARY),
                    Choice("back", label=words["back"], style=ChoiceStyle.QUIET),
                ),
            ),
        )

    def several(self, **data: Any) -> None:
        """Ask for several of many kinds of data, each with how much there is."""
        kinds = KINDS[self.locale]
        offered = [
            Choice(f"kind-{at}", label=label, detail=detail)
            for at, (label, detail) in enumerate(kinds)
        ]
        self.write(
            say(
                self.words["which"],
                choices=(
                    *offered,
                    Choice("all", label=ALL[self.locale]),
                    Choice("_skip", label=self.words["back"], style=QUIET),
                ),
                data={"many": True, "empty": ["kind-4"], **data},
            )
        )

    def card(self, first: int = 0) -> None:
        """Ask three questions on a card, or those from one of them on."""
        who, born, account, people, text = FIELDS[self.locale]
        ids = ("mother", "father")
        named = [{"id": one, "label": label} for one, label in zip(ids, people, strict=True)]
        offered = [Choice(one, label=label) for one, label in zip(ids, people, strict=True)]
        fields = [
            {"name": "who", "kind": "choice", "label": who, "choices": named},
            {"name": "born", "kind": "date", "label": born, "optional": True},
            {"name": "account", "kind": "text", "label": account},
        ]
        self.write(
            say(
                who,
                choices=(*offered, Choice("desk:human", label=self.words["back"], style=QUIET)),
                data={"card": {"text": text, "fields": fields[first:]}},
            )
        )

    def summary(self) -> None:
        """Ask for a confirmation whose card has what goes and what stays."""
        goes, stays, note = SUMMARIES[self.locale]
        self.write(
            say("in the card, too", data={"in_card": True}),
            say(
                self.words["warn"],
                kind=EventKind.WARNING,
                choices=(
                    Choice("yes", label=self.words["yes"], style=ChoiceStyle.DANGER),
                    Choice("no", label=self.words["no"]),
                ),
                data={
                    "summary": {
                        "goes": [{"label": one, "detail": count} for one, count in goes],
                        "stays": [{"label": one, "detail": why} for one, why in stays],
                        "notes": [note],
                    }
                },
            ),
        )

    def correction(self, old: str = "小雨") -> None:
        """Ask for the confirmation of a corrected entry."""
        label, _ = KINDS[self.locale][0]
        change = {"label": label, "old": old, "new": "林小雨"}
        notes = [SUMMARIES[self.locale][2]]
        self.write(
            say(
                self.words["warn"],
                choices=(
                    Choice("yes", label=self.words["yes"], style=ChoiceStyle.PRIMARY),
                    Choice("no", label=self.words["no"]),
                ),
                data={"summary": {"changes": [change], "notes": notes}},
            )
        )

    def day(self) -> None:
        """Ask for a date."""
        self.write(say(self.words["which"], input=InputKind.DATE))

    def code(self, resend_at: datetime | None = None) -> None:
        """Ask for a code; another one may be sent at an instant."""
        resend = Choice("resend", label=self.words["resend"])
        at = {} if resend_at is None else {"resend": {"choice": "resend", "at": resend_at}}
        choices = () if resend_at is None else (resend,)
        self.write(say(self.words["code"], input=InputKind.CODE, choices=choices, data=at))

    def file(self) -> None:
        """Ask for a file."""
        self.thread.asks_for_file = True
        self.write(say(self.words["file"], input=InputKind.UPLOAD))

    def ticket(self, *, late: bool = False, provisional: bool = False) -> None:
        """Show a ticket card."""
        words = self.words
        counts = (0, 1, None, 2)
        days = [
            {
                "date": f"2026-10-{13 + index}",
                "text": text,
                "working": counts[index] is not None,
                "count": counts[index],
                "reason": "",
                "reason_label": words["reasons"][index],
            }
            for index, text in enumerate(words["days"])
        ]
        card = {
            "number": "7KQ4-M2XD",
            "kind": "unbinding",
            "kind_label": words["kind"],
            "state": "in_review",
            "state_label": words["state"],
            "due_date": "2026-10-22",
            "due_text": words["due"],
            "zone": "Asia/Shanghai",
            "provisional": provisional,
            "late": late,
            "items": words["items"],
            "days": days,
        }
        self.write(say(words["filed"], kind=EventKind.TICKET, data={"ticket": card}))

    def details(self) -> None:
        """Show labelled values."""
        rows = [{"label": label, "value": value} for label, value in self.words["rows"]]
        self.write(say(self.words["stored"], kind=EventKind.DETAILS, data={"rows": rows}))

    def agent(self) -> None:
        """Let an agent take over and speak."""
        self.desk.own(self.thread, OwnerKind.AGENT, "林 Lin")
        self.write(
            say(self.words["agent"], sender=Sender.AGENT, author="林 Lin"),
        )

    def odd(self) -> None:
        """Show content that pages break on."""
        files = [{"name": "证件 \u05d0\u05d1\u05d2 front.jpg", "size": 482113, "media_type": ""}]
        self.write(
            self.me("W" * 300 + " https://example.org/" + "a" * 200),
            self.me("\u05e9\u05dc\u05d5\u05dd abc (123) \u0645\u0631\u062d\u0628\u0627!"),
            say("> \u05e6\u05d9\u05d8\u05d5\u05d8: 5-4-3\nx < y && <b>bold</b> </system>"),
            say(self.words["hello"] * 14),
            self.me("👍👍🏽👨‍👩‍👧"),
            say("", sender=Sender.USER, kind=EventKind.UPLOADED, data={"files": files}),
            say("", kind=EventKind.BLANK),
        )

    def later(self, delta: timedelta) -> None:
        """Move the clock where it can be moved."""
        self.desk.clock.move(delta)  # type: ignore[attr-defined]
