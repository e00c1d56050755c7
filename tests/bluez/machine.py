"""A small virtual machine: the host's own files, a kernel with Bluetooth, nothing installed.

The host's root is seen read-only over 9p; what is written in the machine stays in its memory, but
for one folder that is shared. No network, no disk, no rights needed.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bluez.packages import MissingToolError

__all__ = ["Machine", "cpio_archive", "needed_modules"]

_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "bluetooth", "hci_vhci")
_CIPHERS = (
    "ctr",
    "hmac",
    "sha512_generic",
    "jitterentropy_rng",
    "drbg",
    "ecb",
    "cmac",
    "ecdh_generic",
)
"""Of pairing. Asked for by name when the adapter is switched on, so no module depends on them; in
other kernels some are built in or have other names."""
_INIT = Path(__file__).with_name("init.sh")
_MEMORY_MB = 1536
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine is made of.

    Parameters
    ----------
    tools, kernel : Path
        Trees of unpacked packages.
    shared : Path
        The folder the machine may write to; ``/out`` inside.
    """

    tools: Path
    kernel: Path
    shared: Path

    def run(self, program: str, arguments: Iterable[str], timeout_s: float) -> str:
        """Boot, run a program as root, switch off; return what the console showed.

        Raises
        ------
        TimeoutError
            When it does not come to an end.
        """
        image = self.shared / "initramfs.cpio"
        image.write_bytes(cpio_archive(self._files(program, list(arguments))))
        console = self.shared / "console.txt"
        with console.open("wb") as written:
            process = subprocess.Popen(
                self._command(image),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                raise TimeoutError(f"not finished after {timeout_s:g} s; see {console}") from None
            finally:
                process.kill()
                process.wait()
        return console.read_text(encoding="utf-8", errors="replace")

    def _command(self, image: Path) -> list[str]:
        (vmlinuz,) = (self.kernel / "boot").glob("vmlinuz-*")
        share = f"{self.tools}/usr/share"
        return [
            *("nice", "-n", "10", self._tool("qemu-system-x86_64")),
            *("-L", f"{share}/qemu", "-L", f"{share}/seabios"),
            *("-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"),
            *("-m", str(_MEMORY_MB), "-display", "none", "-nodefaults", "-no-reboot"),
            *("-serial", "stdio", "-kernel", str(vmlinuz), "-initrd", str(image)),
            *("-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on"),
            *("-virtfs", _share("/", "host", "readonly=on,security_model=none")),
            *("-virtfs", _share(str(self.tools), "tools", "readonly=on,security_model=none")),
            *("-virtfs", _share(str(self.shared), "out", "security_model=none")),
        ]

    def _environment(self) -> dict[str, str]:
        libraries = f"{self.tools}/usr/lib/x86_64-linux-gnu"
        modules = f"{libraries}/qemu"
        found = {"LD_LIBRARY_PATH": libraries, "QEMU_MODULE_DIR": modules}
        return {**os.environ, **(found if Path(modules).exists() else {})}

    def _files(self, program: str, arguments: list[str]) -> Iterator[tuple[str, int, bytes]]:
        """Yield name, mode and content of what the first file system holds."""
        for folder in ("bin", "modules", "proc", "sys", "dev", "host", "tools", "upper", "root"):
            yield folder, 0o040755, b""
        yield "bin/busybox", 0o100755, Path(self._tool("busybox")).read_bytes()
        yield "init", 0o100755, _INIT.read_bytes()
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in (program, *arguments))
        yield "program", 0o100644, f"set -- {quoted}\n".encode()
        order = []
        for module in needed_modules(self.kernel, _MODULES, _CIPHERS):
            name = _module_name(module)
            order.append(name)
            yield f"modules/{name}", 0o100644, _module_bytes(module)
        yield "modules/order", 0o100644, "\n".join(order).encode() + b"\n"

    def _tool(self, name: str) -> str:
        for folder in ("usr/bin", "bin"):
            own = self.tools / folder / name
            if own.exists():
                return str(own)
        installed = shutil.which(name)
        if installed is None:
            raise MissingToolError(f"{name} is neither installed nor in {self.tools}")
        return installed


def _share(path: str, tag: str, how: str) -> str:
    return f"local,path={path},mount_tag={tag},multidevs=remap,{how}"


def needed_modules(kernel: Path, names: Iterable[str], welcome: Iterable[str] = ()) -> list[Path]:
    """Return the files of kernel modules and of all they depend on, in the order to load them.

    Parameters
    ----------
    kernel : Path
        Tree of an unpacked kernel.
    names, welcome : iterable of str
        Modules that must be there, as files or in the kernel itself; and others.

    Raises
    ------
    MissingToolError
        When the kernel lacks one.
    """
    found = [*kernel.glob("lib/modules/*"), *kernel.glob("usr/lib/modules/*")]
    (folder,) = {path.resolve() for path in found if (path / "modules.builtin").exists()}
    files = {_module_name(path): path for path in folder.rglob("*.ko*")}
    lines = (folder / "modules.builtin").read_text(encoding="utf-8").splitlines()
    builtin = {_module_name(Path(line)) for line in lines}
    ordered: dict[str, Path] = {}

    def add(name: str) -> None:
        if name in ordered or name in builtin:
            return
        if name not in files:
            raise MissingToolError(f"the kernel in {kernel} has no module {name}")
        for other in _dependencies(_module_bytes(files[name])):
            add(other)
        ordered[name] = files[name]

    for name in (*(one for one in welcome if one in files), *names):
        add(name)
    return list(ordered.values())


def _module_name(path: Path) -> str:
    return path.name.split(".ko")[0].replace("-", "_")


def _module_bytes(path: Path) -> bytes:
    """Return a module as it is loaded: distributions compress them differently."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(
            ["zstd", "--decompress", "--stdout", str(path)], capture_output=True, check=True
        ).stdout
    return path.read_bytes()


def _dependencies(module: bytes) -> list[str]:
    """Return which modules it names in its own description, which depmod would read too."""
    found = re.search(rb"\0depends=([^\0]*)\0", module)
    names = found[1].decode().split(",") if found else []
    return [name.replace("-", "_") for name in names if name]


def cpio_archive(files: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Return an archive in the format the kernel unpacks (cpio "newc"), all owned by root."""
    parts = []
    for number, (name, mode, content) in enumerate([*files, (_TRAILER, 0, b"")], start=1):
        path = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields) + path
        for part in (header, content):
            parts.append(part + b"\0" * (-len(part) % 4))
    return b"".join(parts)
