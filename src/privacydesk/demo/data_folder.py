"""The demo's data folder: settings with secrets, the policy, and whether it was seeded."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from privacydesk.demo.files import DATA, replace_file
from privacydesk.encoder.embedding import PassageEmbedder
from privacydesk.errors import SettingsError
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import FilePolicyLibrary, TranslationLanguage, translation_name
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.passage_vectors import precompute_vectors
from privacydesk.settings import Settings, load_settings, new_secret

SETTINGS_FILE: Final = "privacydesk.toml"
"""Where staff commands with ``--data-dir`` look for the settings."""

ACCOUNTS_FILE: Final = "accounts.json"
_DATABASE: Final = "privacydesk.db"
_SEEDING: Final = "seeding"
_SEEDED: Final = "seeded"

_HEAD: Final = (
    "# Written by `privacydesk demo` at each start; the secrets stay as they are.\n"
    "# They protect sample data only: make new ones for anything else.\n\n"
)
_UNLIMITED: Final = 1_000_000
_SECRETS: Final = ("hashing_secret", "account_service_secret", "code_gateway_secret")


def write_settings(
    data_dir: Path, *, host: str, port: int, base: str, token_key: Mapping[str, Any]
) -> Settings:
    """Write the folder's settings file and return the settings.

    Secrets are kept between starts; addresses are those of this start.

    Args:
        data_dir: the demo's folder; it exists.
        host: the address to listen on.
        port: the port to listen on.
        base: where this process reaches itself.
        token_key: the public key that app tokens are checked with.

    Raises:
        SettingsError: the file there is no settings file, or can't be written.
    """
    path = data_dir / SETTINGS_FILE
    previous = _read_settings(path)
    secrets = {name: str(previous.get(name) or new_secret()) for name in _SECRETS}
    ring = previous.get("ring_keys")
    values: dict[str, Any] = {
        "data_dir": str(data_dir.resolve()),
        # Named, so that an operator's own database is never taken for the demo's.
        "database_url": f"sqlite:///{data_dir.resolve() / _DATABASE}",
        "profile": str(DATA / "profile.yaml"),
        "host": host,
        "port": port,
        "ring_key": str(previous.get("ring_key") or "demo"),
        "app_token_audience": "privacydesk",
        # Moving the clock by days should sign nobody out.
        "staff_idle_minutes": _UNLIMITED,
        "staff_session_hours": _UNLIMITED,
        "temporary_password_hours": _UNLIMITED,
        # Its staff are signed in without passwords.
        "recent_minutes": 0,
        "account_service_url": f"{base}/demo/accounts",
        "code_gateway_url": f"{base}/demo/codes",
        # A receiver to try webhooks with runs on this machine.
        "webhook_networks": ["127.0.0.0/8", "::1/128"],
        **secrets,
    }
    tables: dict[str, Any] = {
        "app_token_keys": [dict(token_key)],
        "ring_keys": dict(ring) if isinstance(ring, dict) and ring else {"demo": new_secret()},
    }
    replace_file(path, _HEAD + _toml(values, tables))
    # Environment variables for an operator's own desk must not apply here.
    return load_settings(
        path,
        **values,
        **tables,
        dialogs=None,
        locales=None,
        cors_origins=[],
        frame_ancestors="'self'",
        host_origin="",
    )


def import_policy(
    data_dir: Path, name: str, now: datetime, embedder: PassageEmbedder
) -> Callable[[], None]:
    """Import the sample policy and its translation into the folder, unless they are there already.

    Returns:
        Computes and stores the vectors of its passages, which takes seconds the first time.
    """
    library, version = FilePolicyLibrary(data_dir), _read_policy("policy.md", name, now)
    library.save(version)
    library.save(_read_policy("policy.en.md", translation_name(name, TranslationLanguage.EN), now))
    return partial(precompute_vectors, library, version, embedder)


def _read_policy(file: str, name: str, now: datetime) -> PolicyVersion:
    text = decode_policy((DATA / file).read_bytes()).text
    return read_policy(text, name=name).version(now)


def needs_seeding(data_dir: Path) -> bool:
    """Return whether the folder is new; what an interrupted seeding left behind is removed."""
    database = data_dir / _DATABASE
    if (data_dir / _SEEDING).exists():
        for path in (*data_dir.glob(f"{_DATABASE}*"), data_dir / ACCOUNTS_FILE):
            path.unlink(missing_ok=True)
    return not database.exists()


def is_seeded(data_dir: Path) -> bool:
    """Return whether the folder began with the sample requests."""
    return (data_dir / _SEEDED).exists()


@contextmanager
def seeding_marker(data_dir: Path) -> Iterator[None]:
    """Mark the folder as being seeded, and as seeded once the block has succeeded."""
    marker = data_dir / _SEEDING
    replace_file(marker, "")
    yield
    marker.replace(data_dir / _SEEDED)


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"{path} is not the demo's settings file; name another folder with --data-dir"
        ) from error


def _toml(values: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
    lines = [f"{name} = {_literal(value)}" for name, value in values.items()]
    keys = ", ".join(_inline(key) for key in tables["app_token_keys"])
    lines += [f"app_token_keys = [{keys}]", "", "[ring_keys]"]
    lines += [f"{_literal(name)} = {_literal(key)}" for name, key in tables["ring_keys"].items()]
    return os.linesep.join(lines) + os.linesep


def _inline(table: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name} = {_literal(value)}" for name, value in table.items()) + "}"


def _literal(value: Any) -> str:
    # A JSON string is a TOML string, and so is a JSON number.
    return json.dumps(value, ensure_ascii=False)
