"""What programs are told of the kinds of requests is what filing takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.common.api_client import Program, program, staff_program
from tests.common.console_client import Office, open_office
from tests.integration.api.test_intake import LIN, answers_of_the_page, vouched

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.intents import RequestKind

Kind = Mapping[str, Any]
Given = dict[str, Any]
_TYPED = {"text": "Rain", "date": "2014-05-01", "contact": "lin@example.com"}
_BOUND = {"google"}
"""What Lin's account has of what may be unbound while a way to log in is left."""


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path, api_requests_at_once=1000) as opened:
        yield opened


async def app(office: Office) -> Program:
    return await program(office, Scope.REQUESTS_FILE, name="lane-app")


async def kinds_of(office: Office, **headers: str) -> dict[str, Kind]:
    answer = await (await app(office)).get("/requests/kinds", **headers)
    assert answer.status == 200, answer.body
    return {kind["kind"]: kind for kind in answer.body["kinds"]}


def fits(case: Mapping[str, list[str]], given: Given) -> bool:
    return all(
        given[name] in values if name in given else not values for name, values in case.items()
    )


def is_asked(answer: Kind, given: Given) -> bool:
    return not answer["when"] or any(fits(case, given) for case in answer["when"])


def values_of(answer: Kind) -> list[str]:
    """Return values that are taken: each that is offered, or an example."""
    offered = [one["value"] for one in answer["options"]]
    if answer["depends_on_account"]:
        return [value for value in offered if value in _BOUND]
    return offered or [_TYPED[answer["type"]]]


def completed(kind: Kind, given: Given) -> Given:
    """Return answers with those that are required besides, the first of each that is offered."""
    while True:
        lacking = next(
            (
                one
                for one in kind["answers"]
                if one["required"] and one["name"] not in given and is_asked(one, given)
            ),
            None,
        )
        if lacking is None:
            return given
        given = {**given, lacking["name"]: values_of(lacking)[0]}


def requests_of(kind: Kind) -> Iterator[Given]:
    """Yield answers in which each value of each answer that is offered is given once."""
    for answer in kind["answers"]:
        for case in answer["when"] or [{}]:
            led = {name: values[0] for name, values in case.items() if values}
            for value in values_of(answer):
                yield completed(kind, {**led, answer["name"]: value})


async def refuses(files: Program, name: str, kind: Kind, answer: Kind) -> None:
    """Check that a value that is not offered is refused, and what is offered is told."""
    led = {one: values[0] for one, values in (answer["when"] or [{}])[0].items() if values}
    given = completed(kind, led) | {answer["name"]: "nonsense"}
    asked = vouched(files.office, LIN, name, answers=given)
    refused = await files.ask("POST", "/requests/preview", json=asked)
    assert refused.status == 422, (name, given)
    (fault, *_) = [one for one in refused.body["faults"] if one["what"] == "not_taken"]
    assert fault["where"] == f"body.answers.{answer['name']}"
    assert fault["offered"] == [one["value"] for one in answer["options"]]


async def test_whatever_is_offered_is_taken_and_nothing_else(office: Office) -> None:
    files, tried = await app(office), 0
    kinds = await kinds_of(office)
    assert list(kinds) == [kind.value for kind in RequestKind]
    for name, kind in kinds.items():
        for given in requests_of(kind):
            asked = vouched(office, LIN, name, answers=given)
            taken = await files.ask("POST", "/requests/preview", json=asked)
            assert taken.status == 200, (name, given, taken.body)
            assert taken.body["would_file"] is True
            tried += 1
        for answer in kind["answers"]:
            if answer["type"] == "choice" and not answer["depends_on_account"]:
                await refuses(files, name, kind, answer)
    assert tried > len(kinds) * 5


async def test_what_is_required_is_missing_without_it(office: Office) -> None:
    files = await app(office)
    for name, kind in (await kinds_of(office)).items():
        given = completed(kind, {})
        for lost in given:
            rest = {key: value for key, value in given.items() if key != lost}
            asked = vouched(office, LIN, name, answers=rest)
            refused = await files.ask("POST", "/requests/preview", json=asked)
            faults = [(one["where"], one["what"]) for one in refused.body["faults"]]
            assert (f"body.answers.{lost}", "missing") in faults, (name, lost)


async def test_proof_and_confirmation_are_what_filing_demands(office: Office) -> None:
    files = await app(office)
    for name, kind in (await kinds_of(office)).items():
        asked = vouched(office, LIN, name, answers=completed(kind, {}))
        proven = await files.ask("POST", "/requests/preview", json=asked)
        assert proven.body["waits_for_proof"] is (kind["proof"] == "document"), name
        alone = {"kind": name, "account": LIN, "answers": asked["answers"]}
        unproven = await files.ask("POST", "/requests/preview", json=alone)
        if kind["proof"] != "none":
            assert (unproven.status == 200) is kind["waits_for_proof"], (name, unproven.body)
        session = {"kind": name, "app_token": asked["app_token"], "answers": asked["answers"]}
        logged_in = await files.ask("POST", "/requests/preview", json=session)
        assert logged_in.status == 200, name
        assert logged_in.body["waits_for_proof"] is (kind["proof"] in {"one_time_code", "document"})
        days = {**asked, "limited_to": [{"category": "all", "to": "2026-02-28"}]}
        limited = await files.ask("POST", "/requests/preview", json=days)
        assert (limited.status == 200) is kind["takes_days"], (name, limited.body)
        silent = await files.post("/requests", {**asked, "confirmation": None})
        assert (silent.status == 422) is kind["needs_confirmation"], name


async def test_the_page_s_answers_are_as_described(office: Office) -> None:
    kinds = await kinds_of(office)
    for name, given in answers_of_the_page().items():
        described = {one["name"]: one for one in kinds[name]["answers"]}
        assert given.keys() <= described.keys(), name
        assert [one for one in given if isinstance(given[one], list)] == [
            one for one in given if isinstance(given[one], list) and described[one]["several"]
        ]


async def test_forms_are_described_in_the_reader_s_language(office: Office) -> None:
    told = {
        language: await kinds_of(office, **{"Accept-Language": language})
        for language in ("en", "zh-CN", "zh-HK")
    }
    assert [one["rectification"]["label"] for one in told.values()] == [
        "Correct my data", "更正我的信息", "更正我的資料",
    ]  # fmt: skip
    _, value, *_ = told["en"]["rectification"]["answers"]
    assert (value["question"], value["when"]) == (
        "What should the nickname be?",
        [{"field": ["nickname"]}],
    )
    for kinds in told.values():
        for kind in kinds.values():
            texts = [kind["label"]]
            for answer in kind["answers"]:
                texts += [answer["question"], answer["label"], answer["hint"] or "-"]
                texts += [one["label"] for one in answer["options"]]
            assert all(texts)
            assert not any("{" in text for text in texts)
    child = next(a for a in told["en"]["guardian"]["answers"] if a["name"] == "child_account")
    assert child["label"] == "The account or nickname the child uses"
    parts = {
        name: next(one for one in told["en"][name]["answers"] if one["name"] == "categories")
        for name in ("access", "portability")
    }
    assert [one["question"] for one in parts.values()] == [
        "What should the copy include? You can choose several.",
        "Which kinds of data? You can choose several.",
    ]
    plain = await (await app(office)).get("/requests/kinds")
    assert plain.body["language"] == "en"
    owner = await staff_program(office, "mei", Scope.REQUESTS_FILE)
    await office.signin.account.set_locale(
        await office.world.services.staff.roster.person("mei"), "zh_Hant"
    )
    assert (await owner.get("/requests/kinds")).body["language"] == "zh-Hant"


async def test_either_door_s_scope_shows_them_and_no_other(office: Office) -> None:
    attests = await program(office, Scope.REQUESTS_ATTEST, name="hotline")
    assert (await attests.get("/requests/kinds")).status == 200
    others = await program(
        office, *(one for one in Scope if not one.value.startswith("requests:")), name="crm"
    )
    refused = await others.get("/requests/kinds")
    assert (refused.status, refused.body["scope"]) == (403, "requests:file")


async def test_the_description_names_the_answers_and_takes_any(office: Office) -> None:
    document = (await (await app(office)).get("/openapi.json")).body
    names = {one["name"] for kind in (await kinds_of(office)).values() for one in kind["answers"]}
    for model in ("FileRequest", "AttestedRequest"):
        answers = document["components"]["schemas"][model]["properties"]["answers"]
        assert answers["properties"].keys() == names
        assert "required" not in answers
        told = answers["properties"]["to"]["description"]
        assert told == "`access`, `portability`: `me`, `other`."
        assert answers["additionalProperties"]["anyOf"]
