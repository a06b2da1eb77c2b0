"""``privacydesk keys``: generating the secrets of a deployment, and replacing them."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from privacydesk.cli.common import AsJson, DataDir, command_services, print_json, run
from privacydesk.clock import SystemClock
from privacydesk.errors import SettingsError

keys_app = typer.Typer(name="keys", help="Secrets that a deployment needs.", no_args_is_help=True)


class Form(StrEnum):
    """The output format of secrets."""

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
        typer.Option("--ring-key", help="Only a new ring key, to replace the current one."),
    ] = False,
    hashing_secret: Annotated[
        bool,
        typer.Option("--hashing-secret", help="Only a new hashing secret, for `keys rehash`."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Generate and print a ring key and a hashing secret. Store them safely: the desk does not.

    Without the ring key no stored data can be read; without the hashing secret no conversation or
    request can be found. For a desk in use, generate one of both: a ring key for `keys rotate`, a
    hashing secret for `keys rehash`.
    """
    from privacydesk.settings import new_secret  # noqa: PLC0415 - costs half a second

    # Named by date, so that the older key is recognized at a rotation. The random suffix keeps two
    # keys of one day apart.
    name = f"{SystemClock().now():k%Y%m%d}-{secrets.token_hex(2)}"
    generated: dict[str, Any] = {}
    if ring_key or not hashing_secret:
        generated |= {"ring_key": name, "ring_keys": {name: new_secret()}}
    if hashing_secret or not ring_key:
        generated["hashing_secret"] = new_secret()
    if as_json:
        print_json(generated)
    else:
        for line in _lines(generated, form):
            typer.echo(line)


def _lines(generated: Mapping[str, Any], form: Form) -> Iterator[str]:
    """Yield the lines of the generated settings; in TOML, a table must come last."""
    for name, value in sorted(generated.items(), key=lambda item: isinstance(item[1], dict)):
        if form is Form.ENV:
            text = value if isinstance(value, str) else f"'{json.dumps(value)}'"
            yield f"PRIVACYDESK_{name.upper()}={text}"
        elif isinstance(value, str):
            yield f'{name} = "{value}"'
        else:
            entries = ", ".join(f'{key} = "{secret}"' for key, secret in value.items())
            yield f"{name} = {{ {entries} }}"


_BATCH_SIZE = 500


@keys_app.command("rotate")
def rotate(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Re-wrap all data keys with the current ring key, so that older ring keys can be destroyed.

    Before: add a new key to PRIVACYDESK_RING_KEYS without removing the old one, name the new one in
    PRIVACYDESK_RING_KEY, and restart `serve`, which would go on using the old key otherwise. After
    an interruption, run the command again; it continues where it stopped.
    """
    current, counts = run(_rotate(data_dir, quiet=as_json))
    if as_json:
        print_json({"ring_key": current, "wrapped": counts})
    else:
        typer.echo(f"All {counts.get(current, 0)} data keys are wrapped by {current} now.")
        typer.echo("Other ring keys are no longer in use, but earlier backups still need them.")


async def _rotate(data_dir: Path | None, *, quiet: bool) -> tuple[str, Mapping[str, int]]:
    async with command_services(data_dir) as services:
        wrapping, current = services.maintenance.wrapping, services.settings.ring_key
        # Checked first: data keys may be wrapped by a different ring key of the same name.
        await wrapping.check_all(current)
        before = await wrapping.wrapped()
        others = {name: count for name, count in before.items() if name != current}
        for name, count in others.items():
            done = 0
            while rewrapped := await wrapping.rewrap(name, limit=_BATCH_SIZE):
                done += rewrapped
                if not quiet:
                    typer.echo(f"{name} → {current}: {done} of {count}")
        counts = await wrapping.wrapped()
        if set(counts) - {current}:
            raise SettingsError(
                "some data keys were wrapped by an older ring key during the rotation: restart"
                f" `serve` with the current one, {current!r}, then rotate again"
            )
        if others:
            # The names of keys are the operator's own words.
            await services.audit.record("operator", "ring_key_replaced", keys=sum(others.values()))
        return current, counts


@keys_app.command("rehash")
def rehash(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Give all stored hashes the form of the present hashing secret, so that the one before can go.

    Before: put the present secret into PRIVACYDESK_HASHING_PREVIOUS_SECRET and a new one into
    PRIVACYDESK_HASHING_SECRET, and restart every `serve`. The desk is served meanwhile. After an
    interruption, run the command again: it continues. Then take the previous secret out.
    """
    changed = run(_rehash(data_dir, quiet=as_json))
    if as_json:
        print_json({"rehashed": changed})
    else:
        typer.echo(
            f"All rows have the form of the present secret; {sum(changed.values())} had not."
        )
        typer.echo("The previous one is no longer in use, but earlier backups still need it.")


async def _rehash(data_dir: Path | None, *, quiet: bool) -> Mapping[str, int]:
    changed: Counter[str] = Counter()
    async with command_services(data_dir) as services:
        async for progress in services.maintenance.hash_rotation.run():
            if progress.is_done:
                changed[progress.table] += progress.changed
            if not quiet and progress.changed and (progress.is_done or progress.done % 10_000 == 0):
                typer.echo(f"{progress.table}: {progress.done} of {progress.total}")
    return changed
