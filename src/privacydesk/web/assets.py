"""Static files: read once at startup, and served under a path that contains their digest.

All files share one digest, so that JavaScript modules can import each other by relative path and a
page never mixes two versions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

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
    """The static files of a folder, held in memory.

    Args:
        folder: where they are.
        more: further files by name, such as those of the operator's brand.

    Attributes:
        digest: digest over the names and contents of all files.
    """

    def __init__(self, folder: Path = STATIC, more: Mapping[str, bytes] | None = None) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        digest = hashlib.sha256()
        for name, body in sorted({**_read_folder(folder), **(more or {})}.items()):
            digest.update(name.encode() + b"\0" + body)
            self._files[name] = (body, PurePosixPath(name).suffix)
        self.digest = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Return the URL path of a file.

        Raises:
            KeyError: there is no such file.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.digest}/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        """Send a file; browsers may cache it for good if the path has the current digest.

        Raises:
            NotFoundError: there is no such file.
        """
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise NotFoundError("no such file")
        body, suffix = file
        current = request.match_info["digest"] == self.digest
        return web.Response(
            body=body,
            content_type=_TYPES[suffix],
            charset="utf-8" if suffix in _TEXTS else None,
            headers={
                "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache"
            },
        )


def _read_folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in _TYPES
    }
