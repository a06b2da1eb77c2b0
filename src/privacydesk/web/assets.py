"""Static files, read once at the start and served under an address that names their content.

All files share one digest, so that modules find each other by relative address and a page never
mixes two versions.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from aiohttp import web

from privacydesk.errors import NotFoundError

STATIC = Path(__file__).parent / "static"

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}
_TEXTS = frozenset({".css", ".js", ".svg", ".json"})


class Assets:
    """The static files of a folder.

    Attributes:
        digest: changes whenever any of them does.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        whole = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in _TYPES:
                name, body = path.relative_to(folder).as_posix(), path.read_bytes()
                whole.update(name.encode() + b"\0" + body)
                self._files[name] = (body, path.suffix)
        self.digest = whole.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Return the address of a file; KeyError for one that does not exist."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.digest}/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file; one requested under another digest must be revalidated."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise NotFoundError("no such file")
        body, suffix = found
        current = request.match_info["digest"] == self.digest
        return web.Response(
            body=body,
            content_type=_TYPES[suffix],
            charset="utf-8" if suffix in _TEXTS else None,
            headers={
                "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache"
            },
        )
