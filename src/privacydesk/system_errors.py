"""Error messages for operating system errors: one sentence with the setting and the remedy.

Errors such as a wrong path, missing permissions or a full disk are for the operator to fix, so they
are reported without a traceback.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from privacydesk.errors import SettingsError

_MESSAGES: Final = {
    errno.ENOENT: "there is no {path}; name one that is there",
    errno.ENOTDIR: "{path} lies in a file where a folder is expected; name another folder",
    errno.EEXIST: "{path} is a file where a folder is expected; name another one",
    errno.EISDIR: "{path} is a folder where a file is expected; name the file",
    errno.EACCES: "the desk's user may not open {path}; give it to that user (chown, chmod)",
    errno.EPERM: "the desk's user may not change {path}; give it to that user (chown, chmod)",
    errno.EROFS: "{path} lies on a file system that can only be read; name a folder elsewhere",
    errno.ENOSPC: "the disk of {path} is full; make room",
    errno.EDQUOT: "the quota for {path} is used up; make room",
    errno.EIO: "{path} can't be read or written; look into the system's log",
    errno.EMFILE: "too many files are open; raise LimitNOFILE or `ulimit -n`",
    errno.ENFILE: "the machine has too many files open",
    errno.ENAMETOOLONG: "the name {path} is too long",
    errno.EADDRINUSE: "another program listens there already; stop it or choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address; 127.0.0.1 and 0.0.0.0 always work",
}

_NEVER_BUGS: Final = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""What only an operator can mend, also where no file is known."""


def describe_listen_error(
    error: OSError, host: str = "PRIVACYDESK_HOST", port: str = "PRIVACYDESK_PORT"
) -> str:
    """Return why an address can't be listened on, and the remedy.

    Args:
        error: as raised by the system.
        host: the setting with the address.
        port: the setting with the port.
    """
    if error.errno == errno.EACCES:
        why = (
            "ports below 1024 are reserved for privileged processes; choose another port and put a"
            " proxy in front of it"
        )
    elif (error.errno or 0) < 0:  # those of getaddrinfo
        why = "the host's name is not known; 127.0.0.1 and 0.0.0.0 always work"
    else:
        why = describe_os_error(error) or error.strerror or type(error).__name__
    return f"{host} and {port} can't be listened on: {why}"


def describe_os_error(error: OSError | UnicodeError, path: Path | None = None) -> str | None:
    """Return a message with the problem and its remedy; None for unknown errors.

    Args:
        error: the error raised by the system.
        path: the file that was opened, if the error itself doesn't name it.
    """
    where = getattr(error, "filename", None) or path
    if isinstance(error, UnicodeError):
        return f"{where} is not UTF-8 text; save it as UTF-8" if where else None
    message = _MESSAGES.get(error.errno or 0)
    if where is None and error.errno in _NEVER_BUGS:
        where = "one of the desk's files"
    if message is None or ("{path}" in message and where is None):
        return None
    return message.format(path=where)


@contextmanager
def translate_os_errors(setting: str, path: Path | None = None) -> Iterator[None]:
    """Translate errors of the operating system, or of decoding, to errors that name a setting.

    Args:
        setting: the variable, such as ``PRIVACYDESK_PROFILE``.
        path: the file or folder that the setting names.

    Raises:
        SettingsError: instead of ``OSError`` and ``UnicodeError``.
    """
    try:
        yield
    except (OSError, UnicodeError) as error:
        message = describe_os_error(error, path) or f"{path} can't be used: {_reason(error)}"
        raise SettingsError(f"{setting}: {message}") from None


def _reason(error: OSError | UnicodeError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
