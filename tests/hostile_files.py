"""Files that pretend, lie or are broken: what every reader of a folder must survive."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

__all__ = ["HOSTILE", "SCRIPT", "TRAVERSAL", "disguised", "hostile_file"]

SCRIPT = "<script>alert(1)</script>"
TRAVERSAL = "../../../../escaped"
_SAMPLES = "sensors/pelvis/samples"


class _Pickled:
    """Would write a file when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("pickled"),))


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("walk.h5", bytes(1 << 24))
    return content.getvalue()


def _deep_groups(path: Path) -> None:
    """Groups in groups in the place of the sensors, thousands deep."""
    with h5py.File(path, "r+") as file:
        del file["sensors"]
        group = file.create_group("sensors")
        for _ in range(3000):
            group = group.create_group("g")


def _many_names(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        for k in range(20_000):
            file["sensors"].create_group(f"head{k}")


def _replaced(place: str, **options) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file[place]
            file.create_dataset(place, **options)

    return change


def _linked(place: str, link: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            del file[place]
            file[place] = link

    return change


def _bomb(path: Path) -> None:
    """A few kilobytes that declare and truly unpack to gigabytes."""
    with h5py.File(path, "r+") as file:
        del file[f"{_SAMPLES}/acc"]
        acc = file.create_dataset(
            f"{_SAMPLES}/acc",
            shape=(34_000_000, 3),
            dtype="f8",
            chunks=(1 << 20, 3),
            compression="gzip",
            fillvalue=0.0,
        )
        acc[: 1 << 20] = 0.0


def _cyclic(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["sensors"]
        file["sensors"] = file["/"]


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[600:20_000] = np.random.default_rng(3).bytes(20_000 - 600)
    path.write_bytes(content)


def _written(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


HOSTILE: dict[str, Callable[[Path], None]] = {
    "empty": _written(b""),
    "text": _written(b"dear reader, this is not a recording"),
    "zip": _written(_zip()),
    "pickle": _written(pickle.dumps(_Pickled())),
    "signature alone": _written(b"\x89HDF\r\n\x1a\n" + bytes(200)),
    "cut": _cut,
    "garbled": _garbled,
    "huge shape": _replaced(f"{_SAMPLES}/acc", shape=(10**12, 3), dtype="f8", chunks=(1024, 3)),
    "more than it stores": _bomb,
    "deep groups": _deep_groups,
    "many names": _many_names,
    "cycle": _cyclic,
    "external link": _linked(f"{_SAMPLES}/acc", h5py.ExternalLink("/etc/passwd", "/")),
    "soft link": _linked(f"{_SAMPLES}/acc", h5py.SoftLink("/sensors")),
    "other file's bytes": _replaced(
        f"{_SAMPLES}/acc", shape=(1000, 3), dtype="f8", external="/etc/passwd"
    ),
    "endless text": _replaced("settings_json", data=np.bytes_(b"[" * (1 << 21))),
    "nested JSON": _replaced("settings_json", data=np.bytes_(b"[" * 100_000)),
}
"""By what is wrong: changes a good session file into such a one. None may be read as a session."""


def hostile_file(kind: str, good: Path, path: Path) -> Path:
    """Write a file of that kind, made from a good session."""
    path.write_bytes(good.read_bytes())
    HOSTILE[kind](path)
    return path


def disguised(good: Path, path: Path, subject: str) -> Path:
    """Write a good session whose person's code is `subject`."""
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "r+") as file:
        file.attrs["subject"] = np.bytes_(subject.encode())
        markers = file["markers"][:]
        row = np.zeros(1, markers.dtype)
        row["name"] = subject.encode()[:60]
        row["start_s"], row["end_s"] = 1.0, 2.0
        del file["markers"]
        file.create_dataset("markers", data=np.concatenate([markers, row]))
    return path
