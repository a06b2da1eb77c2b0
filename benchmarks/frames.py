"""Measures whether the console stutters while a lot happens.

    python benchmarks/frames.py [--open 5000] [--rate 200] [--seconds 10] [--rounds 3]

The desk has 5,000 open requests. An agent replies in one conversation 200 times a second, and
chromium shows the conversation's page, or the list of the open requests, to a supervisor. Printed
are the replies that were made, the frames that the page drew, how long the longest of them and the
95th percentile took, and the share that took more than 50 ms, from when on people see a stutter.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from playwright.async_api import Browser

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.inbox import open_filled_office
from tests.browser.browsing import browsing
from tests.common.console_cases import copy_of_data, talk_of
from tests.common.console_client import Office

GOAL_SHARE = 0.01
STUTTER_MS = 50.0
_FRAMES = """
window.frames = [];
let before = performance.now();
requestAnimationFrame(function next(now) {
  window.frames.push(now - before);
  before = now;
  requestAnimationFrame(next);
});
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a page drew: the milliseconds of each frame, and the number of replies meanwhile."""

    frames: list[float]
    replies: int

    @property
    def share(self) -> float:
        """The share of the time that went into frames which stutter."""
        return sum(one for one in self.frames if one > STUTTER_MS) / sum(self.frames)


async def reply(office: Office, conversation: str, rate: float, seconds: float) -> int:
    """Reply at a rate, and return how often."""
    takeover = office.world.services.takeover
    began, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        if count > elapsed * rate:
            await asyncio.sleep(1 / rate)
            continue
        await takeover.reply(conversation, "mei", f"reply {count}", job_id=f"{began}-{count}")
        count += 1
    return count


async def watch(
    browser: Browser, office: Office, path: str, work: Callable[[], Awaitable[int]]
) -> Run:
    """Return what a page drew while something was done."""
    staff = await office.signed_in("lao-zhou")
    origin = str(staff.client.make_url("/")).rstrip("/")
    jar = staff.client.session.cookie_jar.filter_cookies(staff.client.make_url("/console/"))
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    await context.add_cookies(
        [{"name": one.key, "value": one.value, "url": f"{origin}/console"} for one in jar.values()]
    )
    page = await context.new_page()
    await page.goto(f"{origin}{path}")
    await page.wait_for_timeout(1_000)
    await page.evaluate(_FRAMES)
    replies = await work()
    frames: list[float] = await page.evaluate("window.frames")
    await context.close()
    return Run(frames, replies)


async def measure(browser: Browser, office: Office, options: argparse.Namespace) -> bool:
    """Watch each page some times; print the medians and judge."""
    _, ticket = await copy_of_data(office)
    conversation = ticket.conversation_id.hex()
    await office.world.services.takeover.take(conversation, "mei")
    work = partial(reply, office, conversation, options.rate, options.seconds)
    met = True
    for name, path in {"case": talk_of(ticket), "list": "/console/inbox?view=open"}.items():
        runs = [await watch(browser, office, path, work) for _ in range(options.rounds)]
        met &= _report(name, options.seconds, runs)
    return met


def _report(name: str, seconds: float, runs: list[Run]) -> bool:
    """Print the medians of a page's runs; return whether it meets the goal."""
    share = statistics.median(one.share for one in runs)
    frames = statistics.median(len(one.frames) / seconds for one in runs)
    replies = statistics.median(one.replies / seconds for one in runs)
    slow = statistics.median(statistics.quantiles(one.frames, n=20)[-1] for one in runs)
    longest = statistics.median(max(one.frames) for one in runs)
    print(
        f"{'met   ' if share <= GOAL_SHARE else 'MISSED'}  {name}: {replies:.0f} replies/s,"
        f" {frames:.0f} frames/s, 95th percentile {slow:.0f} ms, longest {longest:.0f} ms,"
        f" {share:.1%} of the time in frames over {STUTTER_MS:.0f} ms"
    )
    return share <= GOAL_SHARE


async def run(options: argparse.Namespace) -> bool:
    """Fill a desk and measure its pages."""
    async with open_filled_office(options.open) as office, browsing() as browser:
        return await measure(browser, office, options)


def main() -> None:
    """Measure and say how it went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--open", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=200.0, help="replies a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each run takes")
    parser.add_argument("--rounds", type=int, default=3)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    sys.exit(0 if asyncio.run(run(parser.parse_args())) else 1)


if __name__ == "__main__":
    main()
