"""Storage of imported policy versions: the interface, and implementations in memory and in files.

Files are enough: policies are small and change a few times a year, and a command can import one
while `serve` runs. A version is written completely before its folder gets its name, so readers
never see a part of one.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson

from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, UnavailableError
from privacydesk.policy.codec import dump_version, load_version
from privacydesk.policy.tree import PolicyVersion
from privacydesk.system_errors import describe_os_error


class TranslationLanguage(StrEnum):
    """A language in which a policy may be imported beside the one that binds; a BCP 47 tag."""

    EN = "en"
    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"


_OF = "@"
"""Separates the policy's name from the language in the name of a translation."""
_NAME = re.compile(rf"[^\W_][\w.-]{{0,63}}(?:{_OF}(?:{'|'.join(TranslationLanguage)}))?")
_FOLDER = re.compile(r"(?P<number>[0-9]{1,9})-[0-9a-f]{12}")
_TREE = "policy.json"
_SOURCE = "source.txt"
_VECTORS = "passages.npz"


class PolicyLibrary(Protocol):
    """Stores all imported versions of policies, by the operator's name for the policy."""

    def save(self, version: PolicyVersion) -> bool:
        """Store a version as the newest of its name.

        Returns:
            False if the newest version already has this text and tree; nothing was stored.
        """
        ...

    def latest(self, name: str) -> PolicyVersion | None:
        """Return the newest version of a name; None if nothing was imported under it."""
        ...

    def versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Return every version of a name, oldest first."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the names with imports, without translations, the latest import first."""
        ...

    def vectors(self, version: PolicyVersion) -> bytes | None:
        """Return the stored search data of a version; None if there is none."""
        ...

    def save_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
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


def translation_name(name: str, language: TranslationLanguage) -> str:
    """Return the name under which a policy's translation is stored: ``lane@en``."""
    return f"{name}{_OF}{language}"


def is_translation(name: str) -> bool:
    """Return whether a name is that of a policy's translation."""
    return _OF in name


def find_version(library: PolicyLibrary, name: str, digest: str = "") -> PolicyVersion | None:
    """Return the newest version of a name that has a digest; without a digest, the newest of all.

    Raises:
        DeskError: POLICY_UNREADABLE if the files of a version are damaged.
    """
    latest = library.latest(name)
    if latest is None or digest in {"", latest.digest}:
        return latest
    others = reversed(library.versions(name))
    return next((version for version in others if version.digest == digest), None)


def _same(first: PolicyVersion | None, second: PolicyVersion) -> bool:
    # The trees are compared, too: a later release may parse the same text differently.
    return (
        first is not None and first.digest == second.digest and first.documents == second.documents
    )


class MemoryPolicyLibrary:
    """Stores versions in memory."""

    def __init__(self) -> None:
        self._versions: dict[str, list[PolicyVersion]] = {}
        self._vectors: dict[tuple[str, str], bytes] = {}

    def save(self, version: PolicyVersion) -> bool:
        """Store a version as the newest of its name; see `PolicyLibrary.save`."""
        check_name(version.name)
        if _same(self.latest(version.name), version):
            return False
        # The name imported last is the last one.
        self._versions[version.name] = [*self._versions.pop(version.name, ()), version]
        return True

    def latest(self, name: str) -> PolicyVersion | None:
        """Return the newest version of a name, or None."""
        versions = self._versions.get(check_name(name))
        return versions[-1] if versions else None

    def versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Return every version of a name, oldest first."""
        return tuple(self._versions.get(check_name(name), ()))

    def names(self) -> tuple[str, ...]:
        """Return the names with imports, without translations, the latest import first."""
        return tuple(name for name in reversed(self._versions) if not is_translation(name))

    def vectors(self, version: PolicyVersion) -> bytes | None:
        """Return the search data of a version, or None."""
        return self._vectors.get((version.name, version.digest))

    def save_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
        """Store the search data of a version."""
        self._vectors[version.name, version.digest] = vectors


class VersionStamp(NamedTuple):
    """Identifies the newest version of a name and its search data, without loading either.

    Attributes:
        folder: the folder of the version; each import has its own.
        vectors_changed_at: when its search data was last stored, in nanoseconds; 0 if never.
    """

    folder: str
    vectors_changed_at: int


class FilePolicyLibrary:
    """Stores versions in `<data_dir>/policy/<name>/<n>-<digest12>/`; the highest n is the newest.

    Each folder has `source.txt`, the unchanged text in UTF-8, `policy.json`, the tree, and
    `passages.npz`, the search data, which can be computed again at any time.
    Several processes may read and write concurrently.
    """

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "policy"

    def save(self, version: PolicyVersion) -> bool:
        """Store a version as the newest of its name; see `PolicyLibrary.save`.

        Raises:
            InvalidRequestError: the name is not a valid folder name.
            UnavailableError: the disk is full or the folder can't be written.
            DeskError: POLICY_UNREADABLE when the newest stored version is damaged.
        """
        folder = self._root / check_name(version.name)
        if _same(self.latest(version.name), version):
            return False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _reserve_number(folder) as number, _temporary_folder(folder) as temporary:
                _write(temporary / _SOURCE, version.source.encode())
                _write(temporary / _TREE, orjson.dumps(dump_version(version)))
                _sync_folder(temporary)
                temporary.rename(folder / f"{number}-{version.digest[:12]}")
                _sync_folder(folder)
        except OSError as error:
            reason = describe_os_error(error, folder) or error.strerror or "input/output error"
            raise UnavailableError(
                f"the policy can't be stored below PRIVACYDESK_DATA_DIR: {reason}"
            ) from error
        return True

    def latest(self, name: str) -> PolicyVersion | None:
        """Return the newest version of a name, or None.

        Raises:
            DeskError: POLICY_UNREADABLE when its files are damaged.
        """
        folders = _folders(self._root / check_name(name))
        return _load_version(folders[-1][1]) if folders else None

    def stamp(self, name: str) -> VersionStamp | None:
        """Return the stamp of a name's newest version; None if nothing was imported."""
        folders = _folders(self._root / check_name(name))
        if not folders:
            return None
        newest = folders[-1][1]
        try:
            changed_at = (newest / _VECTORS).stat().st_mtime_ns
        except OSError:
            changed_at = 0
        return VersionStamp(newest.name, changed_at)

    def versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Return every version of a name, oldest first.

        Raises:
            DeskError: POLICY_UNREADABLE when files of one are damaged.
        """
        return tuple(_load_version(folder) for _, folder in _folders(self._root / check_name(name)))

    def names(self) -> tuple[str, ...]:
        """Return the names with imports, without translations, the latest import first."""
        names = [name for name in self.all_names() if not is_translation(name)]
        return tuple(sorted(names, key=self._changed_at, reverse=True))

    def all_names(self) -> tuple[str, ...]:
        """Return the names with imports; those of translations after the others."""
        if not self._root.is_dir():
            return ()
        names = [path.name for path in self._root.iterdir() if path.is_dir() and _folders(path)]
        return tuple(sorted(names, key=lambda name: (is_translation(name), name)))

    def _changed_at(self, name: str) -> int:
        return _folders(self._root / name)[-1][1].stat().st_mtime_ns

    def vectors(self, version: PolicyVersion) -> bytes | None:
        """Return the search data of a version; None if there is none or it can't be read."""
        folder = self._version_folder(version)
        try:
            return (folder / _VECTORS).read_bytes() if folder else None
        except OSError:
            return None

    def save_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
        """Store the search data of a version beside it.

        Raises:
            UnavailableError: the disk is full or the folder can't be written.
        """
        folder = self._version_folder(version)
        if folder is None:
            return
        temporary = folder / f".{_VECTORS}-{os.getpid()}"
        try:
            _write(temporary, vectors)
            temporary.replace(folder / _VECTORS)
        except OSError as error:
            raise UnavailableError(
                f"what finds the passages can't be stored: {error.strerror or 'disk error'}"
            ) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _version_folder(self, version: PolicyVersion) -> Path | None:
        folders = _folders(self._root / check_name(version.name))
        paths = [path for _, path in folders if path.name.endswith(f"-{version.digest[:12]}")]
        return paths[-1] if paths else None


def _folders(folder: Path) -> list[tuple[int, Path]]:
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = describe_os_error(error, folder) or error.strerror or "input/output error"
        raise UnavailableError(
            f"imported policies can't be read below PRIVACYDESK_DATA_DIR: {reason}"
        ) from error
    matches = ((_FOLDER.fullmatch(path.name), path) for path in paths)
    return sorted((int(match["number"]), path) for match, path in matches if match is not None)


@contextlib.contextmanager
def _reserve_number(folder: Path) -> Iterator[int]:
    """Reserve the next version number, so that no other process uses it."""
    skipped = 0
    while True:
        numbers = [number for number, _ in _folders(folder)]
        number = max([skipped, *numbers]) + 1
        claim = folder / f".claim-{number}"
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            # Another process has reserved it, or died with it reserved. Skip it in both cases.
            skipped = number
            continue
        # Another process may have created this version since the folders were listed.
        if any(existing >= number for existing, _ in _folders(folder)):
            claim.unlink(missing_ok=True)
            continue
        try:
            yield number
        finally:
            claim.unlink(missing_ok=True)
        return


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    # By default only this user could read it, and `serve` may run as another user.
    temporary.chmod(0o755)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders can't be opened on Windows
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load_version(folder: Path) -> PolicyVersion:
    try:
        source = (folder / _SOURCE).read_bytes().decode()
        return load_version(orjson.loads((folder / _TREE).read_bytes()), source)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeskError(
            f"the stored policy {folder.name} can't be read: {error}; remove {folder}, and start"
            " `privacydesk serve`, which writes what the database has",
            code=ErrorCode.POLICY_UNREADABLE,
        ) from error
