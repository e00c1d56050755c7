"""Gets and unpacks the distribution's packages; installs nothing and needs no rights."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["MissingToolError", "kernel_package", "unpacked_kernel", "unpacked_tools"]

TOOLS = ("qemu-system-x86", "bluez", "dbus", "busybox-static")
_KERNELS = ("linux-image-amd64", "linux-image-generic")
"""What Debian and Ubuntu call the newest kernel for this kind of machine."""
_MERGED = ("bin", "sbin", "lib", "lib64")
"""Folders that are links into usr on the host, over which the packages will be laid."""


class MissingToolError(Exception):
    """The host cannot run this test; the message says what is missing."""


def unpacked_tools(cache: Path) -> Path:
    """Return a tree with what the host lacks of the emulator, BlueZ and D-Bus."""
    tree = cache / "tools"
    if not tree.exists():
        with _fresh(tree) as folder:
            _unpack(_not_installed(TOOLS), cache / "packages", folder)
            for name in _MERGED:
                _merge_into_usr(folder, name)
    return tree


def kernel_package() -> str:
    """Return the name of the newest kernel that apt offers, such as linux-image-6.1.0-50-amd64."""
    for wanted in _KERNELS:
        told = _run("apt-cache", "depends", wanted, check=False)
        found = re.search(r"Depends: (linux-image-\d\S*)", told)
        if found:
            return found[1]
    raise MissingToolError("apt offers no kernel: run 'apt-get update' as root first")


def unpacked_kernel(cache: Path, package: str) -> Path:
    """Return a tree with the kernel's image and modules."""
    tree = cache / package
    if not tree.exists():
        version = package.removeprefix("linux-image-")
        extras = (f"linux-modules-{version}", f"linux-modules-extra-{version}")
        offered = [one for one in extras if _run("apt-cache", "show", one, check=False)]
        with _fresh(tree) as folder:
            _unpack([package, *offered], cache / "packages", folder)
    return tree


def _not_installed(names: Sequence[str]) -> list[str]:
    """Return these packages and what they need, as far as the host has not got them."""
    told = _run("apt-get", "--simulate", "--no-install-recommends", "install", *names)
    # A line of a package that is merely renewed names the old version in brackets.
    return re.findall(r"^Inst (\S+) \(", told, flags=re.MULTILINE)


def _unpack(names: Sequence[str], downloads: Path, folder: Path) -> None:
    if not names:
        return
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    _run("apt-get", "--quiet", "download", *names, cwd=downloads)
    for archive in sorted(downloads.glob("*.deb")):
        _run("dpkg-deb", "--extract", str(archive), str(folder))
    shutil.rmtree(downloads)


def _merge_into_usr(tree: Path, name: str) -> None:
    """Move what an old-fashioned package put beside usr to where the host's links point."""
    beside = tree / name
    if beside.is_dir() and Path("/", name).is_symlink():
        shutil.copytree(beside, tree / "usr" / name, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(beside)


class _fresh:  # noqa: N801  # read as a word: with _fresh(tree) as folder
    """A folder that gets its name only when all went well."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._folder = tree.with_name(tree.name + ".part")

    def __enter__(self) -> Path:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        return self._folder

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._folder.rename(self._tree)


def _run(*command: str, cwd: Path | None = None, check: bool = True) -> str:
    if shutil.which(command[0]) is None:
        raise MissingToolError(
            f"{command[0]} is not here: this test needs Debian, Ubuntu or a relative"
        )
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise MissingToolError(f"{' '.join(command[:2])} failed: {said}")
    return done.stdout if done.returncode == 0 else ""
