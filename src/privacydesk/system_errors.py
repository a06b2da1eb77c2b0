"""Errors of the operating system, in words: one sentence with the setting and the remedy.

A wrong path, a folder without permission or a full disk is the operator's to fix, and no fault of
the program.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from privacydesk.errors import SettingsError

_FAULTS: Final = {
    errno.ENOENT: "there is no {path}; name one that is there",
    errno.ENOTDIR: "{path} lies in a file where a folder is expected; name another folder",
    errno.EEXIST: "{path} is a file where a folder is expected; name another one",
    errno.EISDIR: "{path} is a folder where a file is expected; name the file",
    errno.EACCES: "the desk's user may not open {path}; give it to that user (chown, chmod)",
    errno.EPERM: "the desk's user may not change {path}; give it to that user (chown, chmod)",
    errno.EROFS: "{path} lies on a file system that can only be read; name a folder elsewhere",
    errno.ENOSPC: "the disk of {path} is full; make room",
    errno.EDQUOT: "the quota for {path} is used up; make room",
    errno.EMFILE: "too many files are open; raise LimitNOFILE or `ulimit -n`",
    errno.ENFILE: "the machine has too many files open",
    errno.ENAMETOOLONG: "the name {path} is too long",
    errno.EADDRINUSE: "another program listens there already; stop it or choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address; 127.0.0.1 and 0.0.0.0 always work",
}


def fault_in_words(error: OSError | UnicodeError, path: Path | None = None) -> str | None:
    """Return what the system refused and what to do about it; None where that is unknown.

    Args:
        error: as the system raised it.
        path: what was to be opened, where the error itself does not name it.
    """
    where = getattr(error, "filename", None) or path
    if isinstance(error, UnicodeError):
        return f"{where} is not UTF-8 text; save it as UTF-8" if where else None
    told = _FAULTS.get(error.errno or 0)
    if told is None or ("{path}" in told and where is None):
        return None
    return told.format(path=where)


@contextmanager
def naming(setting: str, path: Path | None = None) -> Iterator[None]:
    """Turn an error of the operating system into one that names a setting.

    Args:
        setting: the variable, such as ``PRIVACYDESK_PROFILE``.
        path: what it names.

    Raises:
        SettingsError: instead of an ``OSError`` or a text that is not UTF-8.
    """
    try:
        yield
    except (OSError, UnicodeError) as error:
        told = fault_in_words(error, path) or f"{path} can't be used: {_plain(error)}"
        raise SettingsError(f"{setting}: {told}") from None


def _plain(error: OSError | UnicodeError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
