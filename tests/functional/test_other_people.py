"""What is somebody else's is to everybody else as if it were not there, by whatever name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from tests.common.stories import Player, World, enter, picture, steps

from privacydesk.domain.numbers import make_number
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError
from privacydesk.services.api import Credentials

UNKNOWN_NUMBER = make_number([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])


async def uploaded(player: Player) -> str:
    """Upload a file where one is asked for, and return its id; it is not handed in."""

    async def content() -> AsyncIterator[bytes]:
        yield picture()

    assert player.session is not None
    receipt = await player.world.services.desk.store_upload(
        player.session, name="own.png", media_type="image/png", content=content()
    )
    return receipt.id


async def complains(player: Player) -> None:
    """Come to the question for files of a complaint."""
    await steps(
        player, {"choose": "complaint"}, {"choose": "leak"}, {"user": "My address was posted."}
    )


async def filed(player: Player) -> Ticket:
    """File a complaint and return its request."""
    await complains(player)
    await steps(player, {"choose": "collect_evidence.nothing_to_add"}, {"bot": "complaint.filed"})
    return (await player.tickets())[0]


async def refusal(asked: Awaitable[Any]) -> tuple[str, str, dict[str, Any]]:
    with pytest.raises(DeskError) as caught:
        await asked
    return caught.value.code.value, caught.value.message, dict(caught.value.data)


def heard(player: Player, number: str) -> list[tuple[Any, ...]]:
    """Return what was said since the last step, without the number that it was about."""
    return [
        (one.sender, one.kind, one.key, one.text.replace(number, "…"), len(one.choices))
        for one in player.events[player.mark :]
    ]


async def test_a_file_is_handed_in_by_the_conversation_that_uploaded_it(world: World) -> None:
    lin, chen = await enter(world, "lin", "en"), await enter(world, "chen", "en")
    for player in (lin, chen):
        await complains(player)
    theirs = await uploaded(lin)
    desk = world.services.desk
    assert chen.session is not None
    mine = await uploaded(chen)
    answers = [
        await refusal(desk.submit_uploads(chen.session, id=f"f{n}", uploads=files))
        for n, files in enumerate(([theirs], ["00" * 16], [mine, theirs], [mine, "00" * 16]))
    ]
    assert len({repr(one) for one in answers}) == 1
    await lin.do("submit_uploads", uploads=[theirs], done=True)
    assert "complaint.filed" in lin.said(), "the file is still its owner's"


ACTIONS = {"add": "chen", "ask": "wu", "object": "alice", "verify": "mei", "withdraw": "liu"}
"""What a button of a request's card does, and by whom another one's button is tried."""


@pytest.mark.parametrize("logged_in", [True, False], ids=["account", "stranger"])
async def test_a_button_with_anothers_number_does_what_one_with_nobodys_does(
    world: World, *, logged_in: bool
) -> None:
    ticket = await filed(await enter(world, "lin", "en"))
    log = await world.services.store.reader.ticket_log(ticket.id)
    for action, name in ACTIONS.items():
        answers = []
        for number in (ticket.number, UNKNOWN_NUMBER):
            player = await enter(world, name if logged_in else "", "en")
            await player.step({"choose": "desk:menu"})
            await player.do("choose", choice=f"desk:request:{action}:{number}", offset=0)
            first = heard(player, number)
            await player.step({"user": "yes, do it"})
            answers.append((first, heard(player, number)))
            assert ticket.number not in repr([one.data for one in player.events])
        assert answers[0] == answers[1], action
    assert await world.services.staff.tickets.by_number(ticket.number) == ticket
    assert await world.services.store.reader.ticket_log(ticket.id) == log


Fetch = Callable[[Any, Any, str], Awaitable[Any]]
FETCHED: Mapping[str, Fetch] = {
    "receipt": lambda desk, session, number: desk.receipt(session, number),
    "receipt in words": lambda desk, session, number: desk.receipt_text(session, number),
    "package": lambda desk, session, number: desk.download(session, number, "x" * 43),
}


@pytest.mark.parametrize("what", FETCHED)
async def test_what_belongs_to_anothers_request_is_not_found_like_what_nobody_has(
    world: World, what: str
) -> None:
    ticket = await filed(await enter(world, "lin", "en"))
    chen = await enter(world, "chen", "en")
    desk = world.services.desk
    answers = [
        await refusal(FETCHED[what](desk, chen.session, number))
        for number in (ticket.number, UNKNOWN_NUMBER)
    ]
    assert answers[0] == answers[1]


async def test_a_secret_opens_its_own_conversation_and_a_changed_one_none(world: World) -> None:
    stranger, other = await enter(world, "", "en"), await enter(world, "", "en")
    secret = stranger.credentials.secret
    desk = world.services.desk
    opened = await desk.open(Credentials(secret=secret), languages="en")
    assert opened.session.conversation == stranger.session.conversation  # type: ignore[union-attr]
    assert opened.session.conversation != other.session.conversation  # type: ignore[union-attr]
    changed = ("A" if secret[0] != "A" else "B") + secret[1:]
    account = stranger.session.conversation.hex()  # type: ignore[union-attr]
    for wrong in (changed, secret[:-1], secret + "A", secret.swapcase(), account, "u-1001"):
        code, _, _ = await refusal(desk.open(Credentials(secret=wrong), languages="en"))
        assert code == "unauthenticated", wrong


# -- one proof stands for one thing ---------------------------------------------------------------


async def test_the_code_of_one_request_shows_no_other_one(world: World) -> None:
    lins = await filed_by_owner(world, "lin")
    chens = await filed_by_owner(world, "chen")
    guest = await enter(world, "", "en")
    await steps(guest, {"user": f"status of {lins}"}, {"bot": "return_to_ticket.code_sent"})
    codes = world.codes.messages
    first = codes[-1].code
    await steps(guest, {"choose": "other_number"}, {"user": chens})
    assert codes[-1].code != first
    await guest.do("say", text=first)
    assert "ticket" not in guest.said()
    assert chens not in repr([one.data for one in guest.events])
    assert lins not in repr([one.data for one in guest.events])


async def test_a_request_that_was_shown_opens_no_other_one(world: World) -> None:
    lins = await filed_by_owner(world, "lin")
    chens = await filed_by_owner(world, "chen")
    guest = await enter(world, "", "en")
    await steps(guest, {"user": f"status of {lins}"}, {"code": "right"}, {"bot": "ticket"})
    await guest.step({"user": f"status of {chens}"})
    assert "ticket" not in guest.said()
    assert chens not in repr([one.data for one in guest.events])


async def filed_by_owner(world: World, name: str) -> str:
    """File a request that its account's phone proves, and return its number."""
    owner = await enter(world, name, "en")
    await steps(owner, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    return (await owner.tickets())[0].number


async def test_a_code_to_one_contact_proves_no_other(world: World) -> None:
    guest = await enter(world, "", "en")
    await complains(guest)
    await steps(guest, {"user": "first@example.com"}, {"bot": "verify_contact.code_sent"})
    first = world.codes.messages[-1].code
    await steps(guest, {"choose": "other_contact"}, {"user": "second@example.com"})
    assert world.codes.messages[-1].code != first
    await guest.do("say", text=first)
    assert "verify_contact.wrong" in guest.said()


async def test_a_code_of_one_account_proves_no_other(world: World) -> None:
    lin, chen = await enter(world, "lin", "en"), await enter(world, "chen", "en")
    await lin.step({"choose": "access"})
    lins = world.codes.messages[-1].code
    await chen.step({"choose": "access"})
    assert world.codes.messages[-1].code != lins
    await chen.do("say", text=lins)
    assert "verify.wrong" in chen.said()
    await lin.do("say", text=lins)
    assert "verify.wrong" not in lin.said(), "it was right, where it was sent for"
