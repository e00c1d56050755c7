"""``make fuzz``: every reader of foreign bytes under changed inputs, in processes of little memory.

A process keeps its last input, so that one that crashes tells why.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fuzz.files import file_targets
from fuzz.logs import log_targets
from fuzz.packets import packet_targets
from fuzz.target import Target, campaign

MOST_MEMORY_BYTES = 3 << 30


def main() -> int:
    """Share the time out between the targets; return 1 when something was found."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a part of the names of the targets to run")
    parser.add_argument("--plan", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--last", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.plan:
        return _child(asked.plan, asked.seed, asked.last)
    targets = _targets(asked.only)
    if not targets:
        names = ", ".join(target.name for target in _targets(""))
        parser.error(f"no target is named like {asked.only!r}; there are: {names}")
    share = asked.seconds / sum(weight for _, weight in targets.values())
    groups: dict[str, list[str]] = {}
    for name in targets:
        # A library that reads a damaged file may crash: those have a process each.
        alone = name.startswith(("session", "import: apdm"))
        groups.setdefault(name if alone else "others", []).append(name)
    n_bad = sum(
        _run(names, [share * targets[name][1] for name in names], asked.seed)
        for names in groups.values()
    )
    print(f"{len(targets)} targets, {n_bad} with findings")
    return int(n_bad > 0)


def _targets(only: str) -> dict[str, tuple[Target, float]]:
    """Return targets by name, each with its weight: what reads files gets most of the time."""
    weights = [(target, 8.0) for target in file_targets() if target.name.startswith("session")]
    weights += [(target, 1.0) for target in file_targets()[len(weights) :]]
    weights += [(target, 1.0) for target in (*log_targets(), *packet_targets())]
    return {
        target.name: (target, weight)
        for target, weight in weights
        if only.lower() in target.name.lower()
    }


def _run(names: list[str], seconds: list[float], seed: int) -> int:
    """Run targets in a process of their own; return how many of them found something."""
    with tempfile.TemporaryDirectory() as folder:
        last = Path(folder) / "last"
        plan = json.dumps(dict(zip(names, seconds, strict=True)))
        words = ["--plan", plan, "--seed", f"{seed}", "--last", str(last)]
        process = subprocess.Popen(
            [sys.executable, "-m", "fuzz", *words], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        n_bad = 0
        for line in process.stdout:
            n_bad += _tell(json.loads(line))
        if process.wait() in (0, 1):
            return n_bad
        kept = Path(tempfile.gettempdir()) / "fuzz_last_input"
        kept.write_bytes(last.read_bytes() if last.exists() else b"")
        print(f"{names[0]}: the process ended with {process.returncode}; its last input is {kept}")
        return n_bad + 1


def _tell(told: dict[str, Any]) -> bool:
    print(
        f"{told['name']:34} {told['inputs']:8} inputs, {told['refused']:8} refused,"
        f" slowest {told['slowest_s']:6.3f} s, peak {told['peak_bytes'] / 1e6:6.2f} MB",
        flush=True,
    )
    for finding in told["findings"]:
        print(finding, flush=True)
    return bool(told["findings"])


def _child(plan: dict[str, float], seed: int, last: Path) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    targets = _targets("")
    n_bad = 0
    for name, seconds in plan.items():
        end_s = time.monotonic() + seconds
        outcome = campaign(
            targets[name][0],
            random.Random(f"{name} {seed}"),
            lambda _, end_s=end_s: time.monotonic() < end_s,
            last.write_bytes if name.startswith("session") else lambda _data: None,
        )
        print(json.dumps({"name": name, **asdict(outcome)}), flush=True)
        n_bad += bool(outcome.findings)
    return int(n_bad > 0)


if __name__ == "__main__":
    sys.exit(main())
