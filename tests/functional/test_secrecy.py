"""What is told to whom: nothing of another person, nothing before proof, no code anywhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.common.databases import by_hand
from tests.common.stories import PEOPLE, Player, World, enter, open_world, steps

from privacydesk.domain.events import Event, Sender
from privacydesk.domain.numbers import make_number

ABOUT_THE_FILE = pytest.mark.sqlite("its file is copied, or searched byte by byte")


async def files_unbinding(player: Player) -> str:
    """File a request and return its number."""
    await steps(
        player,
        {"choose": "unbinding"},
        {"code": "right"},
        {"choose": "google"},
        {"choose": "yes"},
        {"bot": "unbinding.filed"},
    )
    return (await player.tickets())[0].number


def heard(events: list[Event], *names: str) -> list[tuple[Any, ...]]:
    """Return all that was shown, with the names it was asked for by blotted out."""

    def blot(text: str) -> str:
        for name in names:
            text = text.replace(name, "···")
        return text

    return [
        (
            event.sender,
            event.kind,
            event.key,
            blot(event.text),
            tuple(choice.label for choice in event.choices),
            event.input,
            blot(repr(event.data)),
        )
        for event in events
        if event.sender is not Sender.USER
    ]


def a_number_nobody_has() -> str:
    return make_number([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])


def outbox_rows(world: World) -> int:
    with by_hand(world.services.settings.url) as database:
        (count,) = database.execute("select count(*) from outbox").fetchone()
    return int(count)


# -- somebody else's number ---------------------------------------------------------------------


@pytest.mark.parametrize("way", ["said", "menu"])
async def test_a_session_hears_the_same_of_a_foreign_number_and_of_one_nobody_has(
    world: World, way: str
) -> None:
    theirs = await files_unbinding(await enter(world, "lin"))
    unknown = a_number_nobody_has()
    answers = []
    for number, asker in ((theirs, "chen"), (unknown, "wu")):
        player = await enter(world, asker)
        rows = outbox_rows(world)
        if way == "menu":
            await player.step({"choose": "request_status"})
        await player.step({"user": number})
        answers.append((heard(player.events, number), outbox_rows(world) - rows))
    assert answers[0] == answers[1]


async def test_a_stranger_hears_the_same_of_a_foreign_number_and_of_one_nobody_has(
    world: World,
) -> None:
    theirs = await files_unbinding(await enter(world, "lin"))
    sent_before = len(world.codes.messages)
    answers = []
    for number in (theirs, a_number_nobody_has()):
        player = await enter(world)
        rows = outbox_rows(world)
        await steps(player, {"user": f"进度 {number}"}, {"user": "123456"}, {"user": "123457"})
        await steps(player, {"user": "123458"}, {"choose": "resend"}, {"user": "123459"})
        answers.append((heard(player.events, number), outbox_rows(world) - rows))
    assert answers[0] == answers[1]
    assert len(world.codes.messages) == sent_before + 1, "the owner alone was sent a code"


async def test_a_damaged_request_makes_no_difference_to_a_number_nobody_has(world: World) -> None:
    theirs, unknown = await files_unbinding(await enter(world, "lin")), a_number_nobody_has()
    answers = []
    for asker in ("chen", "wu"):
        player = await enter(world, asker)
        await player.step({"user": unknown})
        answers.append(heard(player.events, unknown))
        with by_hand(world.services.settings.url) as database:
            database.execute("update ticket set body = ?", [b"\0"])
    assert answers[0] == answers[1]
    assert [one.number for one in await world.services.store.reader.refused_rows()] == [theirs]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note all that is asked of the database meanwhile, and each commit."""
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(str(told[2]))

    def commit(_: Any) -> None:
        asked.append("COMMIT")

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", commit)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "commit", commit)


@ABOUT_THE_FILE
@pytest.mark.parametrize(("asker", "down"), [("", False), ("", True), ("chen", False)])
async def test_looking_for_a_number_takes_and_tells_the_same_whether_or_not_it_exists(
    tmp_path: Path, asker: str, *, down: bool
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    async with open_world(kept) as world:
        theirs = await files_unbinding(await enter(world, "lin"))
        await steps(
            await enter(world, "wu"), {"choose": "access"}, {"code": "right"}, {"choose": "all"}
        )
    work = []
    for number in (theirs, a_number_nobody_has()):
        # The same desk each time, opened anew: nobody's keys are at hand.
        folder = tmp_path / number
        shutil.copytree(kept, folder)
        async with open_world(folder) as world:
            world.codes.down = down
            player = await enter(world, asker)
            rows = outbox_rows(world)
            with statements() as asked:
                await steps(player, {"user": f"进度 {number}"}, {"user": "123456"})
            new_rows = outbox_rows(world) - rows
            # Who waits for a gateway that is down is told after a while.
            world.clock.move(timedelta(seconds=21))
            await player.settle()
            told = heard(player.events, number)
            # What the desk then tries again is not seen by anybody.
            work.append((told, new_rows, [] if down else sorted(asked)))
    assert work[0] == work[1]


async def test_the_number_and_its_contacts_code_show_the_ticket_and_no_more(world: World) -> None:
    number = await files_unbinding(await enter(world, "lin"))
    world.clock.move(timedelta(hours=1))
    owners = len(world.accounts.calls)
    player = await enter(world)
    await steps(player, {"user": number}, {"code": "right"}, {"bot": "ticket"})
    shown = repr(heard(player.events))
    assert number in shown
    lin = world.people[PEOPLE["lin"]]
    assert lin.record is not None
    assert lin.phone
    for secret in (lin.phone, lin.phone[-4:], lin.record.nickname, lin.record.account):
        assert secret not in shown
    await steps(player, {"choose": "desk:menu"}, {"choose": "access"})
    read = {call.action.value for call in world.accounts.calls[owners:]}
    assert read.isdisjoint({"profile", "export"})


# -- before proof -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["access", "unbinding", "rectification", "deregistration"])
@pytest.mark.parametrize("name", ["lin", "liu"])
async def test_nothing_of_the_account_is_read_or_told_before_proof(
    world: World, name: str, kind: str
) -> None:
    player = await enter(world, name)
    await player.step({"choose": kind})
    for _ in range(4):
        if any(key.startswith("verify.") for key in player.said()):
            break
        view = await world.services.desk.view(player.session)  # type: ignore[arg-type]
        prompt = next(e for e in player.events if e.offset == view.prompt)
        value = prompt.choices[0].id if prompt.choices else None
        await player.step({"choose": value} if value else {"user": "小林"})
    # How many ways to log in there are is read for whoever is logged in, so that the last one is
    # told before a document is asked for; what they are is not.
    read = [call for call in world.accounts.calls if call.action.value != "bindings"]
    assert not read
    record = player.person.record if player.person else None
    assert record is not None
    shown = repr(heard(player.events))
    bound = [b.label_masked for b in record.shown_bindings if b.provider.value != "phone"]
    hidden = [record.nickname, record.account, record.phone or record.account, *bound]
    assert not [secret for secret in hidden if secret in shown]


async def test_a_guardian_learns_nothing_of_whether_the_childs_account_exists(
    tmp_path: Path,
) -> None:
    answers = []
    for number, account in enumerate(("u-1004", "u-9999")):
        async with open_world(tmp_path / str(number)) as world:
            player = await enter(world)
            rows = outbox_rows(world)
            await steps(player, {"choose": "guardian"}, {"choose": "mother"})
            await steps(player, {"user": "2014-03-02"}, {"user": account}, {"choose": "delete"})
            await steps(player, {"choose": "_skip"}, {"user": "+8619900001104"}, {"code": "right"})
            await steps(player, {"upload": "birth.png"}, {"choose": "_done"})
            (ticket,) = await player.tickets()
            assert ticket.kind.value == "guardian"
            answers.append(
                (heard(player.events, account, ticket.number), outbox_rows(world) - rows)
            )
            assert not world.accounts.calls
            assert (world.accounts.book.find(account) is None) == bool(number)
    assert answers[0] == answers[1]


async def test_a_child_is_not_told_of_a_guardians_request_by_its_number(world: World) -> None:
    mother = await enter(world)
    await steps(mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "2014-03-02"})
    await steps(mother, {"user": "u-1004"}, {"choose": "access"}, {"choose": "_skip"})
    await steps(mother, {"user": "+8619900001104"}, {"code": "right"})
    await steps(mother, {"upload": "birth.png"}, {"choose": "_done"})
    await steps(mother, {"agent": {"examine": "accepted"}})
    await steps(mother, {"agent": {"release": {"account": "u-1004"}}})
    (ticket,) = await mother.tickets()
    assert ticket.account == "u-1004"
    child = Player(world, world.people["lele"], "zh_Hans", jobs=1_000_000)
    await child.start()
    await child.step({"user": ticket.number})
    assert child.said() == ["request_status.nothing"]


@pytest.mark.parametrize(
    "kind",
    ["access", "rectification", "deletion", "consent_withdrawal", "deregistration", "unbinding",
     "automated_decision", "complaint", "guardian", "underage_report", "request_status"],
)  # fmt: skip
async def test_nobody_logged_in_reaches_no_account(world: World, kind: str) -> None:
    await files_unbinding(await enter(world, "lin"))
    calls = len(world.accounts.calls)
    player = await enter(world)
    await player.step({"choose": kind})
    for words in ("u-1001", "lin-xiaoyu", "+8619900001001", "000000", "u-1001", "好"):
        await player.step({"user": words})
    assert len(world.accounts.calls) == calls
    lin = world.people[PEOPLE["lin"]].record
    assert lin is not None
    shown = repr(heard(player.events, "u-1001"))
    assert lin.nickname not in shown
    assert not re.search(r"PD-(\w{4}-){2}", shown)


# -- codes --------------------------------------------------------------------------------------


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@ABOUT_THE_FILE
async def test_neither_codes_nor_words_stand_on_the_disk(tmp_path: Path) -> None:
    words = "我的行车记录仪编号是蓝色七号"
    async with open_world(tmp_path) as world:
        player = await enter(world, "lin")
        await steps(player, {"choose": "complaint"}, {"user": words})
        await steps(player, {"choose": "desk:menu"})
        await files_unbinding(player)
        await steps(player, {"user": world.codes.messages[-1].code})
        during = bytes_on_disk(tmp_path)
    after = bytes_on_disk(tmp_path)
    lin = world.people[PEOPLE["lin"]]
    assert lin.record is not None
    assert lin.phone
    codes = [message.code for message in world.codes.messages]
    assert codes
    for secret in (*codes, words, lin.phone, lin.phone[-8:], lin.record.account):
        for form in (secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be")):
            assert form not in during
            assert form not in after


@pytest.mark.parametrize(
    "spelling",
    ["{}", " {} ", "{0[0]} {0[1]} {0[2]} {0[3]} {0[4]} {0[5]}", "wide", "{:.3}-{}"],
)
async def test_a_code_is_taken_however_it_is_typed_and_never_kept(
    world: World, spelling: str
) -> None:
    player = await enter(world, "lin")
    await player.step({"choose": "unbinding"})
    code = world.codes.messages[-1].code
    if spelling == "wide":
        typed = "".join(chr(ord(digit) - ord("0") + ord("\uff10")) for digit in code)
    elif spelling == "{:.3}-{}":
        typed = f"{code[:3]}-{code[3:]}"
    else:
        typed = spelling.format(code)
    await steps(player, {"user": typed}, {"bot": "unbinding.which"})
    said = repr(player.events)
    assert code not in said
    assert typed not in said


@pytest.mark.parametrize("around", ["验证码是{}", "my code: {}!", "{}谢谢", "code {0}, again {0}"])
async def test_a_code_among_words_is_blotted_out(world: World, around: str) -> None:
    player = await enter(world, "lin")
    await player.step({"choose": "unbinding"})
    code = world.codes.messages[-1].code
    await player.step({"user": around.format(code)})
    assert code not in repr(player.events)
    kept = [event.text for event in player.events if event.sender is Sender.USER]
    assert kept[-1] == around.format("••••••"), "the words around it stay"


async def test_six_digits_in_a_sentence_at_the_menu_are_no_code(world: World) -> None:
    player = await enter(world, "lin")
    words = "我的订单号是 654321，帮我看看"
    await player.step({"user": words})
    assert words in [event.text for event in player.events]


async def test_a_code_typed_after_its_form_was_left_is_not_kept(world: World) -> None:
    player = await enter(world, "lin")
    await steps(player, {"choose": "unbinding"}, {"choose": "desk:cancel"}, {"code": "right"})
    assert world.codes.messages[-1].code not in repr(player.events)


async def test_three_wrong_codes_are_three_from_wherever_they_are_typed(world: World) -> None:
    first = await enter(world, "lin")
    await steps(first, {"choose": "unbinding"}, {"code": "wrong"}, {"bot": "verify.wrong"})
    second = await enter(world, "lin")
    await second.step({"code": "wrong"})
    assert "verify.wrong" in second.said()
    await second.step({"reconnect": True})
    await steps(second, {"code": "wrong"}, {"bot": "verify.spent"})
    # The right one comes too late, in any tab and after leaving the form and coming back.
    third = await enter(world, "lin")
    await steps(third, {"code": "right"}, {"not_bot": "unbinding.which"})
    await steps(third, {"choose": "desk:cancel"}, {"choose": "desk:menu"}, {"choose": "access"})
    await steps(third, {"code": "right"}, {"not_bot": "access.profile"})


async def test_waits_grow_and_a_day_has_an_end_of_codes(world: World) -> None:
    player = await enter(world, "lin")
    await player.step({"choose": "unbinding"})
    assert len(world.codes.messages) == 1
    for number, minutes in enumerate((1, 2, 5, 15, 15), start=2):
        await steps(player, {"choose": "resend"}, {"bot": "verify.wait"})
        world.clock.move(timedelta(minutes=minutes) - timedelta(seconds=1))
        # A code lives for five minutes; after that there is none to enter meanwhile.
        told = "verify.wait" if minutes <= 5 else "verify.wait_first"
        await steps(player, {"choose": "resend"}, {"bot": told})
        world.clock.move(timedelta(seconds=1))
        await player.step({"choose": "resend"})
        assert len(world.codes.messages) == number
    world.clock.move(timedelta(hours=3))
    await player.step({"choose": "resend"})
    assert "verify.capped" in player.said()
    assert len(world.codes.messages) == 6
    # Neither another wish nor another connection gets a seventh.
    other = await enter(world, "lin")
    await steps(other, {"choose": "desk:menu"}, {"choose": "access"}, {"bot": "access.intro"})
    assert len(world.codes.messages) == 6
    world.clock.move(timedelta(hours=24))
    again = await enter(world, "lin")
    await steps(again, {"choose": "desk:menu"}, {"choose": "unbinding"})
    assert len(world.codes.messages) == 7


async def test_a_code_works_once_and_not_after_its_time(world: World) -> None:
    player = await enter(world, "lin")
    await player.step({"choose": "unbinding"})
    world.clock.move(timedelta(minutes=5, seconds=1))
    await steps(player, {"code": "right"}, {"bot": "verify.expired"})
    await steps(player, {"choose": "resend"}, {"code": "right"}, {"bot": "unbinding.which"})
    used = world.codes.messages[-1].code
    # Half an hour later a new proof is asked for, and the old code is none.
    world.clock.move(timedelta(minutes=31))
    await steps(player, {"choose": "desk:cancel"}, {"choose": "desk:menu"}, {"choose": "access"})
    for _ in range(3):
        if "verify.code_sent" in player.said():
            break
        view = await world.services.desk.view(player.session)  # type: ignore[arg-type]
        prompt = next(e for e in player.events if e.offset == view.prompt)
        await player.step({"choose": prompt.choices[0].id})
    assert world.codes.messages[-1].code != used
    await player.step({"user": used})
    assert "verify.wrong" in player.said()
