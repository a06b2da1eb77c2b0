"""A long crash test: a server is killed again and again while clients chat.

    python benchmarks/kill.py [--rounds 200] [--clients 32] [--seed 1]

Fails if anything acknowledged is lost or duplicated; ``tests/common/kill_audit.py`` describes what
is checked after each kill.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.common.kill_rounds import run_rounds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
        report = asyncio.run(
            run_rounds(
                Path(folder), rounds=options.rounds, clients=options.clients, seed=options.seed
            )
        )
    for name, value in asdict(report).items():
        print(f"{name.replace('_', ' '):14} {value:>9,}")
    print(f"{'seconds':14} {time.perf_counter() - started:>9,.0f}")


if __name__ == "__main__":
    main()
