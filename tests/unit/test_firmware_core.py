"""The portable C core of the sensor protocol: its own host tests, and the vectors they stand on."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from c_compiler import FIRMWARE, build, c_compiler

needs_compiler = pytest.mark.skipif(
    c_compiler() is None, reason="no C compiler (cc, gcc or clang) on this machine"
)


@needs_compiler
def test_host_tests_of_the_core_pass(tmp_path: Path) -> None:
    runner = build(tmp_path / "test_core", FIRMWARE / "tests" / "test_core.c")
    ran = subprocess.run([str(runner)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout
    assert re.fullmatch(r"\d{5,} checks, 0 failed\n", ran.stdout), ran.stdout


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no gcc-arm-none-eabi")
def test_core_compiles_for_a_board(tmp_path: Path) -> None:
    command = ["make", "-s", "-C", str(FIRMWARE), f"BUILD={tmp_path}", "cortex-m4"]
    built = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert built.returncode == 0, built.stderr
    size = re.match(r"flash: (\d+) B of code\nRAM: 0 B of its own\n", built.stdout)
    assert size is not None and int(size[1]) < 4096, built.stdout


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_board_example_uses_the_core_as_it_is(tmp_path: Path) -> None:
    """Against declarations written by hand: what the vendors' libraries are, nobody tells here."""
    command = ["make", "-s", "-C", str(FIRMWARE), f"BUILD={tmp_path}", "sketch"]
    built = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert built.returncode == 0, built.stderr


def test_c_vectors_are_those_of_the_json_files() -> None:
    made = runpy.run_path(str(FIRMWARE / "tests" / "make_vectors.py"))["header"]()
    assert (FIRMWARE / "tests" / "vectors.h").read_text(encoding="utf-8") == made


def test_core_asks_nothing_of_an_operating_system() -> None:
    """What a microcontroller may not have: allocation, printing, files, floating point."""
    for path in sorted((FIRMWARE / "core").iterdir()):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        included = set(re.findall(r"#include <(.+)>", text))
        assert included <= {"stdbool.h", "stddef.h", "stdint.h"}, path.name
        assert not re.search(r"\b(malloc|calloc|free|printf|float|double|volatile)\b", text)
