"""Receipts on the web: downloads, the public keys, and the page that verifies a receipt.

The page is one file without links to others, so that a saved copy verifies receipts offline, also
when the desk is gone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from markupsafe import Markup

from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.receipts import MEDIA_TYPE, ReceiptFile
from privacydesk.web.brand import brand_links
from privacydesk.web.csv_files import attachment_disposition
from privacydesk.web.files import FILE_POLICY
from privacydesk.web.keys import ASSETS, CATALOGS, RECEIPTS, SETTINGS
from privacydesk.web.pages import desk_name, render
from privacydesk.web.texts import LANGUAGE_TAGS, receipt_strings

_SCRIPT: Final = "js/receipts.bundle.js"
_STYLES: Final = ("css/tokens.css", "css/page.css", "css/receipts.css")


def receipt_response(file: ReceiptFile) -> web.Response:
    """Return a receipt for saving."""
    return _download(file.name, MEDIA_TYPE, file.content)


def text_response(name: str, text: str) -> web.Response:
    """Return a text for saving."""
    return _download(name, "text/plain; charset=utf-8", text.encode())


def _download(name: str, media_type: str, body: bytes) -> web.Response:
    return web.Response(
        body=body,
        headers={
            "Content-Type": media_type,
            "Content-Disposition": attachment_disposition(name),
            "Content-Security-Policy": FILE_POLICY,
            "Cache-Control": "no-store",
        },
    )


async def receipt_keys(request: web.Request) -> web.Response:
    """Send the public keys of all receipts, as a COSE_KeySet at the address of SCRAPI."""
    return web.Response(
        body=await request.app[RECEIPTS].keys(),
        content_type="application/cbor",
        headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"},
    )


async def receipts_page(request: web.Request) -> web.Response:
    """Show the page that verifies receipts; with ``save``, as a file that is kept."""
    locale = negotiate(request.query.get("lang") or request.headers.get("Accept-Language", ""))
    catalogs, assets = request.app[CATALOGS], request.app[ASSETS]
    brand = brand_links(request.app[SETTINGS].brand)["stylesheet"]
    styles = "\n".join(assets.text(name) for name in (*_STYLES, brand) if name)
    script = assets.text(_SCRIPT)
    policy = _policy(script, styles)
    response = render(
        request,
        "receipts.html",
        locale,
        # Both are files of this server and contain no values.
        script=Markup(script),  # noqa: S704
        styles=Markup(styles),  # noqa: S704
        policy=policy,
        desk_name=desk_name(request, locale),
        config={
            "locale": locale,
            "keys": base64.b64encode(await request.app[RECEIPTS].keys()).decode(),
            "zone": request.app[SETTINGS].zone,
            "languages": {
                one: {
                    "tag": LANGUAGE_TAGS[one],
                    "desk": desk_name(request, one),
                    "texts": receipt_strings(catalogs, one),
                }
                for one in catalogs.locales
            },
        },
    )
    frames = f"; frame-ancestors {request.app[SETTINGS].frame_ancestors}"
    response.headers["Content-Security-Policy"] = policy + frames
    if "save" in request.query:
        response.headers["Content-Disposition"] = attachment_disposition("receipts.html")
    return response


def _policy(script: str, styles: str) -> str:
    """Return the Content-Security-Policy: this script and these styles, and nothing else."""
    directives: Mapping[str, str] = {
        "default-src": "'none'",
        "script-src": _digest(script),
        "style-src": _digest(styles),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
