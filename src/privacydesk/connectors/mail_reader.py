"""Reads mails in a process that may fail; see ``mail_program``."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import msgspec

from privacydesk import confined
from privacydesk.connectors import mail_program
from privacydesk.domain.mail import IncomingMail
from privacydesk.errors import InvalidRequestError, UnavailableError

_PROGRAM: Final = Path(mail_program.__file__)
_PATIENCE: Final = 10.0
"""Seconds. The largest mail takes one or two; a poll of the mailbox ends within its lease."""


class MailReader:
    """Reads mails, each in a process of its own: they are few.

    Args:
        own: the desk's own address; a mail from it is automatic.
        patience: seconds after which a process that is still reading is killed.
    """

    def __init__(self, own: str, patience: float = _PATIENCE) -> None:
        self._own = own
        self._patience = patience

    async def read(self, raw: bytes) -> IncomingMail:
        """Read a mail.

        Raises:
            InvalidRequestError: it can't be read, or takes more time or memory than a mail does.
            UnavailableError: no process can be started.
        """
        process = await self._start()
        try:
            async with asyncio.timeout(self._patience):
                told, _ = await process.communicate(raw)
        except TimeoutError:
            raise InvalidRequestError("reading the mail takes too long") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise InvalidRequestError("the mail can't be read")
        return msgspec.msgpack.decode(told, type=IncomingMail)

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *confined.command(_PROGRAM, self._own, memory=mail_program.MEMORY),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
            )
        except OSError as error:
            raise UnavailableError("no process for reading mails can be started") from error
