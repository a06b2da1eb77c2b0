"""The MCP server under the conformance suite of the protocol's own project, from npm.

All scenarios are run, those that the suite counts as pending included. What they ask of the tools,
prompts and resources of a sample server, or of sessions, is expected to fail, by name: anything
else that fails is a fault, and so is a name here that passes.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import yaml
from tests.common.api_client import program
from tests.common.console_client import open_office
from tests.common.npm import PINNED, packages
from tests.integration.api.test_mcp import over_http

NOT_APPLICABLE = (
    "completion-complete",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "json-schema-2020-12",
    "logging-set-level",
    "prompts-get-embedded-resource",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-with-image",
    "prompts-list",
    "resources-list",
    "resources-read-binary",
    "resources-read-text",
    "resources-subscribe",
    "resources-templates-read",
    "resources-unsubscribe",
    "server-sse-multiple-streams",
    "server-sse-polling",
    "tools-call-audio",
    "tools-call-elicitation",
    "tools-call-embedded-resource",
    "tools-call-image",
    "tools-call-mixed-content",
    "tools-call-sampling",
    "tools-call-with-logging",
    "tools-call-with-progress",
)


async def test_the_server_passes_all_that_applies_to_it(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    installed = packages(pytestconfig.cache.mkdir("npm"))
    script = shutil.copy(PINNED / "conformance.mjs", installed)
    baseline = tmp_path / "expected.yaml"
    baseline.write_text(yaml.safe_dump({"server": list(NOT_APPLICABLE)}), "utf-8")
    async with open_office(tmp_path / "desk") as office:
        reader = await program(office, name="reader")
        async with over_http(office, token=reader.made.secret) as url:
            suite = await asyncio.create_subprocess_exec(
                *(
                    "node",
                    script,
                    "server",
                    "--suite",
                    "all",
                    "--url",
                    url,
                    "--expected-failures",
                    baseline,
                ),
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            try:
                async with asyncio.timeout(300):
                    said, _ = await suite.communicate()
            finally:
                if suite.returncode is None:
                    suite.kill()
    assert suite.returncode == 0, said.decode()[-5_000:]
