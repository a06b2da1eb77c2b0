from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from privacydesk.domain.brand import Brand
from privacydesk.domain.notices import NoticeChannel, Occasion
from privacydesk.domain.operator_profile import KEYS, GapKind, ProfileFault
from privacydesk.domain.shifts import Shift
from privacydesk.errors import SettingsError
from privacydesk.profile import (
    dump_profile,
    load_profile,
    parse_profile,
    parse_text,
    profile_yaml,
    read_profile,
)


def test_an_empty_profile_is_the_operators_promise_and_a_person_releases_everything() -> None:
    profile = parse_profile({}, "p")
    rules, clocks = profile.rules(), profile.deadline_rules()
    assert [r.name for r in clocks.regimes] == ["operator_7wd"]
    assert rules.unbinding_window is clocks.unbinding_window is None
    assert rules.fresh == timedelta(minutes=30)
    assert (rules.codes.entries, rules.codes.daily_cap) == (3, 6)


def test_dialogs_and_clocks_are_told_the_same() -> None:
    profile = parse_profile(
        {
            "zone": "Asia/Hong_Kong",
            "unbinding_window_minutes": 5,
            "waits_for_verification_days": 9,
            "objection_days": 20,
            "codes": {"lifetime_minutes": 3, "waits_seconds": [10], "entries": 2, "daily_cap": 4},
            "staffed": {"opens": "08:30", "closes": "20:00", "every_day": True},
        },
        "p",
    )
    rules, clocks = profile.rules(), profile.deadline_rules()
    assert rules.zone == clocks.zone == "Asia/Hong_Kong"
    assert rules.unbinding_window == clocks.unbinding_window == timedelta(minutes=5)
    assert rules.verification_timeout == clocks.verification_timeout == timedelta(days=9)
    assert rules.objection_days == 20
    assert rules.shifts == (Shift(time(8, 30), time(20), every_day=True),)
    assert (rules.codes.lifetime, rules.codes.waits) == (
        timedelta(minutes=3),
        (timedelta(seconds=10),),
    )
    assert profile.shifts() == (Shift(time(8, 30), time(20), every_day=True),)


def test_people_work_in_one_shift_in_several_or_never() -> None:
    assert parse_profile({}, "p").shifts() == (Shift(time(9), time(18)),)
    assert parse_profile({"staffed": None}, "p").shifts() == ()
    staffed = [{"closes": "12:00"}, {"opens": "13:00", "calendar": "HK"}]
    assert parse_profile({"staffed": staffed}, "p").shifts() == (
        Shift(time(9), time(12)),
        Shift(time(13), time(18), calendar="HK"),
    )


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"unbinding_window": 5}, "unbinding_window"),
        ({"calendar": "XX"}, "calendar"),
        ({"regimes": ["mine"]}, "regimes"),
        ({"regimes": []}, "regimes"),
        ({"codes": {"entries": 0}}, r"codes\.entries"),
        ({"codes": {"waits_seconds": []}}, r"codes\.waits_seconds"),
        ({"fresh_minutes": 0}, "fresh_minutes"),
        ({"retention_days": 15}, "retention_days must be more than objection_days"),
        ({"staffed": {"opens": "late"}}, r"staffed\.0\.opens"),
        ({"staffed": {"calendar": "XX"}}, r"staffed\.0\.calendar"),
        ({"staffed": {"opens": "18:00", "closes": "09:00"}}, "opens must be before closes"),
        ([], "the file"),
        ("text", "the file"),
    ],
    ids=repr,
)
def test_a_wrong_key_is_named(raw: Any, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        parse_profile(raw, "p")


def test_a_wrong_value_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_profile({"mailboxes": {"policy": ["anna@example.com"]}}, "p")
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "told"),
    [(b"a: [1", "not YAML at line"), (b"\xff\xfe\xfa", "can't be read"), (b"- 1", "the file")],
)
def test_a_file_that_is_no_profile_is_told(tmp_path: Path, raw: bytes, told: str) -> None:
    path = tmp_path / "operator.yaml"
    path.write_bytes(raw)
    with pytest.raises(SettingsError, match=told):
        read_profile(path)


def test_an_empty_file_is_a_profile_and_a_missing_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "operator.yaml"
    with pytest.raises(SettingsError, match="can't be read"):
        read_profile(path)
    path.write_text("", "utf-8")
    assert read_profile(path).calendar == "CN"


def test_notices_go_by_each_way_that_leads_to_what_was_proven_unless_said_otherwise() -> None:
    notices = parse_profile({"notices": {"ways": {"lapsed": []}}}, "p").notices
    assert notices.channels_for(Occasion.ASKED) == (
        NoticeChannel.SMS,
        NoticeChannel.MAIL,
        NoticeChannel.PUSH,
    )
    assert notices.channels_for(Occasion.LAPSED) == ()


@pytest.mark.parametrize(
    ("notices", "named"),
    [
        ({"ways": {"answered": []}}, "promised to be told"),
        ({"ways": {"answered": ["pigeon"]}}, "notices.ways.answered"),
        ({"link": "javascript:alert(1)"}, "notices.link"),
        ({"quiet": {"begins": "08:00", "ends": "08:00"}}, "must differ"),
        (["asked"], "notices"),
    ],
)
def test_notices_that_can_not_be_kept_are_refused(notices: object, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        parse_profile({"notices": notices}, "p")


def test_quiet_hours_can_be_left_out() -> None:
    assert parse_profile({"notices": {"quiet": None}}, "p").quiet_hours() is None


def test_a_ticketing_system_is_mapped_word_by_word() -> None:
    raw = {
        "ticketing": {
            "queue": "privacy",
            "users": {"ann": 4},
            "states": {"closed": 4, "closed.duplicate": 5},
            "fields": {"custom_due": "due_date"},
            "texts": ["notes"],
        }
    }
    said = parse_profile(raw, "p").ticketing.map("Asia/Hong_Kong")
    assert said.users == {"ann": "4"}
    assert said.states == {"closed": "4", "closed.duplicate": "5"}
    assert said.agent_of("4") == "ann"
    assert said.agent_of("5") is None
    assert said.shares_personal


def test_without_a_word_about_it_nothing_of_a_person_reaches_a_ticketing_system() -> None:
    assert not parse_profile({}, "p").ticketing.map("Asia/Hong_Kong").shares_personal


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ({"states": {"closed.gone": "x"}}, "closed.gone is none of"),
        ({"users": {"ann": "4", "bob": "4"}}, "two agents can't be the same user"),
        ({"users": {"ann": " "}}, "an empty name"),
        ({"fields": {"custom_a": "birthday"}}, "ticketing.fields.custom_a"),
        ({"texts": ["messages"]}, "ticketing.texts.0"),
        ({"locale": "fr"}, "ticketing.locale"),
    ],
)
def test_a_wrong_mapping_is_named(section: dict[str, Any], fault: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_profile({"ticketing": section}, "p")
    assert fault in str(raised.value)


def test_the_way_to_a_court_is_told_after_the_other_remedies() -> None:
    profile = parse_profile(
        {
            "remedies": {"zh_Hans": "可以提出异议。", "en": "You can object."},
            "complaint": {"zh_Hans": "可以写信投诉。"},
            "arbitration": {"zh_Hans": "可以仲裁。"},
            "lawsuit": {
                "zh_Hans": "可以依法起诉。",
                "en": "You can sue.",
                "zh_Hant": "可以依法起訴。",
            },
        },
        "p",
    )
    rules = profile.rules()
    assert rules.remedies_in("zh_Hans") == "可以提出异议。可以写信投诉。可以仲裁。可以依法起诉。"
    assert rules.remedies_in("en") == "You can object. You can sue."
    assert rules.remedies_in("zh_Hant") == "可以依法起訴。"
    assert profile.missing_remedies() == {
        "complaint": ("en", "zh_Hant"),
        "arbitration": ("en", "zh_Hant"),
    }
    assert "arbitration" not in parse_profile({"arbitration": None}, "p").missing_remedies()


@pytest.mark.parametrize(
    ("days", "regimes", "fits"),
    [(0, ["operator_7wd"], True), (6, ["operator_7wd"], True), (7, ["operator_7wd"], False),
     (7, ["app_15wd"], True), (20, ["hk_40d"], True)],
)  # fmt: skip
def test_the_date_for_staff_is_after_the_start_of_each_regime(
    days: int, regimes: list[str], fits: bool
) -> None:
    section = {"internal_days": days, "regimes": regimes}
    if fits:
        assert parse_profile(section, "p").deadline_rules().internal_days == days
        return
    with pytest.raises(SettingsError, match="internal_days"):
        parse_profile(section, "p")


def test_an_approved_closing_has_at_most_the_days_of_the_law() -> None:
    closing = parse_profile({}, "p").deadline_rules().closing
    assert closing is not None
    assert closing.amount == 15
    sooner = parse_profile({"closing_days": 5}, "p").deadline_rules().closing
    assert sooner is not None
    assert sooner.amount == 5
    assert parse_profile({"closing_days": None}, "p").deadline_rules().closing is None
    with pytest.raises(SettingsError, match="closing_days"):
        parse_profile({"closing_days": 16}, "p")


def test_a_brand_has_a_colour_and_a_logo_beside_the_profile(tmp_path: Path) -> None:
    (tmp_path / "mark.svg").write_text('<?xml version="1.0"?>\n<svg xmlns="x"/>')
    path = tmp_path / "profile.yaml"
    path.write_text("brand: {colour: '#7A1F5C', logo: mark.svg}\n")
    brand = read_profile(path).brand.brand()
    assert brand.colour == "#7a1f5c"
    assert brand.logo is not None
    assert brand.logo.suffix == ".svg"
    assert parse_profile({}, "p").brand.brand() == Brand()


def test_a_stored_profile_is_the_one_that_was_read(tmp_path: Path) -> None:
    (tmp_path / "mark.svg").write_text('<svg xmlns="x"/>')
    raw = {
        "brand": {"logo": "mark.svg"},
        "app": "应用",
        "staffed": [{"opens": "08:30", "closes": "20:00"}],
        "arbitration": None,
        "notices": {"quiet": {"begins": "23:00"}},
    }
    profile = parse_profile(raw, "p", folder=tmp_path)
    (tmp_path / "mark.svg").unlink()
    assert load_profile(dump_profile(profile), "stored") == profile
    assert dump_profile(parse_profile({"app": "MoChat", "zone": "Asia/Shanghai"}, "p")) == "{}"
    shipped = read_profile(Path(__file__).parents[2] / "profiles" / "mochat.yaml")
    assert load_profile(dump_profile(shipped), "stored") == shipped


@pytest.mark.parametrize("body", ["", "[1", '{"unheard": 1}'])
def test_what_is_no_stored_profile_is_refused_by_its_version(body: str) -> None:
    with pytest.raises(SettingsError, match="version 3"):
        load_profile(body, "version 3")


@pytest.mark.parametrize(
    ("brand", "fault"),
    [
        ({"colour": "#ffb300"}, r"brand.colour: has a contrast of 1\.\d+ : 1 .* 4\.5 : 1"),
        ({"colour": "teal"}, "brand.colour: is no colour"),
        ({"logo": "no-such.png"}, "brand.logo: .*no-such.png can't be read"),
        ({"logo": "profile.yaml"}, "brand.logo: .* is neither an SVG nor a PNG"),
        ({"logo": "large.png"}, "brand.logo: .* is larger than 32 KB"),
        ({"logo": 3}, "brand.logo: is the path of a file"),
        ({"logo": {"base64": "no"}}, "brand.logo: is neither the path of a file nor"),
        ({"logo": {"base64": "aGVsbG8="}}, "brand.logo: the file is neither an SVG nor a PNG"),
    ],
)
def test_a_brand_that_can_not_be_used_is_refused(
    tmp_path: Path, brand: dict[str, object], fault: str
) -> None:
    (tmp_path / "profile.yaml").write_text("app: X\n")
    (tmp_path / "large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40_000))
    with pytest.raises(SettingsError, match=fault):
        parse_profile({"brand": brand}, "p", folder=tmp_path)


# -- faults and gaps -------------------------------------------------------------------------------

FAULTY = """\
app: Lane
clauses:
  minors: {article: 第六条}
  contact:
    anchor: privacy:art9
codes:
  entries: 0
staffed:
  - {opens: "09:00", closes: "18:00"}
  - opens: late
retention: 3
paths:
  closing: [Settings]
"""


def faults_of(text: str) -> tuple[ProfileFault, ...]:
    with pytest.raises(SettingsError) as caught:
        parse_text(text, "p")
    faults: tuple[ProfileFault, ...] = caught.value.data["faults"]
    return faults


def test_each_fault_has_its_line_and_key() -> None:
    found = {(fault.line, fault.key) for fault in faults_of(FAULTY)}
    assert found >= {
        (4, "clauses.contact.article"),
        (7, "codes.entries"),
        (10, "staffed.1.opens"),
        (11, "retention"),
    }
    assert {fault.line for fault in faults_of(FAULTY) if fault.key.startswith("paths")} == {13}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("app: Lane\nzone: [", 2, "node content"),
        ("app: Lane\n\tzone: x", 2, "found"),
        ("policy: &a x\napp: *a", 2, "alias"),
        ("app: 2026-13-45", 0, "date"),
        ("[" * 5_000, 1, ""),
        ("retention_days: 5", 0, "objection_days"),
        ("brand: {logo: /etc/hostname}", 1, "base64"),
    ],
)
def test_what_is_no_profile_is_refused_at_its_place(text: str, line: int, what: str) -> None:
    (fault,) = faults_of(text)
    assert fault.line == line
    assert what in fault.what


@pytest.mark.parametrize(
    "entry",
    [None, "第九条", {}, {"article": ""}, {"article": " "}, {"article": 9},
     {"article": "x", "anchor": 7}, {"article": "x", "anker": "y"}],
)  # fmt: skip
def test_a_clause_that_could_not_be_cited_is_refused(entry: object) -> None:
    with pytest.raises(SettingsError, match=r"clauses\.closing"):
        parse_profile({"clauses": {"closing": entry}}, "p")


def test_a_clause_is_mapped_to_its_place() -> None:
    section = {"closing": {"article": " 第二条（三） ", "anchor": "privacy:art2.sec3"}}
    (clause,) = parse_profile({"clauses": section}, "p").clause_map().clauses.values()
    assert (clause.article, clause.anchor) == ("第二条（三）", "privacy:art2.sec3")


def test_a_profile_names_what_it_lacks() -> None:
    raw = {"policy": "lane", "clauses": {"minors": {"article": "6"}}, "helplines": {"en": "999"}}
    gaps = parse_profile(raw, "p").gaps({"minors", "contact"})
    missing = {gap.kind: gap.missing for gap in gaps}
    assert missing[GapKind.CLAUSES] == ("contact",)
    assert missing[GapKind.HELPLINES] == ("zh_Hans", "zh_Hant")
    assert GapKind.POLICY not in missing
    assert all(gap.hint for gap in gaps)


def test_a_profile_is_written_as_it_is_read() -> None:
    text = 'app: 应用\nstaffed:\n- opens: 08:30\n  closes: "20:00"\n'
    profile = parse_text(text.replace("08:30", '"08:30"'), "p")
    written = profile_yaml(dump_profile(profile))
    assert parse_text(written, "p") == profile
    assert "08:30" in written
    assert "08:30:00" not in written


def test_the_page_shows_each_key_in_a_section() -> None:
    assert sorted(KEYS) == sorted(parse_profile({}, "p").model_dump())
