"""``privacydesk keys``: making the secrets that a deployment needs."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from privacydesk.cli.common import AsJson, print_json
from privacydesk.clock import SystemClock

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
    as_json: AsJson = False,
) -> None:
    """Print a fresh ring key and hashing secret. They are kept nowhere: store them well.

    Without the ring key nothing that was stored can be read again; without the hashing secret
    nobody's conversation or request is found.
    """
    from privacydesk.settings import new_secret  # noqa: PLC0415 - costs half a second

    # Named by its day, so that one sees at a rotation which is the older one.
    name = f"{SystemClock().now():k%Y%m%d}"
    ring_key, hashing_secret = new_secret(), new_secret()
    if as_json:
        print_json(
            {"ring_key": name, "ring_keys": {name: ring_key}, "hashing_secret": hashing_secret}
        )
    elif form is Form.ENV:
        typer.echo(f"PRIVACYDESK_RING_KEY={name}")
        typer.echo(f"PRIVACYDESK_RING_KEYS='{json.dumps({name: ring_key})}'")
        typer.echo(f"PRIVACYDESK_HASHING_SECRET={hashing_secret}")
    else:
        typer.echo(f'ring_key = "{name}"')
        typer.echo(f'hashing_secret = "{hashing_secret}"')
        typer.echo(f'ring_keys = {{ {name} = "{ring_key}" }}')
