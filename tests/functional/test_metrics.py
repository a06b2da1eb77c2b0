"""What ``GET /metrics`` tells Prometheus, and that rules and dashboard ask for nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from tests.common.databases import by_hand
from tests.common.stories import ROOT, Player, World

from privacydesk.app.external_services import ExternalServices
from privacydesk.app.metrics.instruments import Instruments
from privacydesk.app.metrics.listener import serve_metrics
from privacydesk.app.observed import ObservedUnderstanding, observe_services
from privacydesk.app.process import build_web_app
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.code_delivery import AccountContact
from privacydesk.domain.present_figures import Figures
from privacydesk.domain.signin import AccessKind
from privacydesk.errors import SettingsError, UnavailableError
from privacydesk.storage.figures import SqlFigures
from privacydesk.web.health import HEALTH
from privacydesk.web.keys import CHAT_SERVER

DEPLOY = ROOT / "deploy" / "prometheus"
TOKEN = "a-token-of-prometheus"
_NAME = re.compile(r"\b((?:privacydesk|process)_[a-z_]+)\b")

Samples = dict[str, list[tuple[dict[str, str], float]]]


class OtherProcess:
    """Stands for the process that reads messages."""

    pid = 1
    digest = ""

    def is_alive(self) -> bool:
        return True


@asynccontextmanager
async def exported(world: World, **changes: Any) -> AsyncIterator[tuple[Instruments, str]]:
    """Serve the metrics of a world; yield what counts, and the address."""
    instruments = Instruments()
    app = build_web_app(world.services)
    settings = world.services.settings.model_copy(update={"metrics_port": 0, **changes})
    services = replace(world.services, settings=settings)
    services.turns.observe = instruments.turn
    async with serve_metrics(
        services, app[CHAT_SERVER], app[HEALTH], instruments, reader=OtherProcess()
    ) as port:
        yield instruments, f"http://127.0.0.1:{port}/metrics"


async def scrape(url: str, token: str = "") -> str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as client, client.get(url, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        return await answer.text()


def samples(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(found: Samples, name: str, **labels: str) -> float:
    (number,) = [number for given, number in found[name] if given == labels]
    return number


async def _play(world: World) -> Player:
    """File a request, with a wrong code before the right one, and be misunderstood."""
    player = Player(world, world.people["lin-xiaoyu"], "en")
    await player.start()
    for step in ({"choose": "access"}, {"code": "wrong"}, {"code": "right"}, {"choose": "all"}):
        await player.step(step)
    return player


async def test_what_happened_is_counted(world: World) -> None:
    async with exported(world) as (_, url):
        player = await _play(world)
        found = samples(await scrape(url))
        assert len(await player.tickets()) == 1
    assert value(found, "privacydesk_turn_seconds_count", kind="choice") >= 2
    assert value(found, "privacydesk_codes_wrong_total") == 1
    assert value(found, "privacydesk_filed_tickets_total", kind="access") == 1
    assert value(found, "privacydesk_open_tickets", kind="access") == 1
    assert value(found, "privacydesk_open_tickets", kind="deregistration") == 0
    assert value(found, "privacydesk_overdue_tickets", kind="access") == 0
    assert value(found, "privacydesk_queue_length") == 0
    assert value(found, "privacydesk_queue_wait_seconds") == 0
    assert value(found, "process_resident_memory_bytes") > 1_000_000


async def test_who_waits_and_what_is_overdue_is_told(world: World) -> None:
    async with exported(world) as (_, url):
        await _play(world)
        waiting = Player(world, world.people["alice-morgan"], "en")
        await waiting.start()
        await waiting.step({"choose": "desk:human"})
        world.clock.move(timedelta(days=30))
        found = samples(await scrape(url))
    assert value(found, "privacydesk_queue_length") == 1
    assert value(found, "privacydesk_queue_wait_seconds") == timedelta(days=30).total_seconds()
    assert value(found, "privacydesk_overdue_tickets", kind="access") == 1


async def test_refusals_damaged_rows_and_a_changed_audit_are_told(world: World) -> None:
    async with exported(world) as (_, url):
        await _play(world)
        services = world.services
        await services.signin.access_log.record(AccessKind.WRONG_PASSWORD)
        sealer = services.maintenance.sealer
        await sealer.seal_pending()
        await sealer.log_chain_head()
        before = samples(await scrape(url))
        with by_hand(services.settings.url) as database:
            database.execute("UPDATE audit SET by = 'nobody' WHERE seq = 2")
            database.execute("UPDATE ticket SET holder = 'eve'")
        assert await services.store.reader.list_tickets(limit=9) == ()
        await sealer.log_chain_head()
        after = samples(await scrape(url))
    assert value(before, "privacydesk_staff_denials_total", kind="wrong_password") == 1
    assert value(before, "privacydesk_staff_denials_total", kind="forbidden") == 0
    for name in ("privacydesk_refused_rows", "privacydesk_audit_chain_broken"):
        assert (value(before, name), value(after, name)) == (0, 1)


async def test_readings_and_calls_are_measured(world: World) -> None:
    services = world.services
    async with exported(world) as (instruments, url):
        external: ExternalServices = observe_services(services.external, instruments)
        await external.accounts.call(AccountAction.CONTACTS, "nobody", {}, key="k1")
        await external.codes.send(AccountContact("u-1001"), "desk_code", "en", "1", key="k2")
        world.codes.down = True
        with pytest.raises(UnavailableError):
            await external.codes.send(AccountContact("u-1001"), "desk_code", "en", "2", key="k3")
        language = ObservedUnderstanding(services.turns._understanding, instruments)
        await language.interpret("hello", b"u", services.clock.now().date())
        found = samples(await scrape(url))
    calls = {
        (labels["service"], labels["operation"], labels["outcome"]): number
        for labels, number in found["privacydesk_outside_calls_total"]
    }
    assert calls["account_service", "contacts", "not_found"] == 1
    assert calls["code_gateway", "code", "sent"] == 1
    assert sum(number for (service, *_), number in calls.items() if service == "code_gateway") == 2
    assert value(found, "privacydesk_codes_sent_total") == 1
    assert value(found, "privacydesk_reading_seconds_count", operation="message") == 1


async def test_nothing_of_what_people_write_or_are_called_is_exported(world: World) -> None:
    async with exported(world) as (_, url):
        player = await _play(world)
        (ticket,) = await player.tickets()
        await player.do("say", text="my secret number is 13912345678, write to marked@example.com")
        text = await scrape(url)
    for mark in ("13912345678", "marked@example.com", ticket.number, "u-1001", "secret", "mei"):
        assert mark not in text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for label, content in sample.labels.items():
                assert re.fullmatch(r"[\w.+-]{0,40}", content), (label, content)


class Away:
    """Stands for a database that can't be read."""

    async def read(self, now: datetime) -> Figures:
        raise UnavailableError("it is away")


async def test_figures_of_the_database_are_left_out_while_it_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with exported(world) as (_, url):
        monkeypatch.setattr(SqlFigures, "read", Away.read)
        found = samples(await scrape(url))
    assert "privacydesk_queue_length" not in found
    assert value(found, "privacydesk_writer_queue") == 0


# -- who may ask -------------------------------------------------------------------------------


async def test_a_token_is_asked_for_where_one_is_set(world: World) -> None:
    async with exported(world, metrics_token=SecretStr(TOKEN)) as (_, url):
        async with aiohttp.ClientSession() as client:
            for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": TOKEN}):
                async with client.get(url, headers=headers) as refused:
                    assert refused.status == 401
                    assert not await refused.text()
        assert "privacydesk_ready" in await scrape(url, TOKEN)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"metrics_host": "0.0.0.0"}, "PRIVACYDESK_METRICS_TOKEN is missing"),  # noqa: S104
        ({"metrics_host": "203.0.113.9", "metrics_token": SecretStr(TOKEN)}, "METRICS_PORT can't"),
    ],
)
async def test_metrics_open_to_everybody_are_refused(
    changes: dict[str, Any], told: str, world: World
) -> None:
    with pytest.raises(SettingsError, match=told):
        async with exported(world, **changes):
            pass


# -- rules and dashboard -----------------------------------------------------------------------


def expressions() -> Iterator[str]:
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])
    dashboard = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


async def test_rules_and_dashboard_ask_for_what_is_exported(world: World) -> None:
    async with exported(world) as (instruments, url):
        await _play(world)
        external = observe_services(world.services.external, instruments)
        await external.accounts.call(AccountAction.CONTACTS, "nobody", {}, key="k1")
        text = await scrape(url)
    families = list(text_string_to_metric_families(text))
    # Histograms and counters that have counted nothing yet have names, but no samples.
    names = {sample.name for family in families for sample in family.samples}
    for family in families:
        names |= {family.name, f"{family.name}_total"}
        if family.type == "histogram":
            names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
    asked = {name for expression in expressions() for name in _NAME.findall(expression)}
    assert asked <= names, asked - names


def test_each_rule_has_a_test_in_which_it_fires() -> None:
    rules, tests = (
        yaml.safe_load((DEPLOY / name).read_text("utf-8"))
        for name in ("alerts.yaml", "alerts.test.yaml")
    )
    named = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    fired, silent = (
        {
            one["alertname"]
            for test in tests["tests"]
            for one in test["alert_rule_test"]
            if bool(one["exp_alerts"]) is fires
        }
        for fires in (True, False)
    )
    assert fired == named
    assert silent <= named


def test_each_rule_fires_when_it_should() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("Debian's package promtool is not installed")
    for command in (("check", "rules", "alerts.yaml"), ("test", "rules", "alerts.test.yaml")):
        done = subprocess.run(  # noqa: S603 - the package's own program
            [promtool, *command], cwd=DEPLOY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
