"""Event streams of the console, as tests read them."""

from __future__ import annotations

import asyncio
import json
from typing import Any


async def next_event(answer: Any, name: str) -> Any:
    async with asyncio.timeout(10):
        while True:
            line = (await answer.content.readline()).decode().rstrip()
            if line == f"event: {name}":
                data = (await answer.content.readline()).decode().removeprefix("data: ")
                return json.loads(data)
