"""A version of the policy that is imported while a desk runs is taken by it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.common.kill_server import Outside, environment
from tests.common.policies import SAMPLE, bring_sample_policy, sample_policy
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world
from tests.functional.test_understanding import Person, served

from privacydesk.app import ExternalServices, Services, open_services
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.understanding.here import UnderstandingHere

pytestmark = pytest.mark.by_turns(2)

ANCHORED = {
    **PROFILE,
    "policy": SAMPLE,
    "clauses": {
        **PROFILE["clauses"],
        "automated_decision": {"article": "第七条（四）", "anchor": "privacy:art7.sec4"},
    },
}
QUESTION = "你们用算法自动做决定吗，隐私政策怎么说"
OLD = "（四）自动决定\n"
NEWER = "（四）自动决定\n\n自2031年起，算法的决定一律由人复核。\n"


def changed(*changes: tuple[str, str]) -> PolicyVersion:
    text = sample_policy().source
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read_policy(text, name=SAMPLE).version(datetime.now(UTC))


async def look(services: Services) -> list[EventDict]:
    """Look as often as a version takes that nobody touches any more; return what is logged."""
    with capture_logs() as logged:
        for _ in range(3):
            await services.policy.refresh()
    return logged


def named(logged: list[EventDict], *events: str) -> Iterator[str]:
    return (entry["event"] for entry in logged if entry["event"] in events)


@asynccontextmanager
async def beside(world: World, folder: Path) -> AsyncIterator[Services]:
    """Open the same desk once more, as another process does."""
    heard = UnderstandingHere.of(data_dir=folder, policy=SAMPLE)
    services = world.services
    async with open_services(
        services.settings,
        ExternalServices(world.accounts, world.codes),
        profile=services.profile,
        clock=world.clock,
        understanding=heard,
    ) as other:
        yield other


async def quoted(services: Services) -> str:
    answer = await services.turns._understanding.answer(QUESTION, b"me")
    assert answer is not None
    return "\n".join(quote.text for quote in answer.quotes)


def cited(services: Services) -> str:
    args = {"clause_automated_decision": {"$clause": "automated_decision"}}
    return services.catalogs.text("zh_Hans", "automated_decision.intro", args)


async def test_a_conversation_goes_on_and_each_answer_names_the_version_that_was_read(
    tmp_path: Path,
) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, ANCHORED) as world:
        await look(world.services)
        player = Player(world, world.people[PEOPLE["lin"]], "zh_Hans")
        await player.start()
        await player.step({"choose": "automated_decision"})
        (before,) = [e.text for e in player.events if e.key == "automated_decision.intro"]
        assert "《小巷隐私政策》" in before
        assert player.events[-1].key == "verify.code_sent"
        await player.do("say", text=QUESTION)
        title = ("# 小巷隐私政策", "# 小巷隐私政策（第二版）")
        FilePolicyLibrary(tmp_path).save(changed((OLD, NEWER), title))
        logged = await look(world.services)
        assert list(named(logged, "policy_taken", "clause_not_in_policy")) == ["policy_taken"]
        await player.do("say", text=QUESTION)
        quotes = [event for event in player.events if event.key == "policy_question.quote"]
        old, new = quotes[0], quotes[-1]
        assert str(old.args["text"]) in sample_policy().source
        assert "2031" in str(new.args["text"])
        assert "第二版" in new.text
        assert "第二版" not in old.text
        # The question that was open is put again, in the form that it interrupted.
        assert player.events[-1].key == "verify.enter"
        assert "第二版" in cited(world.services)


async def test_each_of_several_processes_takes_it(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, ANCHORED) as world, beside(world, tmp_path) as other:
        FilePolicyLibrary(tmp_path).save(changed((OLD, NEWER)))
        for services in (world.services, other):
            assert "2031" not in await quoted(services)
            await look(services)
            assert "2031" in await quoted(services)


async def test_a_clause_that_it_lacks_is_told_and_cited_by_its_number(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, ANCHORED) as world:
        assert "《小巷隐私政策》" in cited(world.services)
        FilePolicyLibrary(tmp_path).save(changed((OLD, "说说自动决定\n")))
        logged = await look(world.services)
        (told,) = [entry for entry in logged if entry["event"] == "clause_not_in_policy"]
        assert told["clause"] == "automated_decision"
        assert "《" not in cited(world.services)
        assert "第七条（四）" in cited(world.services)
        assert not await look(world.services)


async def test_the_first_import_is_taken_as_a_newer_one_is(tmp_path: Path) -> None:
    async with open_world(tmp_path, ANCHORED) as world:
        assert not await look(world.services)
        assert "《" not in cited(world.services)
        bring_sample_policy(tmp_path)
        assert list(named(await look(world.services), "policy_taken")) == ["policy_taken"]
        assert "《小巷隐私政策》" in cited(world.services)
        assert await quoted(world.services)


async def test_a_damaged_version_is_told_once_and_the_one_before_stays(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, ANCHORED) as world:
        before = await quoted(world.services)
        FilePolicyLibrary(tmp_path).save(changed((OLD, NEWER)))
        (folder,) = (tmp_path / "policy" / SAMPLE).glob("2-*")
        tree = (folder / "policy.json").read_bytes()
        (folder / "policy.json").write_bytes(tree[:100])
        assert list(named(await look(world.services), "policy_not_taken")) == ["policy_not_taken"]
        assert not await look(world.services)
        assert (await quoted(world.services), "《小巷隐私政策》" in cited(world.services)) == (
            before,
            True,
        )
        # Importing asks for the newest; by hand somebody takes the damaged one away.
        (folder / "policy.json").write_bytes(tree)
        FilePolicyLibrary(tmp_path).save(changed((OLD, NEWER.replace("2031", "2032"))))
        await look(world.services)
        assert "2032" in await quoted(world.services)


async def test_one_that_is_still_being_made_ready_is_left_to_who_does(tmp_path: Path) -> None:
    bring_sample_policy(tmp_path)
    async with open_world(tmp_path, ANCHORED) as world:
        version, library = changed((OLD, NEWER)), FilePolicyLibrary(tmp_path)
        await look(world.services)
        library.save(version)
        for part in (b"some", b"more", b"all"):
            await world.services.policy.refresh()
            library.save_vectors(version, part)
        assert "2031" not in await quoted(world.services)
        await look(world.services)
        assert "2031" in await quoted(world.services)


@pytest.mark.parametrize("times", [2])
async def test_serve_takes_what_a_command_imports_beside_it(tmp_path: Path, times: int) -> None:
    data = tmp_path / "data"
    bring_sample_policy(data)
    async with served(tmp_path) as (client, _):
        env = environment(data, Outside())
        person = Person(client, "u-1001")
        await person.begin()
        for n in range(times):
            file = tmp_path / f"policy-{n}.md"
            year = 2031 + n
            file.write_text(changed((OLD, NEWER.replace("2031", str(year)))).source, "utf-8")
            assert str(year) not in await person.says(QUESTION)
            command = (
                *(sys.executable, "-m", "privacydesk", "policy", "import", str(file)),
                *("--name", SAMPLE, "--data-dir", str(data)),
            )
            done = await asyncio.to_thread(
                subprocess.run, command, check=True, capture_output=True, text=True, env=env
            )
            assert "within seconds" in done.stdout
            async with asyncio.timeout(60):
                while str(year) not in await person.says(QUESTION):  # noqa: ASYNC110 - another process takes it
                    await asyncio.sleep(0.5)
