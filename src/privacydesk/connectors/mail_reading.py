"""Reading a mail: its claimed sender, the exchange it belongs to, the text written in it.

A mail is untrusted input. Whatever can't be read of it is left out; only one without a sender's
address can't be read at all.
"""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes, policy
from email.headerregistry import AddressHeader
from email.message import EmailMessage, MIMEPart
from typing import Final

from privacydesk.connectors.letters import read_address
from privacydesk.connectors.mail_text import text_of_html, written
from privacydesk.domain.cleaning import clean_name, clean_text
from privacydesk.domain.mail import IncomingMail, ReceivedFile
from privacydesk.errors import InvalidRequestError

_ID: Final = re.compile(r"<[!-;=?-~]{3,250}>")
"""Visible ASCII only (RFC 5322), since replies contain it."""
_LONGEST_THREAD: Final = 100
_LONGEST_SUBJECT: Final = 200
_MOST_FILES: Final = 10
_ROBOTS: Final = re.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)\b", re.IGNORECASE
)
_BULK: Final = frozenset({"bulk", "list", "junk", "auto_reply"})
_TELLTALES: Final = ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Loop")
_ANSWERED: Final = re.compile(
    r"^(?:(?:re|aw|fw|fwd|回复|回覆|答复|答覆|转发|轉寄)\s*[:：]\s*)+", re.IGNORECASE
)


def read_mail(raw: bytes, *, own: str) -> IncomingMail:
    """Read a mail.

    Args:
        raw: as received.
        own: the desk's own address; a mail from it is automatic.

    Raises:
        InvalidRequestError: it names no sender address.
    """
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    address = _sender(mail)
    named = _ids(mail, "Message-ID")
    answers = _ids(mail, "In-Reply-To")
    thread = _ids(mail, "References") or answers
    return IncomingMail(
        message_id=named[0] if named else f"<{hashlib.sha256(raw).hexdigest()}@unnamed>",
        references=thread[:_LONGEST_THREAD],
        in_reply_to=answers[-1] if answers else "",
        address=address,
        subject=_subject(mail),
        text=_text(mail),
        files=_files(mail),
        automatic=_automatic(mail, address, own),
    )


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(mail.get(name, "")).split())
    except (ValueError, IndexError, AttributeError, LookupError):
        # The parser raises on some headers instead of calling them defective.
        return ""


def _sender(mail: EmailMessage) -> str:
    try:
        header = mail.get("From")
        found = (
            header.addresses
            if isinstance(header, AddressHeader)
            else getattr(header, "addresses", ())
        )
        address = read_address(found[0].addr_spec)
    except (ValueError, IndexError, AttributeError, LookupError):
        raise InvalidRequestError("the mail names no address that it comes from") from None
    return f"{address.username}@{address.domain.lower()}"


def _ids(mail: EmailMessage, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ID.findall(_header(mail, name))))


def _subject(mail: EmailMessage) -> str:
    return _ANSWERED.sub("", clean_text(_header(mail, "Subject")))[:_LONGEST_SUBJECT].strip()


def _text(mail: EmailMessage) -> str:
    try:
        body = mail.get_body(("plain", "html"))
    except (ValueError, KeyError, AttributeError):
        return ""
    if body is None:
        return ""
    said = _decoded(body)
    return clean_text(written(text_of_html(said) if body.get_content_subtype() == "html" else said))


def _decoded(part: MIMEPart) -> str:
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
    for part in parts[:_MOST_FILES]:
        body = part.get_payload(decode=True)
        if isinstance(body, bytes) and body:
            name = clean_name(part.get_filename() or "")
            files.append(ReceivedFile(name or "file", part.get_content_type(), body))
    return tuple(files)


def _automatic(mail: EmailMessage, address: str, own: str) -> str:
    """Return why no person wrote a mail (RFC 3834, and what senders did before it)."""
    submitted = _header(mail, "Auto-Submitted").lower()
    if submitted and submitted != "no":
        return "auto_submitted"
    if address.lower() == own.lower():
        return "own"
    if _header(mail, "Precedence").lower() in _BULK:
        return "bulk"
    if any(name in mail for name in _TELLTALES):
        return "list"
    if _header(mail, "Return-Path") == "<>" or mail.get_content_type() == "multipart/report":
        return "bounce"
    return "robot" if _ROBOTS.match(address) else ""
