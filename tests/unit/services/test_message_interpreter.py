from __future__ import annotations

import asyncio
import dataclasses
import threading
from datetime import date

from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    NO_QUESTION,
    Holder,
    Modality,
    Question,
    Reading,
    ReadingResult,
    ReplyAct,
    Request,
)
from privacydesk.nlu.lists.matching import load_lists
from privacydesk.services.classifiers import Classifiers, MessageClasses
from privacydesk.services.message_interpreter import MessageInterpreter

TODAY = date(2026, 11, 29)
LISTS = load_lists()


def nothing(_text: str) -> str:
    return ""


NOTHING = Classifiers(nothing, lambda *_: "", lambda *_: MessageClasses(), lambda *_: ())


class Counting:
    """A reader that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        self.asked.append(text)
        return ReadingResult(Intent.OTHER, 0.5, (), Reading())

    def reply_acts(self, text: str, question: Question) -> frozenset[ReplyAct]:
        return self.parse(text, TODAY, question).reply_acts


class Gated(Counting):
    """Takes as long as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        heard = super().parse(text, today, question)
        assert self.gate.wait(30)
        return heard


async def test_who_says_little_does_not_wait_for_who_says_much() -> None:
    reader = Gated()
    hearing = MessageInterpreter(LISTS, reader, NOTHING)
    long = [asyncio.create_task(hearing.interpret("a" * 10_000, n % 2, TODAY)) for n in range(8)]
    await asyncio.sleep(0)
    short = asyncio.create_task(hearing.interpret("please help", "me", TODAY))
    await asyncio.sleep(0)
    reader.gate.set()
    await asyncio.wait_for(asyncio.gather(*long, short), 30)
    assert "please help" in reader.asked[:4]


async def test_menu_words_are_understood_once_and_kept() -> None:
    reader = Counting()
    hearing = MessageInterpreter(LISTS, reader, NOTHING)
    assert await hearing.interpret("菜单", "me", TODAY) is await hearing.interpret(
        "菜单", "me", TODAY
    )
    assert reader.asked == ["菜单"]


async def test_menu_words_are_looked_at_once_for_all_who_say_them_meanwhile() -> None:
    reader = Gated()
    hearing = MessageInterpreter(LISTS, reader, NOTHING)
    all_at_once = [asyncio.create_task(hearing.interpret("菜单", n, TODAY)) for n in range(9)]
    await asyncio.sleep(0.01)
    assert not any(one.done() for one in all_at_once)
    all_at_once.pop(0).cancel()
    reader.gate.set()
    heard = await asyncio.wait_for(asyncio.gather(*all_at_once), 30)
    assert await hearing.interpret("菜单", "another", TODAY) is heard[0]
    assert reader.asked == ["菜单"]


async def test_what_a_person_typed_is_not_kept() -> None:
    reader = Counting()
    hearing = MessageInterpreter(LISTS, reader, NOTHING)
    assert await hearing.interpret("please help", "me", TODAY) is not (
        await hearing.interpret("please help", "me", TODAY)
    )
    assert reader.asked == ["please help", "please help"]


async def test_what_lists_find_and_the_language_come_beside_the_reading() -> None:
    heard = await MessageInterpreter(LISTS, Counting(), NOTHING).interpret(
        "转人工，谢谢", "me", TODAY
    )
    assert heard.entities["command"] == ("human",)
    assert (
        await MessageInterpreter(LISTS, Counting(), NOTHING).interpret(
            "please help me", "me", TODAY
        )
    ).language == "en"


class Asking(Counting):
    """Hears "how long?" as a question, and a yes in what is not."""

    requests: tuple[Request, ...] = ()

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        super().parse(text, today, question)
        if "how long" in text:
            return ReadingResult(
                Intent.POLICY_QUESTION,
                0.9,
                (),
                Reading(self.requests, (text[text.index("how long") :].rstrip("?!"),)),
            )
        return ReadingResult(
            Intent.SMALLTALK, 0.9, (), Reading(), reply_acts=frozenset({ReplyAct.YES})
        )


async def test_what_is_said_beside_a_question_is_heard_by_itself() -> None:
    heard = await MessageInterpreter(LISTS, Asking(), NOTHING).interpret(
        "file that one, how long does it take?", "me", TODAY
    )
    assert heard.mixed is not None
    (question,) = heard.mixed.questions
    assert (question.text, question.topics) == (
        "how long does it take",
        ("asks_duration",),
    )
    assert heard.mixed.rest == "file that one"
    assert heard.mixed.observed.entities["plain_answer"] == ("yes",)
    assert not heard.entities.get("plain_answer")


async def test_a_wish_beside_a_question_is_heard_in_all_of_the_message() -> None:
    reader = Asking()
    reader.requests = (Request(Intent.DELETION, Modality.WISHED, Holder.SELF, True, (), ()),)
    heard = await MessageInterpreter(LISTS, reader, NOTHING).interpret(
        "delete it. how long?", "me", TODAY
    )
    assert reader.asked == ["delete it. how long?"]
    assert heard.mixed is not None
    assert heard.mixed.rest == "delete it"
    assert heard.mixed.observed.recognised is not None
    assert heard.mixed.observed.recognised.intent is Intent.DELETION


async def test_nothing_is_said_beside_a_question_alone() -> None:
    heard = await MessageInterpreter(LISTS, Asking(), NOTHING).interpret("how long?!", "me", TODAY)
    assert heard.mixed is None


async def test_what_a_question_is_about_is_learnt_where_no_list_tells() -> None:
    reader = Asking()
    topics = lambda question: "asks_undo" if "how long" in question else ""  # noqa: E731
    hearing = MessageInterpreter(LISTS, reader, dataclasses.replace(NOTHING, topics=topics))
    heard = await hearing.interpret("file that one. how long may I think it over", "me", TODAY)
    assert heard.mixed is not None
    assert heard.mixed.questions[0].topics == ("asks_undo",)
    alone = await hearing.interpret("how long may I think it over", "me", TODAY)
    assert "asks_undo" in alone.entities["phrase"]


class Complaining(Counting):
    """A reader to which every message is a complaint."""

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        super().parse(text, today, question)
        complaint = Request(Intent.COMPLAINT, Modality.WISHED, Holder.SELF, True, (), ())
        return ReadingResult(Intent.COMPLAINT, 0.9, (), Reading((complaint,)))


async def test_what_a_complaint_is_about_is_learnt_before_it_is_listed() -> None:
    text = "客服 of the shop next door posts my photos"
    hearing = MessageInterpreter(
        LISTS, Complaining(), dataclasses.replace(NOTHING, complaints=lambda *_: "harassment")
    )
    heard = await hearing.interpret(text, "me", TODAY)
    assert heard.entities["answer"] == ("complaint.about_harassment",)
    unsure = await MessageInterpreter(LISTS, Complaining(), NOTHING).interpret(text, "me", TODAY)
    assert unsure.entities["answer"] == ("complaint.about_staff",)


async def test_a_kind_that_the_network_does_not_know_is_told_of_a_lone_request() -> None:
    @dataclasses.dataclass
    class Asked(Counting):
        intents: tuple[Intent, ...]
        holder: Holder = Holder.SELF

        def __post_init__(self) -> None:
            super().__init__()

        def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
            wishes = tuple(
                Request(one, Modality.WISHED, self.holder, True, (), ()) for one in self.intents
            )
            return ReadingResult(self.intents[0], 0.9, (), Reading(wishes))

    portable = dataclasses.replace(NOTHING, messages=lambda *_: MessageClasses(kind="portability"))
    for reader, becomes in (
        (Asked((Intent.ACCESS,)), Intent.PORTABILITY),
        (Asked((Intent.ACCESS,), Holder.OTHER_PERSON), Intent.ACCESS),
        (Asked((Intent.ACCESS, Intent.UNBINDING)), Intent.ACCESS),
    ):
        heard = await MessageInterpreter(LISTS, reader, portable).interpret(
            "hand it over", "me", TODAY
        )
        assert heard.recognised is not None
        assert heard.recognised.intent == becomes


async def test_a_yes_before_something_else_is_heard_by_itself() -> None:
    class Doubting(Asking):
        def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
            read = super().parse(text, today, question)
            return (
                replace(read, reply_acts=frozenset({ReplyAct.LATER}))
                if text == "well, whatever"
                else read
            )

    hearing = MessageInterpreter(LISTS, Doubting(), NOTHING)
    heard = await hearing.interpret("sure, whatever. how long?", "me", TODAY)
    assert heard.entities["opens_with"] == ("yes",)
    heard = await hearing.interpret("well, whatever. how long?", "me", TODAY)
    assert "opens_with" not in heard.entities
