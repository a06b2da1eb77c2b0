"""Cache of compiled templates: compiling one takes longer than rendering its page."""

from __future__ import annotations

from types import CodeType

import jinja2
from jinja2.bccache import Bucket


class Compiled(jinja2.BytecodeCache):
    """Keeps compiled templates in memory, for all environments with the same settings."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with its cached bytecode, if any."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Cache a bucket's bytecode."""
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code
