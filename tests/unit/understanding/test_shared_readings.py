"""A reading that many wait for is requested once a user, and known to all at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Observation, RecognisedIntent
from privacydesk.errors import UnavailableError
from privacydesk.understanding.shared_readings import SharedReadings

_GREETS = Observation(RecognisedIntent(Intent.SMALLTALK, 0.9))
_HI = b"digest of hi"


class _Stage:
    """Readings whose answers the test gives."""

    def __init__(self) -> None:
        self.requested: defaultdict[bytes, list[asyncio.Future[Observation]]] = defaultdict(list)
        self._readings = SharedReadings()

    def ask(self, whose: bytes, digest: bytes = _HI) -> asyncio.Task[Observation]:
        async def request() -> Observation:
            answer: asyncio.Future[Observation] = asyncio.get_running_loop().create_future()
            self.requested[whose].append(answer)
            return await answer

        return asyncio.create_task(self._readings.read(digest, whose, request))

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


async def test_a_user_requests_a_reading_once_and_the_next_time_anew() -> None:
    stage = _Stage()
    asking = [stage.ask(b"ann") for _ in range(3)]
    await stage.settle()
    (answer,) = stage.requested[b"ann"]
    answer.set_result(_GREETS)
    assert await asyncio.gather(*asking) == [_GREETS] * 3
    # Whether it is kept is for others to decide.
    again = stage.ask(b"ann")
    await stage.settle()
    stage.requested[b"ann"][1].set_result(_GREETS)
    assert await again == _GREETS


async def test_readings_of_different_messages_are_not_shared() -> None:
    stage = _Stage()
    asking = [stage.ask(b"ann", digest) for digest in (b"one", b"two")]
    await stage.settle()
    first, second = stage.requested[b"ann"]
    second.set_result(_GREETS)
    await stage.settle()
    assert [one.done() for one in asking] == [False, True]
    first.set_result(_GREETS)
    await asyncio.gather(*asking)


async def test_the_first_answer_is_everybodys_and_the_other_requests_are_withdrawn() -> None:
    stage = _Stage()
    flooding, quiet = stage.ask(b"ann"), stage.ask(b"bob")
    await stage.settle()
    stage.requested[b"bob"][0].set_result(_GREETS)
    assert [await flooding, await quiet] == [_GREETS, _GREETS]
    await stage.settle()
    assert stage.requested[b"ann"][0].cancelled()


async def test_who_leaves_takes_the_reading_from_nobody() -> None:
    stage = _Stage()
    first, second = stage.ask(b"ann"), stage.ask(b"ann")
    await stage.settle()
    first.cancel()
    await stage.settle()
    stage.requested[b"ann"][0].set_result(_GREETS)
    assert await second == _GREETS
    assert first.cancelled()


async def test_a_reading_that_nobody_waits_for_is_withdrawn_and_may_be_requested_again() -> None:
    stage = _Stage()
    left = stage.ask(b"ann")
    await stage.settle()
    left.cancel()
    await stage.settle()
    assert stage.requested[b"ann"][0].cancelled()
    again = stage.ask(b"ann")
    await stage.settle()
    stage.requested[b"ann"][1].set_result(_GREETS)
    assert await again == _GREETS


async def test_a_refusal_concerns_those_who_share_the_request() -> None:
    stage = _Stage()
    refused, patient = [stage.ask(b"ann"), stage.ask(b"ann")], stage.ask(b"bob")
    await stage.settle()
    stage.requested[b"ann"][0].set_exception(UnavailableError("too many wait"))
    for one in refused:
        with pytest.raises(UnavailableError):
            await one
    again = stage.ask(b"ann")
    await stage.settle()
    assert len(stage.requested[b"ann"]) == 2
    stage.requested[b"bob"][0].set_result(_GREETS)
    assert [await patient, await again] == [_GREETS, _GREETS]
