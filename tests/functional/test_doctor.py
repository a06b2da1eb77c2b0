"""What ``privacydesk doctor`` finds: each ordinary mistake, by one sentence of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.common import postgresql
from tests.common.kill_server import Outside, open_outside
from tests.common.mail_servers import PASSWORD, USER, certificate, mail_server
from tests.common.stories import ROOT
from tests.functional.test_commands import (
    _own_process,  # noqa: F401 - the fixture works by being here
    run_here,
)
from yarl import URL

from privacydesk.app.doctor import examine
from privacydesk.app.doctor.database import find_server_skew
from privacydesk.app.doctor.files import judge_disk
from privacydesk.app.doctor.listeners import find_listener_faults
from privacydesk.app.findings import Level
from privacydesk.app.fingerprints import secret_digests
from privacydesk.clock import MovableClock
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.settings import Settings, load_settings, new_secret
from privacydesk.storage import schema
from privacydesk.storage.inspection import replace_fingerprints

pytestmark = pytest.mark.sqlite("what is broken is its file; a server has a test of its own here")

DEMO = ROOT / "src" / "privacydesk" / "demo" / "data"
RING_KEY, HASHING, ANOTHER = new_secret(), new_secret(), new_secret()
SETTINGS = {
    "port": "0",
    "ring_key": "one",
    "hashing_secret": HASHING,
    "account_service_url": "http://127.0.0.1:9",
    "account_service_secret": secrets.token_urlsafe(24),
    "code_gateway_url": "http://127.0.0.1:9/codes",
    "code_gateway_secret": secrets.token_urlsafe(24),
}
SERVICE_SECRET = secrets.token_urlsafe(24)
NOBODY = 65534

Prepare = Callable[[Path, pytest.MonkeyPatch], None]
Found = dict[str, list[tuple[str, str]]]


def write(folder: Path, *, ring: str = RING_KEY, **more: str) -> None:
    """Leave settings of a desk that lacks nothing in its folder."""
    folder.chmod(0o700)
    profile = (DEMO / "profile.yaml").read_text("utf-8")
    (folder / "profile.yaml").write_text(profile, "utf-8")
    lines = [f'profile = "{folder / "profile.yaml"}"', f'ring_keys = {{ one = "{ring}" }}']
    lines += [f'{name} = "{value}"' for name, value in (SETTINGS | more).items()]
    file = folder / "privacydesk.toml"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    file.chmod(0o600)


def database(folder: Path) -> Path:
    """Make the desk's database."""
    schema.upgrade(f"sqlite:///{folder / 'privacydesk.db'}")
    return folder / "privacydesk.db"


def grouped(output: str) -> Found:
    found: Found = {}
    for one in json.loads(output)["findings"]:
        found.setdefault(one["check"], []).append((one["level"], one["message"]))
    return found


def doctor(folder: Path, code: int = 1) -> Found:
    done = run_here("doctor", "--json", "--data-dir", str(folder))
    assert done.err == ""
    assert done.code == code, done.out
    return grouped(done.out)


def faults(found: Found) -> dict[str, list[str]]:
    """Return the sentences of faults by check, but for the services that are not there."""
    listed = {
        check: [message for level, message in findings if level == "fault"]
        for check, findings in found.items()
        if check not in {"account service", "code gateway"}
    }
    return {check: messages for check, messages in listed.items() if messages}


# -- mistakes ----------------------------------------------------------------------------------


def setting(name: str, value: str) -> Prepare:
    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        file = folder / "privacydesk.toml"
        lines = file.read_text("utf-8").splitlines()
        kept = [line for line in lines if not line.startswith(f"{name} =")]
        file.write_text("\n".join([*kept, f"{name} = {value}"]), "utf-8")

    return prepare


def variable(name: str, value: str) -> Prepare:
    def prepare(_: Path, environment: pytest.MonkeyPatch) -> None:
        environment.setenv(f"PRIVACYDESK_{name}", value)

    return prepare


def staff_channel(platform: str, path: str) -> str:
    host = {"dingtalk": "oapi.dingtalk.com", "wecom": "qyapi.weixin.qq.com"}.get(platform, "a.test")
    return json.dumps([{"name": "team", "platform": platform, "url": f"https://{host}{path}"}])


def profile(**changes: Any) -> Prepare:
    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        keys = yaml.safe_load((DEMO / "profile.yaml").read_text("utf-8")) | changes
        (folder / "profile.yaml").write_text(yaml.safe_dump(keys), "utf-8")

    return prepare


def no_yaml(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "profile.yaml").write_text("zone: [", "utf-8")


def sql(*statements: str) -> Prepare:
    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        with closing(sqlite3.connect(database(folder))) as opened:
            for statement in statements:
                opened.execute(statement)
            opened.commit()

    return prepare


def no_driver(_: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setitem(sys.modules, "psycopg", None)
    environment.setenv("PRIVACYDESK_DATABASE_URL", "postgresql://desk:secret@127.0.0.1:9/desk")


def a_file_for_the_folder(folder: Path, environment: pytest.MonkeyPatch) -> None:
    file = folder / "file"
    file.write_text("none", "utf-8")
    setting("data_dir", f'"{file}"')(folder, environment)
    environment.setenv("PRIVACYDESK_CONFIG", str(folder / "privacydesk.toml"))
    environment.setenv("PRIVACYDESK_DATA_DIR", str(file))


def a_folder_for_the_file(folder: Path, environment: pytest.MonkeyPatch) -> None:
    (folder / "privacydesk.db").mkdir()


def no_database(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "privacydesk.db").write_text("something else " * 1000, "utf-8")
    (folder / "privacydesk.db").chmod(0o600)


def damaged_policy(folder: Path, _: pytest.MonkeyPatch) -> None:
    stored = folder / "policy" / "lane" / "1-c99a72594bd5"
    stored.mkdir(parents=True)
    (stored / "source.txt").write_text("", "utf-8")
    (stored / "policy.json").write_text("garbage", "utf-8")
    database(folder)


def no_file(name: str) -> Prepare:
    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        (folder / name).unlink()

    return prepare


def other_text(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "privacydesk.toml").write_bytes("host = '广州'".encode("gb18030"))


def shown_settings(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "privacydesk.toml").chmod(0o644)


def shown_database(folder: Path, _: pytest.MonkeyPatch) -> None:
    database(folder).chmod(0o644)


def from_the_future(folder: Path, _: pytest.MonkeyPatch) -> None:
    file = database(folder)
    ahead = file.stat().st_mtime + 3600
    os.utime(file, (ahead, ahead))


def key(name: str, secret: str) -> Prepare:
    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        write(folder, **{name: secret})

    return prepare


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


MISTAKES: dict[str, tuple[Prepare, str, str]] = {
    "an unknown setting": (setting("prot", "80"), "settings", "prot: "),
    "a port that is none": (setting("port", "99999"), "settings", "PRIVACYDESK_PORT: "),
    "an address of the desk with a path": (
        variable("DESK_URL", "https://desk.example.com/console/"),
        "settings",
        "PRIVACYDESK_DESK_URL: needs the desk's origin",
    ),
    "no JSON": (variable("TRUSTED_PROXIES", "10.0.0.0"), "settings", "must be JSON"),
    "no such settings file": (variable("CONFIG", "/none.toml"), "settings", "there is no"),
    "settings in another encoding": (other_text, "settings", "is not UTF-8 text"),
    "settings that are not TOML": (setting("a b", "1"), "settings", "the file is not TOML"),
    "settings that others may read": (shown_settings, "settings", "run `chmod 600` on it"),
    "an app token key that is none": (
        setting("app_token_keys", '[{kty = "oct", k = "c2hvcnQ", kid = "a"}]'),
        "settings",
        "PRIVACYDESK_APP_TOKEN_KEYS",
    ),
    "metrics that anybody may read": (
        setting("metrics_port", '9090\nmetrics_host = "0.0.0.0"'),
        "settings",
        "PRIVACYDESK_METRICS_TOKEN is missing",
    ),
    "ring keys and a program for them": (
        setting("ring_command", '["/bin/true"]'),
        "secrets",
        "are both set",
    ),
    "no ring keys": (setting("ring_keys", "{}"), "secrets", "PRIVACYDESK_RING_KEYS is missing"),
    "a ring key of no name": (setting("ring_key", '"two"'), "secrets", "names none of"),
    "a short hashing secret": (
        setting("hashing_secret", '"c2hvcnQ="'),
        "secrets",
        "PRIVACYDESK_HASHING_SECRET must be 32 random bytes",
    ),
    "a ring key that counts": (
        key("ring", b64(bytes(range(32)))),
        "secrets",
        "'one' in PRIVACYDESK_RING_KEYS is not random",
    ),
    "a ring key of words": (
        key("ring", b64(b"correct horse battery staple 123")),
        "secrets",
        "'one' in PRIVACYDESK_RING_KEYS is not random",
    ),
    "a repeated hashing secret": (
        key("hashing_secret", b64(bytes([*range(3, 99, 6)] * 2))),
        "secrets",
        "PRIVACYDESK_HASHING_SECRET is not random",
    ),
    "one secret for two things": (key("hashing_secret", RING_KEY), "secrets", "one thing alone"),
    "a service's secret from an example": (
        key("code_gateway_secret", "please-change-me-1234"),
        "secrets",
        "PRIVACYDESK_CODE_GATEWAY_SECRET looks like a placeholder",
    ),
    "a file for the data folder": (
        a_file_for_the_folder,
        "data folder",
        "is a file where a folder is expected",
    ),
    "a folder for the database": (a_folder_for_the_file, "database", "is a folder where a file"),
    "no database in the file": (no_database, "database", "it is no database"),
    "a database that others may read": (shown_database, "database", "run `chmod 600` on it"),
    "no address of a database": (
        variable("DATABASE_URL", "postgres//desk"),
        "database",
        "PRIVACYDESK_DATABASE_URL can't be read",
    ),
    "another database": (
        variable("DATABASE_URL", "mysql://desk@host/x"),
        "database",
        "PRIVACYDESK_DATABASE_URL names mysql",
    ),
    "no port": (
        variable("DATABASE_URL", "postgresql://desk@host:port/x"),
        "database",
        "PRIVACYDESK_DATABASE_URL can't be read",
    ),
    "a server that can't be reached": (
        variable("DATABASE_URL", "postgresql://desk:x@127.0.0.1:9/x"),
        "database",
        "the server can't be reached; see that it runs and that host and port are right",
    ),
    "a server of no name": (
        variable("DATABASE_URL", "postgresql://desk:x@nowhere.invalid/x"),
        "database",
        "its host is not known",
    ),
    "no driver": (no_driver, "database", "its driver is not installed"),
    "an older schema": (
        sql("UPDATE alembic_version SET version_num = '0003', oldest = '0003'"),
        "database",
        "db upgrade",
    ),
    "a newer schema": (
        sql("UPDATE alembic_version SET version_num = '9999', oldest = '9998'"),
        "database",
        "of a newer version of the program",
    ),
    "no schema": (
        sql("DROP TABLE alembic_version"),
        "database",
        "schema is missing",
    ),
    "a clock that was set back": (from_the_future, "clock", "in the future of this machine's"),
    "an unknown time zone": (profile(zone="Mars/Base"), "profile", "is no time zone"),
    "an unknown key of the profile": (profile(helpline="110"), "profile", "helpline: "),
    "a profile that is not YAML": (no_yaml, "profile", "is not YAML at line"),
    "a damaged policy": (damaged_policy, "policy", "can't be read: unexpected character"),
    "no profile": (no_file("profile.yaml"), "profile", "there is no"),
    "an SMS service without a template": (
        setting(
            "sms_vendor",
            '"aliyun"\nsms_access_key_id = "a"\nsms_access_key_secret = "kq83hd71mzpw02"'
            '\nsms_sign = "s"',
        ),
        "SMS",
        'PRIVACYDESK_SMS_TEMPLATES: needs a template named "code"',
    ),
    "a group chat at another address": (
        variable("STAFF_CHANNELS", staff_channel("wecom", "/secret@/send")),
        "staff channels",
        "team: url: the path of a wecom robot is /cgi-bin/webhook/send",
    ),
    "no flows": (variable("DIALOGS", "/none"), "texts", "PRIVACYDESK_DIALOGS"),
    "no sentences": (variable("LOCALES", "/none"), "texts", "PRIVACYDESK_LOCALES"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_finding(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, check, told = MISTAKES[name]
    write(tmp_path)
    prepare(tmp_path, monkeypatch)
    folder = os.environ.get("PRIVACYDESK_DATA_DIR", str(tmp_path))
    done = run_here("doctor", "--json", "--data-dir", folder)
    assert done.code == 1, done.err
    assert done.err == ""
    found = faults(grouped(done.out))
    assert found.keys() == {check}, found
    (message,) = found[check]
    assert told in message
    for secret in (RING_KEY, HASHING, "secret@", "please-change", "c2hvcnQ"):
        assert secret not in done.out


ADMINISTRATORS = (
    """
    INSERT INTO agent (name, display_name, role, created_at, active, locale, version, mac) VALUES
      ('xiao-chen', '', 'administrator', 0, 1, 'en', 1, x''),
      ('an-na', '', 'administrator', 0, 0, 'en', 1, x''),
      ('mei', '', 'agent', 0, 1, 'en', 1, x'')
    """,
    """
    INSERT INTO agent_credential (agent, version, changed_at, body, identity) VALUES
      ('xiao-chen', 1, 0, x'', x'01'), ('an-na', 1, 0, x'', NULL)
    """,
)
"""An administrator who is linked with an account of the provider, and others who are none."""
PROVIDER = {
    "SIGN_ON_ISSUER": "http://127.0.0.1:9",
    "SIGN_ON_CLIENT_ID": "desk",
    "SIGN_ON_CLIENT_SECRET": secrets.token_urlsafe(24),
    "DESK_URL": "https://desk.example.com",
}


def provider(*statements: str, **more: str) -> Prepare:
    def prepare(folder: Path, environment: pytest.MonkeyPatch) -> None:
        for name, value in (PROVIDER | more).items():
            environment.setenv(f"PRIVACYDESK_{name}", value)
        sql(*statements)(folder, environment)

    return prepare


WARNINGS: dict[str, tuple[Prepare, str, str]] = {
    "a group chat without signatures": (
        variable("STAFF_CHANNELS", staff_channel("dingtalk", "/robot/send?access_token=1")),
        "staff channels",
        "team: it has no secret",
    ),
    "a group chat without links": (
        variable("STAFF_CHANNELS", staff_channel("slack", "/services/T/B/X")),
        "staff channels",
        "set PRIVACYDESK_DESK_URL",
    ),
    "a misspelt variable": (variable("PROT", "80"), "settings", "PRIVACYDESK_PROT: no setting"),
    "an origin with a path": (
        variable("CORS_ORIGINS", '["https://app.example.com/"]'),
        "settings",
        "PRIVACYDESK_CORS_ORIGINS: 'https://app.example.com/' is no origin",
    ),
    "an origin with its usual port": (
        variable("HOST_ORIGIN", "https://app.example.com:443"),
        "settings",
        "PRIVACYDESK_HOST_ORIGIN: 'https://app.example.com:443' is no origin",
    ),
    "pages that may embed the chat, without quotes": (
        variable("FRAME_ANCESTORS", "self https://app.example.com"),
        "settings",
        "PRIVACYDESK_FRAME_ANCESTORS: `self` admits no page",
    ),
    "files for an unattended browser": (
        setting("recent_minutes", "0"),
        "settings",
        "set PRIVACYDESK_RECENT_MINUTES",
    ),
    "nobody can log in": (setting("app_token_keys", "[]"), "settings", "nobody can log in"),
    "services with one secret": (
        key("account_service_secret", SETTINGS["code_gateway_secret"]),
        "secrets",
        "are the same",
    ),
    "a receiver of webhooks fails": (
        sql(
            "INSERT INTO webhook_endpoint (id, version, state, kinds, created_at, failing_since,"
            " body) VALUES (x'01', 1, 'active', '', 0, 1790000000000000, x''),"
            " (x'02', 1, 'disabled', '', 0, 1780000000000000, x'')"
        ),
        "webhooks",
        "deliveries to 1 endpoint fail, to the first since 2026-09-21",
    ),
    "no database yet": (setting("port", "8081"), "database", "there is none at"),
    "a folder that others may open": (
        lambda folder, _: folder.chmod(0o755),
        "data folder",
        "run `chmod 700` on it",
    ),
    "no helplines": (profile(helplines={}), "profile", "people in danger"),
    "no places in the app": (profile(paths={}), "profile", "account_security, closing, "),
    "no clauses": (profile(clauses={}), "profile", "automated_decision, children_delete, "),
    "no addresses": (profile(mailboxes={}), "profile", "children, policy: "),
    "no way to complain": (profile(complaint={}), "profile", "complaint (en, zh_Hans, zh_Hant)"),
    "no policy": (profile(policy=""), "profile", "no policy is named"),
    "a policy that is not imported": (
        profile(policy="other"),
        "policy",
        "policy import FILE --name other",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_may_be_missing_is_a_warning(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, check, told = WARNINGS[name]
    write(tmp_path)
    prepare(tmp_path, monkeypatch)
    found = doctor(tmp_path)
    assert not faults(found)
    assert any(level == "warning" and told in message for level, message in found[check]), found


@pytest.mark.parametrize(
    ("prepare", "level"),
    [
        (provider(*ADMINISTRATORS), "warning"),
        (provider(*ADMINISTRATORS, SIGN_ON_EMERGENCY='["mei", "an-na"]'), "warning"),
        (provider(*ADMINISTRATORS, SIGN_ON_EMERGENCY='["xiao-chen"]'), "ok"),
        (provider(*ADMINISTRATORS, "UPDATE agent SET active = 1"), "ok"),
        (
            provider(
                *ADMINISTRATORS,
                "UPDATE agent SET active = 1",
                SIGN_ON_ONLY="true",
                SIGN_ON_EMERGENCY='["mei"]',
            ),
            "warning",
        ),
        (provider(*ADMINISTRATORS, "DELETE FROM agent"), "ok"),
    ],
)
def test_administrators_who_all_need_the_provider_are_told(
    prepare: Prepare, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    prepare(tmp_path, monkeypatch)
    ((found, message),) = doctor(tmp_path)["administrators"]
    assert found == level
    assert ("PRIVACYDESK_SIGN_ON_EMERGENCY" in message) is (level == "warning")


@pytest.mark.parametrize(("days", "level"), [(29, Level.OK), (31, Level.WARNING)])
async def test_a_ring_key_that_is_older_than_the_retention_is_told(
    days: int, level: Level, tmp_path: Path
) -> None:
    clock = MovableClock(datetime(2026, 6, 1, 2, tzinfo=UTC), frozen=True)
    write(tmp_path)
    database(tmp_path)
    settings = load_settings(tmp_path / "privacydesk.toml", data_dir=tmp_path)
    name = f"ring_key:{settings.ring_key}"
    digest = secret_digests(settings)[name]
    replace_fingerprints(settings.url, (Fingerprint(name, digest, clock.now(), "a process"),))
    clock.move(timedelta(days=days))
    (found,) = [one for one in await examine(settings, clock) if one.check == "copies"]
    assert found.level is level
    assert ("since 2026-06-01" in found.message) is (level is Level.WARNING)


# Root without the right to pass over permissions: what belongs to others is closed to it as to
# anybody, while the interpreter and the desk stay within its reach where others may not go.
POWERLESS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.fixture(scope="module")
def _powerless() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files to another user")
    try:
        subprocess.run([*POWERLESS, sys.executable, "-c", "import privacydesk"], check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no process without root's rights can be started: {error}")


@pytest.mark.usefixtures("_powerless")
@pytest.mark.parametrize(
    ("name", "check", "told"),
    [
        ("privacydesk.toml", "settings", "may not open"),
        ("profile.yaml", "profile", "may not open"),
        ("privacydesk.db", "database", "may not read and write"),
        ("", "data folder", "may not read and write"),
    ],
)
def test_what_belongs_to_another_user_is_told(
    name: str, check: str, told: str, tmp_path: Path
) -> None:
    write(tmp_path)
    database(tmp_path)
    (tmp_path / name).chmod(0o600 if name else 0o555)
    os.chown(tmp_path / name, NOBODY, NOBODY)
    command = ["privacydesk", "doctor", "--json", "--data-dir", str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - the desk itself
        [*POWERLESS, sys.executable, "-m", *command],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    found = faults(grouped(done.stdout))
    assert found.keys() == {check}, found
    assert told in found[check][0]


@pytest.mark.usefixtures("_powerless")
def test_a_folder_above_that_belongs_to_others_is_not_to_be_given_away(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    tmp_path.chmod(0o755)
    done = subprocess.run(  # noqa: S603 - the desk itself
        [*POWERLESS, sys.executable, "-m", "privacydesk", "doctor", "--json"],
        cwd="/",
        env=os.environ | {"PRIVACYDESK_DATA_DIR": str(tmp_path / "desk")},
        capture_output=True,
        text=True,
        check=False,
    )
    (told,) = faults(grouped(done.stdout))["data folder"]
    assert f"`install -d -o root -m 0700 {tmp_path / 'desk'}`" in told


def test_a_disk_without_room_is_told() -> None:
    assert not list(judge_disk(Path("/data"), 50_000_000_000, 1_000_000))
    (low,) = judge_disk(Path("/data"), 1_000_000_000, None)
    assert (low.level, low.message) == (
        Level.WARNING,
        "only 1.0 GB are free for /data: make room",
    )
    full, crowded = judge_disk(Path("/data"), 0, 10)
    assert full.is_fault
    assert "hardly any more files" in crowded.message


@pytest.mark.parametrize(
    ("seconds", "level"), [(2, None), (30, Level.WARNING), (-30, Level.WARNING), (900, Level.FAULT)]
)
def test_clocks_that_differ_are_told(seconds: int, level: Level | None) -> None:
    now = datetime(2026, 9, 30, 2, tzinfo=UTC)
    found = list(find_server_skew(now, MovableClock(now + timedelta(seconds=seconds))))
    assert [one.level for one in found] == ([level] if level else [])


@pytest.mark.parametrize(
    ("changes", "now", "told"),
    [
        ({}, "2026-06-01", None),
        ({}, "2030-06-03", "of 2030 in CN are not settled, so new due dates are provisional"),
        (
            {"calendar": "HK", "settled_until": {"HK": 2029}},
            "2029-12-03",
            "of 2030 in HK are not settled, on which due dates will soon rest",
        ),
    ],
)
async def test_a_year_without_a_schedule_is_told(
    changes: dict[str, Any],
    now: str,
    told: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path)
    profile(**changes)(tmp_path, monkeypatch)
    settings = load_settings(tmp_path / "privacydesk.toml", data_dir=tmp_path)
    clock = MovableClock(datetime.fromisoformat(f"{now}T02:00+00:00"))
    (found,) = [one for one in await examine(settings, clock) if one.check == "calendar"]
    if told is None:
        assert found.level is Level.OK
    else:
        assert found.level is Level.WARNING
        assert told in found.message


# -- a desk in order, and outside services -----------------------------------------------------


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with open_outside(secret=SERVICE_SECRET) as opened:
        yield opened


def services(outside: Outside, **more: str) -> dict[str, str]:
    return {
        "account_service_url": outside.url,
        "account_service_secret": SERVICE_SECRET,
        "code_gateway_url": f"{outside.url}/gateway/codes",
        **more,
    }


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def test_a_desk_in_order_has_no_fault_and_stays_as_it_is(
    tmp_path: Path,
) -> None:
    async with open_outside(secret=SERVICE_SECRET) as outside:
        write(tmp_path, **services(outside))
        database(tmp_path)
        for name in ("policy.md", "policy.en.md"):
            language = ("--language", "en") if ".en." in name else ()
            done = await asyncio.to_thread(
                run_here, "policy", "import", str(DEMO / name), "--name", "lane", *language,
                "--data-dir", str(tmp_path),
            )  # fmt: skip
            assert done.code == 0, done.err
        before = snapshot(tmp_path)
        found = await asyncio.to_thread(doctor, tmp_path, 0)
        assert snapshot(tmp_path) == before
    levels = {check: {level for level, _ in listed} for check, listed in found.items()}
    assert levels.pop("settings") == {"warning"}  # no keys of the app
    levels.pop("confinement")
    levels.pop("calendar")
    levels.pop("profile")
    assert set().union(*levels.values()) == {"ok"}, found
    assert {"database", "keys", "clock", "policy", "account service", "code gateway"} <= set(found)


async def test_what_is_stored_needs_the_keys_it_was_stored_with(
    tmp_path: Path, outside: Outside
) -> None:
    write(tmp_path, **services(outside))
    database(tmp_path)
    done = await asyncio.to_thread(
        run_here, "agents", "add", "mei", "--display-name", "Mei", "--data-dir", str(tmp_path)
    )
    assert done.code == 0, done.err
    write(tmp_path, **services(outside), ring=ANOTHER)
    other_ring = faults(await asyncio.to_thread(doctor, tmp_path))
    assert other_ring.keys() == {"keys"}
    assert "'one' in PRIVACYDESK_RING_KEYS is another one" in other_ring["keys"][0]
    write(tmp_path, **services(outside, hashing_secret=ANOTHER))
    other_hashing = faults(await asyncio.to_thread(doctor, tmp_path))
    assert "PRIVACYDESK_HASHING_SECRET is another one" in other_hashing["keys"][0]


@pytest.mark.parametrize(
    ("more", "check", "told"),
    [
        (
            {"account_service_secret": "0a1b2c3d4e5f6a7b8c9d"},
            "account service",
            "it refuses the desk's secret: compare PRIVACYDESK_ACCOUNT_SERVICE_SECRET",
        ),
        (
            {"account_service_url": ""},
            "account service",
            "PRIVACYDESK_ACCOUNT_SERVICE_URL is missing",
        ),
        (
            {"account_service_url": "http://accounts.example"},
            "account service",
            "needs https unless it is on this machine",
        ),
        (
            {"code_gateway_url": "http://127.0.0.1:9/codes"},
            "code gateway",
            "it can't be reached: see that it runs, and look at PRIVACYDESK_CODE_GATEWAY_URL",
        ),
        (
            {"sign_on_issuer": "https://login.example"},
            "sign-on",
            "PRIVACYDESK_SIGN_ON_CLIENT_ID: is missing",
        ),
        (
            {
                "sign_on_issuer": "https://login.invalid",
                "sign_on_client_id": "desk",
                "sign_on_client_secret": "0a1b2c3d4e5f6a7b8c9d",
                "desk_url": "https://desk.example",
            },
            "sign-on",
            "look at PRIVACYDESK_SIGN_ON_ISSUER",
        ),
        (
            {"push_gateway_url": "http://127.0.0.1:9", "push_gateway_secret": SERVICE_SECRET},
            "push",
            "it can't be reached: see that it runs, and look at PRIVACYDESK_PUSH_GATEWAY_URL",
        ),
        (
            {"translation_url": "http://127.0.0.1:9", "translation_secret": SERVICE_SECRET},
            "translation",
            "it can't be reached: see that it runs, and look at PRIVACYDESK_TRANSLATION_URL",
        ),
        (
            {"captcha_url": "http://127.0.0.1:9", "captcha_secret": SERVICE_SECRET},
            "challenges",
            "PRIVACYDESK_CAPTCHA_URL. Meanwhile visitors are admitted without a challenge",
        ),
        (
            {"smtp_host": "127.0.0.1", "smtp_security": "none", "smtp_from": "desk"},
            "mail",
            "PRIVACYDESK_SMTP_FROM: needs an address",
        ),
        (
            {"smtp_host": "smtp.example", "smtp_security": "none", "smtp_from": "d@e.example"},
            "mail",
            "only a mail server on this machine may go without TLS",
        ),
        (
            {"imap_host": "127.0.0.1", "imap_security": "none"},
            "mailbox",
            "PRIVACYDESK_SMTP_HOST is missing",
        ),
    ],
)
async def test_a_service_that_can_t_be_used_is_told(
    more: dict[str, str], check: str, told: str, tmp_path: Path, outside: Outside
) -> None:
    write(tmp_path, **services(outside) | more)
    found = await asyncio.to_thread(doctor, tmp_path)
    assert any(level == "fault" and told in message for level, message in found[check]), found


async def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    server = TestServer(web.Application(), scheme="https")
    await server.start_server(ssl=certificate(tmp_path).server)
    async with server:
        url = f"https://127.0.0.1:{server.port}/codes"
        write(tmp_path, code_gateway_url=url)
        found = await asyncio.to_thread(doctor, tmp_path)
    told = found["code gateway"][0][1]
    assert "its certificate is not trusted" in told
    assert "PRIVACYDESK_CODE_GATEWAY_URL" in told


async def test_the_port_is_free_the_desks_or_another_programs(outside: Outside) -> None:
    async def told(port: int | None, host: str = "127.0.0.1") -> tuple[str, ...]:
        return await find_listener_faults(Settings(host=host, port=port or 0))

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    (taken,) = await told(URL(outside.url).port)
    assert "another program listens there already; stop it" in taken
    app = web.Application()
    app.router.add_get("/healthz", answer)
    async with TestServer(app) as desk:
        port = desk.port
        assert port is not None
        assert await told(port) == ()
    assert await told(port) == ()
    (elsewhere,) = await told(port, "192.0.2.1")
    assert "this machine has no such address" in elsewhere
    (unknown,) = await told(port, "nowhere.invalid")
    assert "the host's name is not known" in unknown


async def test_the_port_for_metrics_is_free_the_desks_or_another_programs(
    tmp_path: Path, outside: Outside
) -> None:
    async def told(port: int | None, token: str = "", code: int = 1) -> str:
        more = {"metrics_token": token} if token else {}
        write(tmp_path, **services(outside), metrics_port=str(port), **more)
        found = await asyncio.to_thread(doctor, tmp_path, code)
        return found["metrics"][0][1]

    async def answer(request: web.Request) -> web.Response:
        if "right" not in request.headers.get("Authorization", ""):
            return web.Response(status=401)
        return web.Response(text="privacydesk_ready 1.0")

    assert "another program listens" in await told(URL(outside.url).port)
    app = web.Application()
    app.router.add_get("/metrics", answer)
    async with TestServer(app) as desk:
        port, right = desk.port, "the right token of a test"
        assert "the desk answers there" in await told(port, right, 0)
        assert "refuses PRIVACYDESK_METRICS_TOKEN" in await told(port, "another token of a test")
    assert "the port is free" in await told(port, right, 0)


async def test_a_mail_server_is_logged_in_to_and_sent_nothing(
    tmp_path: Path, outside: Outside
) -> None:
    trusted = certificate(tmp_path)
    async with mail_server(tls=trusted.server, asks=True) as box:
        more = {
            "smtp_host": "127.0.0.1",
            "smtp_port": str(box.port),
            "smtp_ca_file": str(trusted.file),
            "smtp_from": "desk@example.com",
        }
        for password, told in (("wrong", "it refuses the desk's secret"), (PASSWORD, "it answers")):
            login = {"smtp_username": USER, "smtp_password": password}
            write(tmp_path, **services(outside) | more | login)
            found = await asyncio.to_thread(doctor, tmp_path, int(password == "wrong"))
            assert told in found["mail"][0][1]
        assert not box.taken


# -- PostgreSQL --------------------------------------------------------------------------------


def test_a_server_is_examined_like_a_file(
    postgresql_server: postgresql.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    address = postgresql_server.database()
    monkeypatch.setenv("PRIVACYDESK_DATABASE_URL", address)
    found = doctor(tmp_path)
    assert not faults(found)
    assert found["database"][0][1].startswith("PostgreSQL ")
    assert found["clock"] == [("ok", "it agrees with the database")]
    with psycopg.connect(postgresql_server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    for other, told in (
        (address.replace("desk@", "reader@"), "its user may not change"),
        (address.replace("desk@", "nobody@"), "does not let this user in"),
        (postgresql_server.url("missing"), "no database of that name"),
        (postgresql_server.database(migrated=False), "db upgrade"),
    ):
        monkeypatch.setenv("PRIVACYDESK_DATABASE_URL", other)
        found_there = faults(doctor(tmp_path))
        assert found_there.keys() == {"database"}
        assert told in found_there["database"][0]
