"""The Python package for integrators, as one uses it: types are checked, then it is run."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey
from tests.common.api_client import program
from tests.common.console_cases import copy_of_data
from tests.common.console_client import open_office
from tests.common.python_client import python_client
from tests.common.stories import ROOT, TOKEN_SECRET
from tests.functional.test_typescript_client import quoted
from tests.functional.test_webhook_verifiers import Case, cases, missed
from tests.integration.api.test_events import number

from privacydesk.clock import MovableClock

EXAMPLES = ROOT / "docs" / "examples"

GUIDE = """import os
from typing import Any
from privacydesk_client import AppTokenSigner, DeskClient, verify_webhook
number: str; stored: str | None; raw_body: bytes; request: Any; session: Any
def apply(events: Any, next: str) -> None: ...
"""
"""What stands around the guide's lines in an integrator's program."""

__all__ = ["cases"]


WRONG = """from privacydesk_client import DeskClient
def wrong(desk: DeskClient) -> None:
    desk.confirm_decision("PD-1")  # type: ignore[call-arg]
    desk.pages(desk.list_tickets, sate=["in_review"])  # type: ignore[call-arg]
    desk.pages(desk.list_tickets, state=["in_revue"])  # type: ignore[list-item]
    desk.follow(types=["ticket.field"])  # type: ignore[list-item]
    desk.test_webhook("0", {"type": "ticket.lost"})  # type: ignore[arg-type]
"""
"""Calls that the types refuse: an ignored error that is none is one."""


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(python_client()))
    yield importlib.import_module("privacydesk_client")
    for name in [one for one in sys.modules if one.startswith("privacydesk_client")]:
        del sys.modules[name]


def test_its_types_and_those_of_guide_and_examples_are_strict(tmp_path: Path) -> None:
    installed = python_client()
    (tmp_path / "guide.py").write_text(GUIDE + quoted("py"))
    examples = [str(EXAMPLES / name) for name in ("api_client.py", "app_token.py")]
    (tmp_path / "wrong.py").write_text(WRONG)
    examples += [str(tmp_path / name) for name in ("guide.py", "wrong.py")]
    ran = subprocess.run(  # noqa: S603 - a fixed command
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file="),
            *(
                "--cache-dir",
                str(tmp_path / "cache"),
                str(installed / "privacydesk_client"),
                *examples,
            ),
        ],
        env=os.environ | {"MYPYPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout


async def test_a_backend_files_reads_and_works_on_requests(
    tmp_path: Path, client: ModuleType
) -> None:
    clock = MovableClock()
    async with open_office(tmp_path, world={"clock": clock}) as office:
        asker = await program(office, name="crm")
        _, other = await copy_of_data(office)
        url = str(office.server.make_url("/"))
        signer = client.AppTokenSigner(
            OctKey.import_key(TOKEN_SECRET, {"kid": "t"}).as_dict(private=True)
        )
        at = clock.now().isoformat()
        body = {
            "kind": "deletion",
            "app_token": signer.sign("u-1003"),
            "answers": {"categories": ["posts"]},
            "checked": {"how": "Face ID", "at": at},
            "confirmation": {"how": "Tapped “Delete” twice", "at": at},
        }
        async with client.AsyncDeskClient(url, asker.made.secret) as desk:
            filed = await desk.file_request(body, key="settings-delete-1")
            again = await desk.file_request(body, key="settings-delete-1")
            assert again.replayed
            assert again.body == filed.body
            ticket = await desk.show_ticket(filed.body["number"])
            own = ticket.body["number"]
            claimed = await desk.claim_ticket(own, if_match=ticket.etag)
            assert claimed.body["holder"] == "crm"
            with pytest.raises(client.ProblemError) as stale:
                await desk.claim_ticket(own, if_match=ticket.etag)
            assert (stale.value.status, stale.value.code) == (412, "precondition_failed")
            with pytest.raises(client.ProblemError) as invalid:
                await desk.note_on_ticket(own, {"text": ""})
            assert [one["where"] for one in invalid.value.faults] == ["body.text"]
            pages = [page async for page in desk.pages(desk.list_tickets, limit=1)]
            assert {one["number"] for page in pages for one in page["tickets"]} == {
                own,
                other.number,
            }
            await number(office)
            async for page in desk.follow(types=["ticket.filed"]):
                assert [one["data"]["number"] for one in page["events"]] == [other.number, own]
                break
            hook = (await desk.add_webhook({"url": "https://hooks.example/in"})).body
            test = (await desk.test_webhook(hook["id"], {"type": "ticket.closed"})).body
            assert (test["type"], test["test"]) == ("ticket.closed", True)

        def in_a_thread() -> Any:
            with client.DeskClient(url, asker.made.secret) as waiting:
                (page, *_) = waiting.pages(waiting.list_tickets, state=["in_review"])
                return page["tickets"]

        assert len(await asyncio.to_thread(in_a_thread)) == 2


async def test_what_got_lost_is_sent_again_under_the_same_key(client: ModuleType) -> None:
    keys: list[str] = []

    def flaky(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise httpx.ReadTimeout("no answer", request=request)
        if len(keys) == 2:
            return httpx.Response(503, headers={"Retry-After": "0"})
        return httpx.Response(200, json={"number": "PD-1"}, headers={"ETag": '"4"'})

    async with client.AsyncDeskClient(
        "http://desk.test", "pdk_1", transport=httpx.MockTransport(flaky)
    ) as desk:
        answer = await desk.note_on_ticket("PD-1", {"text": "Synchronised."})
    assert answer == client.Answer({"number": "PD-1"}, '"4"', replayed=False)
    assert (len(keys), len(set(keys))) == (3, 1)


async def test_a_pause_that_is_too_long_is_an_error(client: ModuleType) -> None:
    busy = httpx.MockTransport(lambda _: httpx.Response(429, headers={"Retry-After": "3600"}))
    async with client.AsyncDeskClient("http://desk.test", "pdk_1", transport=busy) as desk:
        with pytest.raises(client.ProblemError) as refused:
            await desk.list_tickets()
    assert (refused.value.status, refused.value.retry_after) == (429, 3600)


def test_webhooks_are_taken_as_signed_and_otherwise_not(
    client: ModuleType,
    cases: list[Case],
) -> None:
    def taken(case: Case) -> bool:
        try:
            client.verify_webhook(case.body, case.headers, case.secret, now=case.at)
        except client.WebhookVerificationError:
            return False
        return True

    assert missed([taken(case) for case in cases], cases) == []
