"""``python -m benchmarks [NAME...] [options]``: run the named benchmarks, or all of them."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable

import benchmarks
from imuhip.errors import ImuhipError

USAGE = "usage: python -m benchmarks [NAME...] | NAME [options of that benchmark]"


def discover() -> list[str]:
    """Return the names of the benchmark modules, sorted."""
    names = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in names if not name.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run benchmarks one after the other and return the worst exit code."""
    known = discover()
    n_names = next((k for k, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    names, options = arguments[:n_names], arguments[n_names:]
    if not names and options in (["-h"], ["--help"]):
        print(f"{USAGE}\nknown: {', '.join(known)}")
        return 0
    unknown = [name for name in names if name not in known]
    if unknown or (options and len(names) != 1):
        reason = f"unknown: {', '.join(unknown)}" if unknown else "options go with exactly one NAME"
        print(f"error: {reason}\n{USAGE}\nknown: {', '.join(known)}", file=sys.stderr)
        return 2
    return max((_run(name, options) for name in names or known), default=0)


def _run(name: str, options: list[str]) -> int:
    module = importlib.import_module(f"benchmarks.{name}")
    run: Callable[[list[str]], int] = module.main
    print(f"== {name}: {(module.__doc__ or '').strip().splitlines()[0]}", flush=True)
    try:
        return run(options)
    except ImuhipError as error:
        print(f"error[{error.code}] {error}\nhint: {error.hint}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
