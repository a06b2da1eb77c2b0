"""Serialised mails: plain text, the same as minimal HTML, and honest headers."""

from __future__ import annotations

import html
import re
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from privacydesk.domain.notices import OutgoingMail

_LINK: Final = re.compile(r"https?://[^\s<>\"'，。；）]+")
_LONGEST_THREAD: Final = 20
"""The most references sent along; the first one and the newest identify the thread."""


def write_letter(letter: OutgoingMail, *, sender: Address, key: str, at: datetime) -> EmailMessage:
    """Return a mail.

    Args:
        letter: what it says and to whom.
        sender: from whom.
        key: becomes the local part of the ``Message-ID``.
        at: when it was written.

    Raises:
        ValueError: the address or a header is not valid in a mail.
    """
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = sender
    mail["To"] = read_address(letter.to)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<desk.{key}@{sender.domain}>"
    # Auto-responders don't answer it (RFC 3834), and the desk doesn't answer its own.
    mail["Auto-Submitted"] = "auto-replied" if letter.in_reply_to else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if letter.in_reply_to:
        mail["In-Reply-To"] = letter.in_reply_to
        mail["References"] = " ".join(_references(letter))
    mail.set_content("\n\n".join(letter.lines) + "\n", cte="base64", charset="utf-8")
    mail.add_alternative(_html(letter), subtype="html", cte="base64", charset="utf-8")
    for one in letter.attachments:
        family, _, kind = one.media_type.partition("/")
        mail.add_attachment(one.body, family, kind, filename=one.name)
    # The content's own headers replace earlier ones.
    mail["Content-Language"] = letter.locale
    return mail


def read_address(text: str, name: str = "") -> Address:
    """Read a bare mail address.

    Raises:
        ValueError: it is none. The parser raises several errors; here they are one.
    """
    try:
        address = Address(name, addr_spec=text)
    except (ValueError, IndexError, AttributeError, MessageError):
        raise ValueError("this is no mail address") from None
    if not address.username or not address.domain:
        raise ValueError("this is no mail address")
    return address


def _references(letter: OutgoingMail) -> tuple[str, ...]:
    chain = (*(one for one in letter.references if one != letter.in_reply_to), letter.in_reply_to)
    if len(chain) <= _LONGEST_THREAD:
        return chain
    return (chain[0], *chain[-(_LONGEST_THREAD - 1) :])


def _html(letter: OutgoingMail) -> str:
    body = "".join(f"<p>{_paragraph(line)}</p>\n" for line in letter.lines)
    title = html.escape(letter.subject)
    head = f'<meta charset="utf-8"><title>{title}</title>'
    return (
        f'<!doctype html>\n<html lang="{html.escape(letter.locale)}">\n'
        f"<head>{head}</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _paragraph(text: str) -> str:
    parts, end = [], 0
    for found in _LINK.finditer(text):
        address = html.escape(found[0])
        parts += [html.escape(text[end : found.start()]), f'<a href="{address}">{address}</a>']
        end = found.end()
    parts.append(html.escape(text[end:]))
    return "".join(parts).replace("\n", "<br>\n")
