"""Builds outgoing mails: plain text, the same text as HTML, and headers of automatic mail."""

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
_MAX_REFERENCES: Final = 20
"""The maximum number of references; the first one and the newest identify the thread."""


def build_mail(outgoing: OutgoingMail, *, sender: Address, key: str, at: datetime) -> EmailMessage:
    """Build a MIME message.

    Args:
        outgoing: the content and the recipient.
        sender: the ``From`` address.
        key: the local part of the ``Message-ID``.
        at: the ``Date``.

    Raises:
        ValueError: the recipient or a header is not valid in a mail.
    """
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = sender
    mail["To"] = parse_bare_address(outgoing.to)
    mail["Subject"] = outgoing.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<desk.{key}@{sender.domain}>"
    # So that auto-responders don't answer it (RFC 3834), nor the desk its own mail.
    mail["Auto-Submitted"] = "auto-replied" if outgoing.in_reply_to else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if outgoing.in_reply_to:
        mail["In-Reply-To"] = outgoing.in_reply_to
        mail["References"] = " ".join(_references(outgoing))
    mail.set_content("\n\n".join(outgoing.lines) + "\n", cte="base64", charset="utf-8")
    mail.add_alternative(_render_html(outgoing), subtype="html", cte="base64", charset="utf-8")
    for attachment in outgoing.attachments:
        maintype, _, subtype = attachment.media_type.partition("/")
        mail.add_attachment(attachment.body, maintype, subtype, filename=attachment.name)
    # Last, since setting the content replaces the headers of its own.
    mail["Content-Language"] = outgoing.locale
    return mail


def parse_bare_address(text: str, name: str = "") -> Address:
    """Parse a bare mail address.

    Raises:
        ValueError: it is invalid. The library raises several types of errors for that.
    """
    try:
        address = Address(name, addr_spec=text)
    except (ValueError, IndexError, AttributeError, MessageError):
        raise ValueError("this is no mail address") from None
    if not address.username or not address.domain:
        raise ValueError("this is no mail address")
    return address


def _references(outgoing: OutgoingMail) -> tuple[str, ...]:
    chain = (
        *(reference for reference in outgoing.references if reference != outgoing.in_reply_to),
        outgoing.in_reply_to,
    )
    if len(chain) <= _MAX_REFERENCES:
        return chain
    return (chain[0], *chain[-(_MAX_REFERENCES - 1) :])


def _render_html(outgoing: OutgoingMail) -> str:
    body = "".join(f"<p>{_render_paragraph(line)}</p>\n" for line in outgoing.lines)
    title = html.escape(outgoing.subject)
    head = f'<meta charset="utf-8"><title>{title}</title>'
    return (
        f'<!doctype html>\n<html lang="{html.escape(outgoing.locale)}">\n'
        f"<head>{head}</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _render_paragraph(text: str) -> str:
    parts, end = [], 0
    for link in _LINK.finditer(text):
        address = html.escape(link[0])
        parts += [html.escape(text[end : link.start()]), f'<a href="{address}">{address}</a>']
        end = link.end()
    parts.append(html.escape(text[end:]))
    return "".join(parts).replace("\n", "<br>\n")
