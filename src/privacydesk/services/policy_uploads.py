"""Reading and preparing policies that administrators upload, in a confined program."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from privacydesk import confined
from privacydesk.clock import Clock
from privacydesk.errors import DeskError, ErrorCode, UnavailableError
from privacydesk.policy.codec import FORMAT, load_version
from privacydesk.policy.tree import PolicyVersion, digest_of
from privacydesk.ports import PeriodicTasks, PolicyTextStore
from privacydesk.services import policy_program
from privacydesk.services.policies import Policies, version_of

if TYPE_CHECKING:
    from privacydesk.encoder.embedding import Vector

_log = structlog.get_logger(__name__)

_PROGRAM: Final = Path(policy_program.__file__)
_MEMORY: Final = 2 * 1024**3
_READ_TIMEOUT: Final = 60.0
_LONGEST_ANSWER: Final = 64 * 1024 * 1024
"""The maximum size of a policy's structure, in bytes; that of a file of 5 MB is far smaller."""
_PASSAGES_AT_ONCE: Final = 100
_LEASE: Final = timedelta(minutes=10)
"""Longer than the passages of one run take on a busy machine."""
_TASK: Final = "policy_preparing"


class _PausedError(UnavailableError):
    """Enough passages were embedded in this run."""


class PolicyUploads:
    """Imports uploaded files as versions that are not in force, and prepares their search data.

    Args:
        policies: stores the versions.
        texts: has those that are not prepared.
        tasks: lets one process at a time prepare them.
        clock: source of the current time.
    """

    def __init__(
        self, policies: Policies, texts: PolicyTextStore, tasks: PeriodicTasks, clock: Clock
    ) -> None:
        self._policies = policies
        self._texts = texts
        self._tasks = tasks
        self._clock = clock

    async def upload(self, content: bytes, name: str, *, by: str) -> PolicyVersion:
        """Import a file; its search data is prepared in the background.

        Args:
            content: the file.
            name: the operator's name for the policy.
            by: the name of the administrator.

        Raises:
            DeskError: POLICY_UNREADABLE if the file can't be imported.
            UnavailableError: no process can be started.
        """
        read = await _read(content, name)
        source = str(read["source"])
        tree = {
            "format": FORMAT,
            "name": name,
            "digest": digest_of(source),
            "imported_at": self._clock.now().isoformat(),
            "documents": read["documents"],
        }
        try:
            version = await asyncio.to_thread(load_version, tree, source)
        except RecursionError:
            raise _unreadable("it is nested too deeply") from None
        await self._policies.add(version, by=by, notes=read["notes"])
        return version

    async def prepare_next(self) -> None:
        """Compute search data that is missing, some of it at each call; called periodically."""
        for text in await self._texts.unready():
            now = self._clock.now()
            until = now + _LEASE
            if not await self._tasks.claim(_TASK, now, until=until, latest=until):
                return
            try:
                await self._prepare(version_of(text))
            except _PausedError:
                pass
            except DeskError as error:
                _log.error("policy_not_prepared", name=text.name, why=error.message)
                return
            await self._tasks.reschedule(_TASK, until, self._clock.now())

    async def _prepare(self, version: PolicyVersion) -> None:
        embedder = ConfinedEmbedder()
        try:
            await self._policies.prepare(version, embedder)
        finally:
            embedder.close()


class ConfinedEmbedder:
    """Embeds passages in a confined program, a limited number of them.

    Raises:
        UnavailableError: the program can't be started.
    """

    def __init__(self, limit: int = _PASSAGES_AT_ONCE) -> None:
        self._left = limit
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
            )
        except OSError as error:
            raise UnavailableError("no process for preparing policies can be started") from error

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of passages, of shape (len(texts), 384).

        Raises:
            UnavailableError: the limit is reached, or the program has ended.
        """
        if self._left < len(texts):
            raise _PausedError("enough for now")
        self._left -= len(texts)
        import numpy as np  # noqa: PLC0415 - see ``passage_vectors``

        return np.stack([self._embed(text) for text in texts])

    def _embed(self, text: str) -> Vector:
        import numpy as np  # noqa: PLC0415

        from privacydesk.encoder.embedding import DIMENSIONS  # noqa: PLC0415

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"embed": text}).encode() + b"\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
            vector = np.frombuffer(base64.b64decode(answer["vector"]), dtype=np.float32)
        except (OSError, ValueError, KeyError) as error:
            raise UnavailableError("the program that prepares policies has ended") from error
        return vector.reshape(DIMENSIONS)

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.communicate()


async def _read(content: bytes, name: str) -> dict[str, Any]:
    request = json.dumps({"read": base64.b64encode(content).decode(), "name": name})
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
    except OSError as error:
        raise UnavailableError("no process for reading policies can be started") from error
    try:
        async with asyncio.timeout(_READ_TIMEOUT):
            answer, _ = await process.communicate(request.encode() + b"\n")
    except TimeoutError:
        answer = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not answer or len(answer) > _LONGEST_ANSWER:
        raise _unreadable("it takes too much time or memory to read")
    read: dict[str, Any] = await asyncio.to_thread(json.loads, answer)
    if "fault" in read:
        raise _unreadable(str(read["fault"]))
    return read


def _command() -> tuple[str, ...]:
    folders = [path for path in map(Path, sys.path) if path.is_absolute() and path.exists()]
    return confined.command(_PROGRAM, json.dumps(sys.path), memory=_MEMORY, readable=folders)


def _unreadable(fault: str) -> DeskError:
    return DeskError(
        f"the policy can't be imported: {fault}", code=ErrorCode.POLICY_UNREADABLE, fault=fault
    )
