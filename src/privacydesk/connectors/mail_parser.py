"""Parses a mail: its claimed sender, the thread it belongs to, the text that a person wrote.

A mail is untrusted input. Parts that can't be parsed are left out; only a mail without a sender's
address is refused.
"""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes, policy
from email.headerregistry import AddressHeader
from email.message import EmailMessage, MIMEPart
from typing import Final

from privacydesk.connectors.mail_message import parse_bare_address
from privacydesk.connectors.mail_text import html_to_text, strip_quotations
from privacydesk.domain.cleaning import clean_name, clean_text
from privacydesk.domain.mail import IncomingMail, ReceivedFile
from privacydesk.errors import InvalidRequestError

_ID: Final = re.compile(r"<[!-;=?-~]{3,250}>")
"""Visible ASCII only (RFC 5322), since the desk's replies repeat the id in a header."""
_MAX_REFERENCES: Final = 100
_MAX_SUBJECT: Final = 200
_MAX_FILES: Final = 10
_ROBOTS: Final = re.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)\b", re.IGNORECASE
)
_BULK: Final = frozenset({"bulk", "list", "junk", "auto_reply"})
_BULK_HEADERS: Final = ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Loop")
_REPLY_PREFIX: Final = re.compile(
    r"^(?:(?:re|aw|fw|fwd|回复|回覆|答复|答覆|转发|轉寄)\s*[:：]\s*)+", re.IGNORECASE
)


def parse_mail(raw: bytes, *, own_address: str) -> IncomingMail:
    """Parse a mail.

    Args:
        raw: the mail as received.
        own_address: the desk's address; a mail from it is automatic.

    Raises:
        InvalidRequestError: it has no sender address.
    """
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    address = _sender_address(mail)
    message_ids = _ids(mail, "Message-ID")
    in_reply_to = _ids(mail, "In-Reply-To")
    thread = _ids(mail, "References") or in_reply_to
    return IncomingMail(
        message_id=message_ids[0]
        if message_ids
        else f"<{hashlib.sha256(raw).hexdigest()}@unnamed>",
        references=thread[:_MAX_REFERENCES],
        in_reply_to=in_reply_to[-1] if in_reply_to else "",
        address=address,
        subject=_subject(mail),
        text=_text(mail),
        files=_files(mail),
        automatic=_automatic_reason(mail, address, own_address),
    )


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(mail.get(name, "")).split())
    except (ValueError, IndexError, AttributeError, LookupError):
        # The library raises on some malformed headers instead of reporting a defect.
        return ""


def _sender_address(mail: EmailMessage) -> str:
    try:
        header = mail.get("From")
        addresses = (
            header.addresses
            if isinstance(header, AddressHeader)
            else getattr(header, "addresses", ())
        )
        address = parse_bare_address(addresses[0].addr_spec)
    except (ValueError, IndexError, AttributeError, LookupError):
        raise InvalidRequestError("the mail names no address that it comes from") from None
    return f"{address.username}@{address.domain.lower()}"


def _ids(mail: EmailMessage, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ID.findall(_header(mail, name))))


def _subject(mail: EmailMessage) -> str:
    return _REPLY_PREFIX.sub("", clean_text(_header(mail, "Subject")))[:_MAX_SUBJECT].strip()


def _text(mail: EmailMessage) -> str:
    try:
        body = mail.get_body(("plain", "html"))
    except (ValueError, KeyError, AttributeError):
        return ""
    if body is None:
        return ""
    content = _decode_part(body)
    return clean_text(
        strip_quotations(html_to_text(content) if body.get_content_subtype() == "html" else content)
    )


def _decode_part(part: MIMEPart) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, UnicodeError):
        return raw.decode("utf-8", "replace")


def _files(mail: EmailMessage) -> tuple[ReceivedFile, ...]:
    files = []
    try:
        parts = list(mail.iter_attachments())
    except (ValueError, AttributeError, TypeError):
        return ()
    for part in parts[:_MAX_FILES]:
        body = part.get_payload(decode=True)
        if isinstance(body, bytes) and body:
            name = clean_name(part.get_filename() or "")
            files.append(ReceivedFile(name or "file", part.get_content_type(), body))
    return tuple(files)


def _automatic_reason(mail: EmailMessage, address: str, own_address: str) -> str:
    """Return why a mail is automatic, or an empty string (RFC 3834 and older conventions)."""
    submitted = _header(mail, "Auto-Submitted").lower()
    if submitted and submitted != "no":
        return "auto_submitted"
    if address.lower() == own_address.lower():
        return "own"
    if _header(mail, "Precedence").lower() in _BULK:
        return "bulk"
    if any(name in mail for name in _BULK_HEADERS):
        return "list"
    if _header(mail, "Return-Path") == "<>" or mail.get_content_type() == "multipart/report":
        return "bounce"
    return "robot" if _ROBOTS.match(address) else ""
