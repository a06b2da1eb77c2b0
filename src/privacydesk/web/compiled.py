"""Compiled templates, kept as long as the process: compiling one takes longer than its page."""

from __future__ import annotations

from types import CodeType

import jinja2
from jinja2.bccache import Bucket


class Compiled(jinja2.BytecodeCache):
    """Keeps what was compiled in memory, for all environments with the same settings."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what its source was compiled to, if it was."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a bucket holds."""
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code
