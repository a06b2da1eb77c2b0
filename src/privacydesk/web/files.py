"""Responses with images that the desk re-encoded: sandboxed, and never cached."""

from __future__ import annotations

import urllib.parse
from typing import Final

from aiohttp import web

from privacydesk.domain.attachments import Attachment
from privacydesk.domain.evidence import Evidence

FILE_POLICY: Final = "default-src 'none'; sandbox"
"""The Content-Security-Policy of files: stricter than that of pages."""


def file_response(file: Attachment | Evidence) -> web.Response:
    """Return a file for display in our own pages; browsers save it under its name."""
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
