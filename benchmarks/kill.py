"""A long test of faults: things fail again and again while clients chat.

    python benchmarks/kill.py [--rounds 200] [--clients 32] [--seed 1]
    python benchmarks/kill.py --all [--postgresql] [--seconds 1200]
    python benchmarks/kill.py --only "frames lost" --only "answers lost" --within 10 [--rounds 1000]

Kills the server, or with ``--all`` brings about every fault of ``tests/common/faults.py`` that is
possible on this machine, or with ``--only`` some of them. Fails if anything acknowledged is lost or
duplicated; ``tests/common/kill_audit.py`` describes what is checked after each fault. With
``--within``, it also fails if not everybody is answered within so many seconds after each fault.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.common.kill_rounds import Plan, run_rounds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no round later")
    parser.add_argument("--all", action="store_true", help="every fault, not only kills")
    parser.add_argument("--only", action="append", help="this fault; may be given several times")
    parser.add_argument("--postgresql", action="store_true", help="two processes on a PostgreSQL")
    parser.add_argument("--within", type=float, default=0, help="seconds until all are answered")
    parser.add_argument("--log", type=Path, help="the file for the desk's warnings")
    parser.add_argument("--planted", default="", help="a fault of tests/common/planted")
    options = parser.parse_args()
    plan = Plan(
        rounds=options.rounds,
        clients=options.clients,
        seed=options.seed,
        kinds=None if options.all else tuple(options.only or ("kill",)),
        on_postgresql=options.postgresql,
        planted=options.planted,
        patience=3.0 if options.all or options.only else 10.0,
        within=options.within,
        seconds=options.seconds,
        log=options.log,
        told=partial(print, file=sys.stderr),
    )
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
        report = asdict(asyncio.run(run_rounds(Path(folder), plan)))
    for name, count in sorted(report.pop("faults").items()):
        print(f"{name:22} {count:>9,}")
    for name, value in report.items():
        print(f"{name.replace('_', ' '):22} {value:>9,.{int(isinstance(value, float))}f}")
    print(f"{'seconds':22} {time.perf_counter() - started:>9,.0f}")


if __name__ == "__main__":
    main()
