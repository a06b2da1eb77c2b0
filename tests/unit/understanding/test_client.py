from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from privacydesk.clock import MovableClock
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Question
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.outages import Outages
from privacydesk.understanding.client import UnderstandingProcess
from privacydesk.understanding.wire import Briefing

pytestmark = pytest.mark.by_turns(2)

ME = b"me"
TODAY = date(2026, 11, 29)

STAND_IN = """
import json, os, pathlib, sys, time
sys.path[:] = json.loads(sys.argv[1])
from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import RecognisedIntent
from privacydesk.understanding import wire

starts = pathlib.Path(__file__).with_name("starts")
count = len(starts.read_text()) if starts.exists() else 0
starts.write_text("." * (count + 1))
frames, dropped, heard = wire.Frames(), [], []

def say(reply):
    os.write(1, wire.frame(reply))

def answer(number, text):
    heard.append(text)
    if text == "end":
        os._exit(1)
    if text == "hang":
        while True:
            time.sleep(1)
    if text.startswith("wait"):
        return
    if text == "full":
        return say(wire.Full(number, "too many", 2.0))
    if text == "nonsense":
        return os.write(1, (3).to_bytes(4, "big") + bytes([0xC1, 0xC1, 0xC1]))
    if text == "endless":
        return os.write(1, bytes([255] * 4))
    if text == "late":
        time.sleep(0.1)
        os._exit(1)
    if text == "fault":
        return say(wire.Failed(number, "ValueError"))
    if text == "hi":
        greeting = wire.Seen(RecognisedIntent(Intent.SMALLTALK, 1.0), "", {"bare_value": (text,)})
        return say(wire.Heard(number, greeting))
    facts = {"dropped?": dropped, "heard?": heard, "digest?": briefing.digest}
    told = facts.get(text, [text, count])
    say(wire.Heard(number, wire.Seen(RecognisedIntent(Intent.ACCESS, 1.0), json.dumps(told), {})))

if pathlib.Path(__file__).with_name("broken").exists():
    sys.exit(3)
slow = pathlib.Path(__file__).with_name("slow")
if count and slow.exists():
    time.sleep(float(slow.read_text()))
briefing = wire.read_briefing(os.read(0, int.from_bytes(os.read(0, 4), "big")))
say(wire.Ready(("menu",), briefing.digest or f"version {count}"))
while data := os.read(0, 65536):
    for body in frames.split(data):
        match wire.read_request(body):
            case wire.Hear(number, said, _, _):
                answer(number, wire.from_bytes(said))
            case wire.Drop(number):
                dropped.append(number)
            case wire.Ping():
                say(wire.Pong())
            case wire.GoBy(number, policy, digest):
                if digest == "end":
                    os._exit(1)
                if digest == "damaged":
                    say(wire.Stays(number, "it can't be read"))
                elif digest == "stopped":
                    say(wire.Full(number, "not now", None))
                else:
                    say(wire.Goes(number))
"""
"""A program that does what it is told, and tells how often one was started before it."""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "stand_in.py"
    file.write_text(STAND_IN)
    return file


@asynccontextmanager
async def running(
    program: Path, *, silent: float = 5.0, without: float = 10.0, pause: float = 0.05
) -> AsyncIterator[UnderstandingProcess]:
    async with UnderstandingProcess(
        Briefing(""),
        program=program,
        writable=[program.parent],
        silent=silent,
        without=without,
        pause=pause,
    ) as process:
        await process.ready()
        yield process


async def told(process: UnderstandingProcess, text: str) -> str:
    return (await process.interpret(text, ME, TODAY)).language


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def pid_of(process: UnderstandingProcess) -> int:
    assert process.pid is not None
    return process.pid


async def test_what_is_asked_at_the_same_time_is_answered_to_whom_it_was(program: Path) -> None:
    async with running(program) as process:
        words = [f"word {number}" for number in range(300)]
        answers = await asyncio.gather(*(told(process, word) for word in words))
        assert answers == [f'["{word}", 0]' for word in words]


async def test_our_own_words_are_asked_once_and_a_persons_every_time(program: Path) -> None:
    async with running(program) as process:
        for text in ("menu", "menu", "mine", "mine"):
            await process.interpret(text, ME, TODAY)
        assert await told(process, "heard?") == '["menu", "mine", "mine", "heard?"]'


async def test_what_many_say_is_asked_once_of_each_program(program: Path) -> None:
    async with running(program) as process:
        first = await process.interpret("hi", ME, TODAY)
        assert await process.interpret("hi", b"you", TODAY) == first
        assert await told(process, "heard?") == '["hi", "heard?"]'
        await process.interpret("hi", ME, TODAY, Question("May it go?"))
        assert await told(process, "heard?") == '["hi", "heard?", "hi", "heard?"]'
        killed = pid_of(process)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: process.pid != killed)
        await process.interpret("hi", ME, TODAY)
        assert await told(process, "heard?") == '["hi", "heard?"]'


async def test_what_many_say_at_once_is_asked_once_though_the_first_of_them_leaves(
    program: Path,
) -> None:
    async with running(program) as process:
        os.kill(pid_of(process), signal.SIGSTOP)
        saying = [asyncio.create_task(process.interpret("hi", ME, TODAY)) for _ in range(256)]
        await asyncio.sleep(0)
        saying[0].cancel()
        os.kill(pid_of(process), signal.SIGCONT)
        heard = await asyncio.wait_for(asyncio.gather(*saying[1:]), 30)
        assert all(one == heard[0] for one in heard)
        assert await told(process, "heard?") == '["hi", "heard?"]'
        assert await told(process, "dropped?") == "[]"


async def test_a_program_that_ends_is_started_again_and_asked_again(program: Path) -> None:
    async with running(program) as process:
        os.kill(pid_of(process), signal.SIGSTOP)
        waiting = [asyncio.create_task(told(process, f"word {number}")) for number in range(9)]
        await asyncio.sleep(0.05)
        os.kill(pid_of(process), signal.SIGKILL)
        answers = await asyncio.wait_for(asyncio.gather(*waiting), 10)
        assert answers == [f'["word {number}", 1]' for number in range(9)]


async def test_what_is_asked_again_and_takes_long_holds_up_nobody(program: Path) -> None:
    async with running(program, silent=3.0) as process:
        slow = [asyncio.create_task(told(process, f"wait {number}")) for number in range(3)]
        await asyncio.sleep(0.05)
        os.kill(pid_of(process), signal.SIGKILL)
        assert await asyncio.wait_for(told(process, "hello"), 10) == '["hello", 1]'
        assert not any(one.done() for one in slow)
        for one in slow:
            one.cancel()


async def test_whoever_was_asked_beside_many_slow_ones_is_answered_soon_after_a_kill(
    program: Path,
) -> None:
    async with running(program, silent=15.0) as process:
        slow = [asyncio.create_task(told(process, f"wait {number}")) for number in range(30)]
        os.kill(pid_of(process), signal.SIGSTOP)
        asked = asyncio.create_task(told(process, "hello"))
        await asyncio.sleep(0.05)
        os.kill(pid_of(process), signal.SIGKILL)
        assert await asyncio.wait_for(asked, 5) == '["hello", 1]'
        for one in slow:
            one.cancel()


async def test_one_that_is_killed_again_and_again_is_back_soon(program: Path) -> None:
    async with running(program, pause=0.25) as process:
        for _ in range(6):
            await told(process, "hello")
            os.kill(pid_of(process), signal.SIGKILL)
        assert await asyncio.wait_for(told(process, "hello"), 5) == '["hello", 6]'


async def test_an_end_and_a_beginning_are_one_outage(program: Path) -> None:
    clock = MovableClock()
    outages = Outages(clock)
    outage = outages.of("reader")
    async with UnderstandingProcess(
        Briefing(""), program=program, writable=[program.parent], outage=outage
    ) as process:
        await process.ready()
        assert process.is_alive()
        with capture_logs() as logs:
            os.kill(pid_of(process), signal.SIGKILL)
            await until(lambda: outage.is_active)
            assert not process.is_alive()
            await until(lambda: not outage.is_active)
            await until(process.is_alive)
    assert [line["event"] for line in logs] == ["outage_began", "outage_ended"]
    assert logs[0]["cause"] == "ended, code -9"


async def test_one_that_hangs_is_no_longer_told_to_be_alive(program: Path) -> None:
    async with running(program, silent=60.0) as process:
        assert process.is_alive()
        os.kill(pid_of(process), signal.SIGSTOP)
        await until(lambda: not process.is_alive())
        os.kill(pid_of(process), signal.SIGCONT)
        await until(process.is_alive)


async def test_a_message_that_ends_every_program_was_not_understood(program: Path) -> None:
    async with running(program) as process:
        harmful = asyncio.create_task(process.interpret("end", ME, TODAY))
        others = [asyncio.create_task(told(process, f"other {number}")) for number in range(5)]
        heard = await asyncio.wait_for(harmful, 20)
        assert heard.recognised is not None
        assert (heard.recognised.intent, heard.recognised.sure) == (Intent.OTHER, False)
        # Whoever had the bad luck of being asked beside it is understood all the same.
        assert await asyncio.gather(*others) == [f'["other {number}", 2]' for number in range(5)]


async def test_a_message_that_silences_a_program_does_not_silence_the_desk(program: Path) -> None:
    async with running(program, silent=1.0) as process:
        harmful = asyncio.create_task(process.interpret("hang", ME, TODAY))
        other = asyncio.create_task(told(process, "hello"))
        heard = await asyncio.wait_for(harmful, 20)
        assert heard.recognised is not None
        assert not heard.recognised.sure
        assert await other == '["hello", 2]'


async def test_it_is_found_out_however_long_a_program_takes_to_begin(program: Path) -> None:
    (program.parent / "slow").write_text("1.5")
    async with running(program, silent=1.5, without=1.0) as process:
        harmful = asyncio.create_task(process.interpret("hang", ME, TODAY))
        others = [asyncio.create_task(told(process, f"other {number}")) for number in range(5)]
        done = await asyncio.wait_for(asyncio.gather(harmful, *others, return_exceptions=True), 30)
        # There was no program for longer than people wait; nobody waits for ever, at least.
        assert all(isinstance(one, UnavailableError) for one in done)
    async with running(program, silent=1.5, without=5.0) as process:
        harmful = asyncio.create_task(process.interpret("hang", ME, TODAY))
        others = [asyncio.create_task(told(process, f"other {number}")) for number in range(5)]
        heard = await asyncio.wait_for(harmful, 30)
        assert heard.recognised is not None
        assert not heard.recognised.sure
        assert all("other" in one for one in await asyncio.gather(*others))


async def test_who_is_asked_beside_it_does_not_suffer_though_it_takes_its_time(
    program: Path,
) -> None:
    async with running(program) as process:
        words = ["first", "late", "second", "third"]
        asked = [asyncio.create_task(process.interpret(word, ME, TODAY)) for word in words]
        heard = await asyncio.wait_for(asyncio.gather(*asked), 20)
        sure = [one.recognised is not None and one.recognised.sure for one in heard]
        assert sure == [True, False, True, True]


@pytest.mark.parametrize("text", ["nonsense", "endless"])
async def test_a_program_that_tells_nonsense_is_ended(program: Path, text: str) -> None:
    async with running(program) as process:
        asked = [asyncio.create_task(told(process, f"wait {number}")) for number in range(2)]
        harmful = asyncio.create_task(process.interpret(text, ME, TODAY))
        heard = await asyncio.wait_for(harmful, 20)
        assert heard.recognised is not None
        assert not heard.recognised.sure
        # It lay behind others that take long, and was given to a program beside them once more.
        assert await told(process, "hello") == '["hello", 3]'
        for one in asked:
            one.cancel()


async def test_a_word_of_ours_that_ended_programs_is_asked_again_another_time(
    program: Path,
) -> None:
    async with running(program) as process:
        for _ in range(2):
            os.kill(pid_of(process), signal.SIGSTOP)
            asked = asyncio.create_task(process.interpret("menu", ME, TODAY))
            for _ in range(2):
                stopped = pid_of(process)
                await asyncio.sleep(0.1)
                os.kill(stopped, signal.SIGKILL)
                await until(lambda stopped=stopped: process.pid not in {None, stopped})  # type: ignore[misc]
                os.kill(pid_of(process), signal.SIGSTOP)
            os.kill(pid_of(process), signal.SIGCONT)
            await asyncio.wait_for(asked, 20)
        assert (await process.interpret("menu", ME, TODAY)).language.startswith('["menu", ')


async def test_every_program_answers_from_the_same_version_of_the_policy(program: Path) -> None:
    async with running(program) as process:
        os.kill(pid_of(process), signal.SIGKILL)
        assert await asyncio.wait_for(told(process, "digest?"), 10) == '"version 0"'


async def test_a_newer_version_is_what_later_programs_answer_from(program: Path) -> None:
    async with running(program) as process:
        await process.switch_policy("mochat", "newer")
        os.kill(pid_of(process), signal.SIGKILL)
        assert await asyncio.wait_for(told(process, "digest?"), 10) == '"newer"'


async def test_a_version_that_can_not_be_taken_changes_nothing(program: Path) -> None:
    async with running(program) as process:
        with pytest.raises(UnavailableError):
            await process.switch_policy("mochat", "stopped")
        with pytest.raises(DeskError, match="can't be read"):
            await process.switch_policy("mochat", "damaged")
        with pytest.raises(DeskError, match="ended the program"):
            await asyncio.wait_for(process.switch_policy("mochat", "end"), 20)
        assert await asyncio.wait_for(told(process, "digest?"), 10) == '"version 0"'


async def test_a_program_that_works_for_long_is_left_to_it(program: Path) -> None:
    async with running(program, silent=2.0) as process:
        slow = asyncio.create_task(told(process, "wait"))
        await asyncio.sleep(5)
        assert await told(process, "hello") == '["hello", 0]'
        slow.cancel()


async def test_the_program_hears_of_who_has_gone(program: Path) -> None:
    async with running(program) as process:
        task = asyncio.create_task(told(process, "wait"))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await told(process, "dropped?") == "[1]"


async def test_refusals_and_faults_are_told(program: Path) -> None:
    async with running(program) as process:
        with pytest.raises(UnavailableError) as full:
            await process.interpret("full", ME, TODAY)
        assert full.value.data["retry_after"] == 2.0
        with pytest.raises(DeskError, match="ValueError"):
            await process.interpret("fault", ME, TODAY)
        assert await told(process, "hello") == '["hello", 0]'


async def test_without_a_program_nobody_waits_for_ever(
    program: Path,
) -> None:
    async with running(program, without=1.0) as process:
        (program.parent / "broken").touch()
        waiting = asyncio.create_task(told(process, "wait"))
        await asyncio.sleep(0.05)
        os.kill(pid_of(process), signal.SIGKILL)
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(waiting, 10)
        # Once it can be started again, everything goes on.
        (program.parent / "broken").unlink()
        await until(process.is_alive)
        assert (await told(process, "hello")).startswith('["hello", ')


async def test_a_program_that_never_gets_ready_is_told_to_whoever_waits_for_it(
    program: Path,
) -> None:
    (program.parent / "broken").touch()
    folder = [program.parent]
    async with UnderstandingProcess(Briefing(""), program=program, writable=folder) as process:
        with pytest.raises(DeskError, match="never got ready"):
            await process.ready()


async def test_it_ends_with_whoever_started_it_and_sends_away_who_waits(program: Path) -> None:
    async with running(program) as process:
        pid = pid_of(process)
        waiting = asyncio.create_task(told(process, "wait"))
        await asyncio.sleep(0.05)
    with pytest.raises(UnavailableError):
        await waiting
    assert gone(pid)


OWNER = """
import asyncio
from privacydesk.understanding.client import UnderstandingProcess
from privacydesk.understanding.wire import Briefing

async def main():
    async with UnderstandingProcess(Briefing("")) as process:
        await process.ready()
        print(process.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /proc")
async def test_the_program_inherits_nothing_and_outlives_nobody() -> None:
    mine = os.environ | {"PRIVACYDESK_HASHING_SECRET": "for the desk alone"}
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(command, env=mine, stdout=subprocess.PIPE, text=True) as owner:  # noqa: ASYNC220, S603 - our own words
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")  # noqa: ASYNC240 - no file that could be slow
        assert [one for one in environment if one] == [b"OPENBLAS_NUM_THREADS=1"]
        # Signals to the whole group are the desk's to heed.
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        assert not gone(pid)
        # Not even one that can't hear of its end any more.
        os.kill(pid, signal.SIGSTOP)
        owner.kill()
    await until(lambda: gone(pid))


@pytest.fixture
def reads_added_on(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a program that imports from a folder which only this process's path names."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "added_on.py").write_text("SAID = 'found'\n")
    imported = '"module?": __import__("added_on").SAID'
    program.write_text(STAND_IN.replace('"heard?": heard', imported))
    sys.path.append(str(elsewhere))
    yield program
    sys.path.remove(str(elsewhere))


async def test_the_program_reads_modules_wherever_this_process_finds_them(
    reads_added_on: Path,
) -> None:
    async with running(reads_added_on) as process:
        assert "found" in await told(process, "module?")
