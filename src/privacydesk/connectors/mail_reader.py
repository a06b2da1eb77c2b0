"""Parses mails in a separate process; see ``mail_program``."""

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
_TIMEOUT: Final = 10.0
"""Seconds. The largest mail takes one or two, and a poll must end before its lease does."""


class MailReader:
    """Parses each mail in a new process; mails are few enough for that.

    Args:
        own_address: the desk's address; a mail from it is automatic.
        timeout: seconds after which the process is killed.
    """

    def __init__(self, own_address: str, timeout: float = _TIMEOUT) -> None:
        self._own_address = own_address
        self._timeout = timeout

    async def read(self, raw: bytes) -> IncomingMail:
        """Parse a mail.

        Raises:
            InvalidRequestError: it is invalid, or parsing it takes too much time or memory.
            UnavailableError: no process can be started.
        """
        process = await self._start()
        try:
            async with asyncio.timeout(self._timeout):
                output, _ = await process.communicate(raw)
        except TimeoutError:
            raise InvalidRequestError("reading the mail takes too long") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise InvalidRequestError("the mail can't be read")
        return msgspec.msgpack.decode(output, type=IncomingMail)

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *confined.command(_PROGRAM, self._own_address, memory=mail_program.MEMORY),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
            )
        except OSError as error:
            raise UnavailableError("no process for reading mails can be started") from error
