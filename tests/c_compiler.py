"""Compiling the firmware core in a test session, where there is a C compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from imuhip import resources

__all__ = ["FIRMWARE", "build", "c_compiler"]

FIRMWARE = resources.folder("firmware_protocol")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1")


def c_compiler() -> str | None:
    """Return the first C compiler of this machine, None without one."""
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def build(target: Path, *sources: Path, options: tuple[str, ...] = ()) -> Path:
    """Compile sources together with the core, as strictly as the core's own Makefile does."""
    compiler = c_compiler()
    assert compiler is not None
    core = sorted((FIRMWARE / "core").glob("*.c"))
    command = [compiler, *STRICT, *options, f"-I{FIRMWARE / 'core'}", "-o", target, *core, *sources]
    built = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return target
