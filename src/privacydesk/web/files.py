"""Serving a file that the desk re-encoded: never as a page, and never cached."""

from __future__ import annotations

import urllib.parse
from typing import Final

from aiohttp import web

from privacydesk.domain.attachments import Attachment
from privacydesk.domain.evidence import Evidence

FILE_POLICY: Final = "default-src 'none'; sandbox"
"""The Content-Security-Policy of a file, whatever that of the pages is."""


def file_answer(file: Attachment | Evidence) -> web.Response:
    """Return a file to be shown in our own pages, or to be saved under its name."""
    name = urllib.parse.quote(file.name)
    return web.Response(
        body=file.body,
        content_type=file.media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f"inline; filename*=UTF-8''{name}",
            "Content-Security-Policy": FILE_POLICY,
        },
    )
