"""Storage of imported versions: a port, its in-memory twin, and plain files.

Files suffice: policies are small and change a few times a year, and a command can import one
while `serve` runs. A version is complete before it appears under its name, so readers never
see half of one.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson

from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, UnavailableError
from privacydesk.policy.codec import dump_version, load_version
from privacydesk.policy.tree import PolicyVersion
from privacydesk.system_errors import describe_os_error

_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_FOLDER = re.compile(r"(?P<number>[0-9]{1,9})-[0-9a-f]{12}")
_TREE = "policy.json"
_SOURCE = "source.txt"
_VECTORS = "passages.npz"


class PolicyLibrary(Protocol):
    """Keeps every imported version of each policy, by the operator's name for it."""

    def save(self, version: PolicyVersion) -> bool:
        """Keep a version as the newest of its name.

        Returns:
            False when the newest already holds this text, read the same way: nothing was done.
        """
        ...

    def latest(self, name: str) -> PolicyVersion | None:
        """Return the newest version of a name; None when nothing was imported under it."""
        ...

    def versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Return every version of a name, oldest first."""
        ...

    def vectors(self, version: PolicyVersion) -> bytes | None:
        """Return the stored search data of a version; None when there is none."""
        ...

    def keep_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
        """Store the search data of a version beside it."""
        ...


def check_name(name: str) -> str:
    """Return a policy's name if it is a valid folder name on every system.

    Raises:
        InvalidRequestError: it's empty or too long, or holds more than letters, digits, `_.-`.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidRequestError(
            "a policy's name starts with a letter or digit and has at most 64 letters, digits, "
            "dots, dashes or underscores"
        )
    return name


def kept(library: PolicyLibrary, name: str, digest: str = "") -> PolicyVersion | None:
    """Return the newest version of a name with a digest, or without one the newest of all.

    Raises:
        DeskError: POLICY_UNREADABLE when files of one are damaged.
    """
    latest = library.latest(name)
    if latest is None or digest in {"", latest.digest}:
        return latest
    others = reversed(library.versions(name))
    return next((version for version in others if version.digest == digest), None)


def _same(one: PolicyVersion | None, other: PolicyVersion) -> bool:
    # The trees are compared too: a later release may read an unchanged text better.
    return one is not None and one.digest == other.digest and one.documents == other.documents


class MemoryPolicyLibrary:
    """Keeps versions for as long as the process runs; for tests and the demo."""

    def __init__(self) -> None:
        self._versions: dict[str, list[PolicyVersion]] = {}
        self._vectors: dict[tuple[str, str], bytes] = {}

    def save(self, version: PolicyVersion) -> bool:
        """Keep a version as the newest of its name; see `PolicyLibrary.save`."""
        check_name(version.name)
        if _same(self.latest(version.name), version):
            return False
        self._versions.setdefault(version.name, []).append(version)
        return True

    def latest(self, name: str) -> PolicyVersion | None:
        """Return the newest version of a name, or None."""
        kept = self._versions.get(check_name(name))
        return kept[-1] if kept else None

    def versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Return every version of a name, oldest first."""
        return tuple(self._versions.get(check_name(name), ()))

    def vectors(self, version: PolicyVersion) -> bytes | None:
        """Return the search data of a version, or None."""
        return self._vectors.get((version.name, version.digest))

    def keep_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
        """Store the search data of a version."""
        self._vectors[version.name, version.digest] = vectors


class Sighting(NamedTuple):
    """What is known of a name's newest version without reading it.

    Attributes:
        folder: identifies it; each import has another one.
        touched: when its search data was last stored; 0 as long as there is none.
    """

    folder: str
    touched: int


class FilePolicyLibrary:
    """Keeps versions under `<data_dir>/policy/<name>/<n>-<digest12>/`; the highest n is newest.

    Each folder holds `source.txt`, the text byte for byte in UTF-8, `policy.json`, the tree, and
    `passages.npz`, the search data, which can be made again at any time.
    Several processes may read and save at once.
    """

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "policy"

    def save(self, version: PolicyVersion) -> bool:
        """Keep a version as the newest of its name; see `PolicyLibrary.save`.

        Raises:
            InvalidRequestError: the name can't be a folder's.
            UnavailableError: the disk is full or the folder can't be written.
            DeskError: POLICY_UNREADABLE when the newest stored version is damaged.
        """
        home = self._root / check_name(version.name)
        if _same(self.latest(version.name), version):
            return False
        try:
            home.mkdir(parents=True, exist_ok=True)
            with _reserved(home) as number, _scratch(home) as scratch:
                _write(scratch / _SOURCE, version.source.encode())
                _write(scratch / _TREE, orjson.dumps(dump_version(version)))
                _sync_folder(scratch)
                scratch.rename(home / f"{number}-{version.digest[:12]}")
                _sync_folder(home)
        except OSError as error:
            why = describe_os_error(error, home) or error.strerror or "input/output error"
            raise UnavailableError(
                f"the policy can't be stored below PRIVACYDESK_DATA_DIR: {why}"
            ) from error
        return True

    def latest(self, name: str) -> PolicyVersion | None:
        """Return the newest version of a name, or None.

        Raises:
            DeskError: POLICY_UNREADABLE when its files are damaged.
        """
        folders = _folders(self._root / check_name(name))
        return _load(folders[-1][1]) if folders else None

    def sight(self, name: str) -> Sighting | None:
        """Return what is known of a name's newest version unread; None without an import."""
        folders = _folders(self._root / check_name(name))
        if not folders:
            return None
        newest = folders[-1][1]
        try:
            touched = (newest / _VECTORS).stat().st_mtime_ns
        except OSError:
            touched = 0
        return Sighting(newest.name, touched)

    def versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Return every version of a name, oldest first.

        Raises:
            DeskError: POLICY_UNREADABLE when files of one are damaged.
        """
        return tuple(_load(folder) for _, folder in _folders(self._root / check_name(name)))

    def names(self) -> tuple[str, ...]:
        """Return the names with imports, the latest import first."""
        if not self._root.is_dir():
            return ()
        homes = [home for home in self._root.iterdir() if home.is_dir() and _folders(home)]
        newest = {home: _folders(home)[-1][1].stat().st_mtime_ns for home in homes}
        return tuple(home.name for home in sorted(homes, key=newest.__getitem__, reverse=True))

    def vectors(self, version: PolicyVersion) -> bytes | None:
        """Return the search data of a version; None when it can't be read."""
        home = self._home_of(version)
        try:
            return (home / _VECTORS).read_bytes() if home else None
        except OSError:
            return None

    def keep_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
        """Store the search data of a version beside it.

        Raises:
            UnavailableError: the disk is full or the folder can't be written.
        """
        home = self._home_of(version)
        if home is None:
            return
        scratch = home / f".{_VECTORS}-{os.getpid()}"
        try:
            _write(scratch, vectors)
            scratch.replace(home / _VECTORS)
        except OSError as error:
            raise UnavailableError(
                f"what finds the passages can't be stored: {error.strerror or 'disk error'}"
            ) from error
        finally:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)

    def _home_of(self, version: PolicyVersion) -> Path | None:
        folders = _folders(self._root / check_name(version.name))
        held = [path for _, path in folders if path.name.endswith(f"-{version.digest[:12]}")]
        return held[-1] if held else None


def _folders(home: Path) -> list[tuple[int, Path]]:
    try:
        paths = list(home.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        why = describe_os_error(error, home) or error.strerror or "input/output error"
        raise UnavailableError(
            f"imported policies can't be read below PRIVACYDESK_DATA_DIR: {why}"
        ) from error
    found = ((_FOLDER.fullmatch(path.name), path) for path in paths)
    return sorted((int(match["number"]), path) for match, path in found if match is not None)


@contextlib.contextmanager
def _reserved(home: Path) -> Iterator[int]:
    """Reserve the next number against other processes until its folder exists."""
    floor = 0
    while True:
        numbers = [number for number, _ in _folders(home)]
        number = max([floor, *numbers]) + 1
        claim = home / f".claim-{number}"
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            # Another process is using it, or died while using it: it is skipped either way.
            floor = number
            continue
        # Between looking and claiming, another process may have finished with this number.
        if any(taken >= number for taken, _ in _folders(home)):
            claim.unlink(missing_ok=True)
            continue
        try:
            yield number
        finally:
            claim.unlink(missing_ok=True)
        return


@contextlib.contextmanager
def _scratch(home: Path) -> Iterator[Path]:
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    # Private by default, which would keep a `serve` of another account from reading it.
    scratch.chmod(0o755)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders can't be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load(folder: Path) -> PolicyVersion:
    try:
        source = (folder / _SOURCE).read_bytes().decode()
        return load_version(orjson.loads((folder / _TREE).read_bytes()), source)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeskError(
            f"the stored policy {folder.name} can't be read: {error}",
            code=ErrorCode.POLICY_UNREADABLE,
        ) from error
