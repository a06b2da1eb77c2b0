"""``privacydesk keys``: making the secrets that a deployment needs, and replacing the ring key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from privacydesk.cli.common import AsJson, DataDir, print_json, run, staff_rooms, upkeep_of
from privacydesk.clock import SystemClock
from privacydesk.errors import SettingsError

keys_app = typer.Typer(name="keys", help="Secrets that a deployment needs.", no_args_is_help=True)


class Form(StrEnum):
    """How secrets are written."""

    TOML = "toml"
    ENV = "env"


@keys_app.callback()
def keys() -> None:
    """Secrets that a deployment needs."""


@keys_app.command("generate")
def generate(
    form: Annotated[
        Form, typer.Option("--form", help="For the settings file, or for the environment.")
    ] = Form.ENV,
    ring_key: Annotated[
        bool,
        typer.Option(
            "--ring-key", help="Only a ring key, to replace the one there; the rest stays as it is."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print a fresh ring key and hashing secret. They are kept nowhere: store them well.

    Without the ring key nothing that was stored can be read again; without the hashing secret
    nobody's conversation or request is found. So a desk that runs keeps its hashing secret:
    `--ring-key` makes what `keys rotate` needs, and nothing else.
    """
    from privacydesk.settings import new_secret  # noqa: PLC0415 - costs half a second

    # Named by date, so that the older one is recognised at a rotation; two of a day differ.
    name = f"{SystemClock().now():k%Y%m%d}-{secrets.token_hex(2)}"
    made: dict[str, Any] = {"ring_key": name, "ring_keys": {name: new_secret()}}
    if not ring_key:
        made["hashing_secret"] = new_secret()
    if as_json:
        print_json(made)
    else:
        for line in _lines(made, form):
            typer.echo(line)


def _lines(made: Mapping[str, Any], form: Form) -> Iterator[str]:
    """Yield settings as they are written in a form; a table comes last in TOML."""
    for name, value in sorted(made.items(), key=lambda one: isinstance(one[1], dict)):
        if form is Form.ENV:
            shown = value if isinstance(value, str) else f"'{json.dumps(value)}'"
            yield f"PRIVACYDESK_{name.upper()}={shown}"
        elif isinstance(value, str):
            yield f'{name} = "{value}"'
        else:
            inner = ", ".join(f'{key} = "{one}"' for key, one in value.items())
            yield f"{name} = {{ {inner} }}"


_AT_ONCE = 500


@keys_app.command("rotate")
def rotate(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Wrap all data keys with the current ring key, so that older ones can be destroyed.

    Before: add a new key to the ring, make it the current one (PRIVACYDESK_RING_KEY), keep the old
    one in PRIVACYDESK_RING_KEYS, and restart `serve`, or it goes on using the old one. Interrupted,
    it goes on where it stopped.
    """
    current, left = run(_rotate(data_dir, quiet=as_json))
    if as_json:
        print_json({"ring_key": current, "wrapped": left})
    else:
        typer.echo(f"All {left.get(current, 0)} data keys are wrapped by {current} now.")
        typer.echo("Other ring keys wrap nothing any more; backups made before still need them.")


async def _rotate(data_dir: Path | None, *, quiet: bool) -> tuple[str, Mapping[str, int]]:
    async with staff_rooms(data_dir) as rooms:
        wrapping, current = upkeep_of(rooms).wrapping, rooms.settings.ring_key
        # First of all: keys marked as wrapped by the current one may be by another of that name.
        await wrapping.check_all(current)
        before = await wrapping.wrapped()
        for name, count in before.items():
            if name == current:
                continue
            done = 0
            while some := await wrapping.rewrap(name, limit=_AT_ONCE):
                done += some
                if not quiet:
                    typer.echo(f"{name} → {current}: {done} of {count}")
        left = await wrapping.wrapped()
        if set(left) - {current}:
            raise SettingsError(
                "some data keys were wrapped by an older ring key meanwhile: restart `serve` with"
                f" the current one, {current!r}, then rotate again"
            )
        return current, left
