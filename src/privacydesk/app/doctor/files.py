"""Checks of the data folder, its disk, and of files with secrets."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

from pydantic import SecretStr

from privacydesk.app.findings import Finding, Level
from privacydesk.settings import Settings
from privacydesk.storage.engines import FILE_SETTING

_FOLDER: Final = "data folder"
_OTHERS: Final = stat.S_IRWXO
_ALL_ACCESS: Final = os.R_OK | os.W_OK | os.X_OK
_GIGABYTE: Final = 1_000_000_000
_LEAST_FREE: Final = _GIGABYTE // 5
"""Free bytes below which the desk may stop taking messages within hours."""
_LOW_FREE: Final = 2 * _GIGABYTE
_LEAST_FILES: Final = 1_000


def find_folder_faults(folder: Path) -> Iterator[Finding]:
    """Yield what is wrong with the data folder."""
    name, folder = "PRIVACYDESK_DATA_DIR", folder.absolute()
    if folder.exists() and not folder.is_dir():
        message = f"{name}: {folder} is a file where a folder is expected; name another one"
        yield Finding(_FOLDER, Level.FAULT, message)
        return
    present = _nearest(folder)
    if not present.is_dir():
        message = f"{name}: {folder} lies in the file {present}; name another folder"
        yield Finding(_FOLDER, Level.FAULT, message)
    elif not os.access(present, _ALL_ACCESS):
        why = _why_not_writable(present) if present == folder else _why_not_made(folder, present)
        yield Finding(_FOLDER, Level.FAULT, f"{name}: {why}")
    elif present != folder:
        message = f"{folder} is not there yet; it is made with the database"
        yield Finding(_FOLDER, Level.WARNING, message)
    elif folder.stat().st_mode & _OTHERS:
        message = f"other users of this machine may look into {folder}: run `chmod 700` on it"
        yield Finding(_FOLDER, Level.WARNING, message)


def find_disk_faults(folder: Path) -> Iterator[Finding]:
    """Yield whether the disk of the data folder is nearly full."""
    present = _nearest(folder)
    system = os.statvfs(present)
    # Some file systems have no fixed number of files.
    files = system.f_favail if system.f_files else None
    yield from judge_disk(present, shutil.disk_usage(present).free, files)


def judge_disk(folder: Path, free: int, files: int | None) -> Iterator[Finding]:
    """Yield whether a disk is nearly full.

    Args:
        folder: a folder on it.
        free: the free bytes.
        files: how many more files there may be; None for any number.
    """
    if free < _LOW_FREE:
        level = Level.FAULT if free < _LEAST_FREE else Level.WARNING
        message = f"only {free / _GIGABYTE:.1f} GB are free for {folder}: make room"
        yield Finding("disk", level, message)
    if files is not None and files < _LEAST_FILES:
        message = f"the file system of {folder} has room for hardly any more files: remove some"
        yield Finding("disk", Level.FAULT, message)


def find_exposed_files(settings_file: Path | None) -> Iterator[Finding]:
    """Yield whether a settings file with secrets can be read by others."""
    if settings_file is None or not settings_file.stat().st_mode & _OTHERS:
        return
    secrets = sorted(_secret_settings() & tomllib.loads(settings_file.read_text("utf-8")).keys())
    if secrets:
        message = (
            f"other users of this machine may read {settings_file}, which has {secrets[0]}: run"
            " `chmod 600` on it, or `chmod 640` if it belongs to root and the desk's group"
        )
        yield Finding("settings", Level.FAULT, message)


def find_exposed_database(file: Path) -> Iterator[Finding]:
    """Yield what keeps a SQLite file from being written, or from being kept private."""
    if file.is_dir():
        message = f"{FILE_SETTING}: {file} is a folder where a file is expected; name the file"
        yield Finding("database", Level.FAULT, message)
        return
    for path in (file, file.parent):
        if not os.access(path, os.W_OK):
            yield Finding("database", Level.FAULT, _why_not_writable(path))
            return
    if file.stat().st_mode & _OTHERS:
        message = f"other users of this machine may read {file}: run `chmod 600` on it"
        yield Finding("database", Level.FAULT, message)


def _secret_settings() -> set[str]:
    return {
        name
        for name, field in Settings.model_fields.items()
        # What is never shown holds keys, too.
        if SecretStr in (field.annotation, *get_args(field.annotation)) or field.repr is False
    }


def _why_not_writable(path: Path) -> str:
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return f"{path} lies on a file system that can only be read; name a folder elsewhere"
    return (
        f"the desk's user may not read and write {path}; give it to that user (chown, chmod), or"
        " run this command as that user"
    )


def _why_not_made(folder: Path, present: Path) -> str:
    if os.statvfs(present).f_flag & os.ST_RDONLY:
        return _why_not_writable(present)
    # A folder above belongs to others: it is not to be given away.
    user = _user()
    return (
        f"{folder} is not there, and {user} may not make it in {present}: as root, run"
        f" `install -d -o {user} -m 0700 {shlex.quote(str(folder))}`, or name another folder"
    )


def _user() -> str:
    """Return the name of the user that runs this, or the number of one without a name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _nearest(path: Path) -> Path:
    """Return a path, or the nearest one above it that is there."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
