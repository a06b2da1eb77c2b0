"""Static files: read once at startup, and served under a path that contains their digest.

All files share one digest, so that JavaScript modules can import each other by relative path and a
page never mixes two versions. A text is compressed once, when a browser first asks for it.
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.errors import NotFoundError
from privacydesk.web.bundles import bundle
from privacydesk.web.compression import accepts_gzip

STATIC = Path(__file__).parent / "static"

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}
_TEXTS = frozenset({".css", ".js", ".svg", ".json"})
_IMPORT: Final = re.compile(r'^(?:import|export)\b[^;"]*"(\.{1,2}/[^"]+)"', re.MULTILINE)


class _File(Struct, frozen=True):
    """A static file.

    Attributes:
        body: its content.
        suffix: the end of its name, which tells the type.
    """

    body: bytes
    suffix: str

    @property
    def is_text(self) -> bool:
        return self.suffix in _TEXTS


class Assets:
    """The static files of a folder, held in memory.

    Args:
        folder: where they are.
        more: further files by name, such as those of the operator's brand.
        bundles: the modules of which a bundle is made; that of ``js/main.js`` is
            ``js/main.bundle.js``.

    Attributes:
        digest: digest over the names and contents of all files.
    """

    def __init__(
        self,
        folder: Path = STATIC,
        more: Mapping[str, bytes] | None = None,
        bundles: Iterable[str] = (),
    ) -> None:
        self._files: dict[str, _File] = {}
        self._compressed: dict[str, bytes] = {}
        digest = hashlib.sha256()
        found = {**_read_folder(folder), **(more or {})}
        modules = {name: body.decode() for name, body in found.items() if name.endswith(".js")}
        for name in bundles:
            found[bundled(name)] = bundle(modules, name).encode()
        for name, body in sorted(found.items()):
            digest.update(name.encode() + b"\0" + body)
            self._files[name] = _File(body, PurePosixPath(name).suffix)
        self.digest = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """Return the URL path of a file.

        Raises:
            KeyError: there is no such file.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.digest}/{name}"

    def text(self, name: str) -> str:
        """Return the content of a text, for pages that are one file.

        Raises:
            KeyError: there is no such file.
        """
        return self._files[name].body.decode()

    def imports(self, name: str) -> list[str]:
        """Return the URL paths of all modules that a module imports, by way of others, too.

        A page names them, so that the browser need not read one module to learn of the next.

        Raises:
            KeyError: there is no such module.
        """
        found, unread = {name}, [name]
        while unread:
            module = unread.pop()
            for path in _IMPORT.findall(self._files[module].body.decode()):
                imported = posixpath.normpath(posixpath.join(posixpath.dirname(module), path))
                if imported not in found:
                    found.add(imported)
                    unread.append(imported)
        return [self.url(module) for module in sorted(found - {name})]

    async def serve(self, request: web.Request) -> web.Response:
        """Send a file; browsers may cache it for good if the path has the current digest.

        Raises:
            NotFoundError: there is no such file.
        """
        name = request.match_info["name"]
        file = self._files.get(name)
        if file is None:
            raise NotFoundError("no such file")
        current = request.match_info["digest"] == self.digest
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache",
        }
        body = file.body
        if file.is_text:
            headers["Vary"] = "Accept-Encoding"
            if accepts_gzip(request) and (compressed := self._compress(name, body)):
                body, headers["Content-Encoding"] = compressed, "gzip"
        return web.Response(
            body=body,
            content_type=_TYPES[file.suffix],
            charset="utf-8" if file.is_text else None,
            headers=headers,
        )

    def _compress(self, name: str, body: bytes) -> bytes:
        """Return a text compressed; empty if that is no shorter."""
        if name not in self._compressed:
            compressed = gzip.compress(body, mtime=0)
            self._compressed[name] = compressed if len(compressed) < len(body) else b""
        return self._compressed[name]


def bundled(name: str) -> str:
    """Return the name of a module's bundle."""
    return PurePosixPath(name).with_suffix(".bundle.js").as_posix()


def _read_folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in _TYPES
    }
