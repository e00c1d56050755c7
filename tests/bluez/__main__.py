"""``make test-bluez``: prepare, boot, compare; print what was found, exit 1 when it is wrong."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

from bluez.guest import LOST_SEGMENT, source
from bluez.machine import Machine
from bluez.packages import MissingToolError, kernel_package, unpacked_kernel, unpacked_tools
from bluez.verdict import findings

_CHECKOUT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 285.0


def main() -> int:
    """Run the test."""
    parser = argparse.ArgumentParser(prog="make test-bluez", description=__doc__)
    parser.add_argument(
        "--cache", type=Path, default=_CHECKOUT / "build" / "bluez", help="unpacked packages"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=_PATIENCE_S,
        metavar="S",
        help=f"seconds until it is given up (default {_PATIENCE_S:g}); more on a busy computer",
    )
    options = parser.parse_args()
    cache = options.cache.resolve()
    if sys.platform != "linux" or platform.machine() != "x86_64":
        print("this test needs Linux on x86-64", file=sys.stderr)
        return 2
    try:
        began_s = time.monotonic()
        package = kernel_package()
        print(f"packages: {package}, in {cache}", flush=True)
        machine = Machine(unpacked_tools(cache), unpacked_kernel(cache, package), _out(cache))
        print(f"prepared in {time.monotonic() - began_s:.0f} s; booting", flush=True)
        began_s = time.monotonic()
        console = machine.run("/usr/bin/env", _program(), options.patience)
    except (MissingToolError, TimeoutError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"the machine ran for {time.monotonic() - began_s:.0f} s")
    return _judge(machine.shared, console)


def _judge(out: Path, console: str) -> int:
    told = out / "facts.json"
    if not told.exists():
        print(console)
        print(f"error: the machine did not come to the end; see {out}", file=sys.stderr)
        return 1
    facts = json.loads(told.read_text(encoding="utf-8"))
    found = list(findings(facts, out / "session.h5", source(), LOST_SEGMENT))
    for one in found:
        print(f"{'ok   ' if one.is_right else 'WRONG'}  {one.about}: {one.found}")
    wrong = sum(not one.is_right for one in found)
    print(f"{len(found) - wrong} of {len(found)} as they must be; the machine's words: {out}")
    return 1 if wrong else 0


def _out(cache: Path) -> Path:
    folder = cache / "out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _program() -> list[str]:
    paths = os.pathsep.join(str(_CHECKOUT / name) for name in ("tests", "src"))
    return [
        f"PYTHONPATH={paths}",
        "IMUHIP_SETTINGS_DIR=/var/tmp/settings",
        sys.executable,
        *("-m", "bluez.guest", "/out"),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
