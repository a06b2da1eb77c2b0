"""The published descriptions, read by other people's tools."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema_rs
import pytest
import typer
from tests.common.npm import packages
from typer.testing import CliRunner

from privacydesk.app.schemas import DOCUMENTS
from privacydesk.cli.schemas import SchemaName, schemas

APP = typer.Typer()
APP.command()(schemas)
LINT = Path(__file__).parents[1] / "npm" / "lint.mjs"


def test_spectral_and_the_asyncapi_parser_find_nothing(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    assert pytestconfig.cache is not None
    folder = packages(pytestconfig.cache.mkdir("npm"))
    script = folder / LINT.name
    script.write_bytes(LINT.read_bytes())
    for name in ("openapi", "asyncapi"):
        (tmp_path / f"{name}.json").write_text(json.dumps(DOCUMENTS[name]()))
    done = subprocess.run(  # noqa: S603 - a fixed command
        ["node", script, tmp_path],  # noqa: S607 - the one that is installed
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("name", ["access-package", "receipt", "reading"])
def test_the_formats_have_json_schemas(name: str) -> None:
    jsonschema_rs.meta.validate(dict(DOCUMENTS[name]()))


def test_the_command_prints_each_of_them() -> None:
    assert [*SchemaName] == [*DOCUMENTS]
    for name in ("asyncapi", "reading"):
        done = CliRunner().invoke(APP, [name])
        assert json.loads(done.stdout) == json.loads(json.dumps(DOCUMENTS[name]()))
