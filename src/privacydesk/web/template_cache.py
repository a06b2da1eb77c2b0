"""Cache of compiled templates: compiling a template takes longer than rendering its page."""

from __future__ import annotations

from types import CodeType

import jinja2
from jinja2.bccache import Bucket


class TemplateCache(jinja2.BytecodeCache):
    """In-memory cache of compiled templates, shared by environments with the same settings."""

    def __init__(self) -> None:
        self._bytecode: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with its cached bytecode, if any."""
        bucket.code = self._bytecode.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Cache a bucket's bytecode."""
        if bucket.code is not None:
            self._bytecode[bucket.key, bucket.checksum] = bucket.code
