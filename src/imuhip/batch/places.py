"""Session files wherever fsspec reaches: local folders, ``s3://``, ``gs://`` and others."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imuhip.errors import ConfigError, RecordingError

__all__ = ["Source", "fetch", "find_sources", "first_line", "is_remote", "open_place"]

ENDING = ".h5"
_STAMPS = ("ETag", "etag", "mtime", "LastModified", "updated", "modified", "created")


@dataclass(frozen=True, slots=True)
class Source:
    """A session file.

    Parameters
    ----------
    url : str
        As fsspec opens it; a local path as it is.
    name : str
        Where it lies below the folder that was named.
    size_bytes : int
    stamp : str
        Another one when the content is another: an ETag or a time of change. Empty: not known.
    """

    url: str
    name: str
    size_bytes: int
    stamp: str


def is_remote(place: str) -> bool:
    """Return whether `place` is a URL; a local path otherwise."""
    return "://" in place


def first_line(error: BaseException) -> str:
    """Return what an error of another library says, on one line."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def open_place(place: str) -> tuple[Any, str]:
    """Return the file system behind a URL or path, and the path on it.

    Raises
    ------
    ConfigError
        When no installed package knows such URLs.
    """
    try:
        from fsspec.core import url_to_fs

        if not is_remote(place):
            place = str(Path(place).absolute())
        file_system, path = url_to_fs(place)
    except (ImportError, ValueError) as error:
        raise ConfigError(
            f"{place}: cannot be reached: {first_line(error)}",
            hint='pip install "imuhip[batch]" brings local disks and s3://; gs:// needs gcsfs',
            code="E768",
        ) from error
    return file_system, str(path)


def find_sources(places: Sequence[str]) -> list[Source]:
    """Return every session file below the places named, each once, in order of place and name.

    Parameters
    ----------
    places : sequence of str
        Files, folders or patterns with ``*``; local or URLs. Of folders, files that end in ``.h5``
        count, at any depth; hidden ones do not, and links to folders are not followed.

    Raises
    ------
    ConfigError
        When there is nothing at a place.
    """
    found: dict[str, Source] = {}
    for place in places:
        here = list(_remote(place) if is_remote(place) else _local(place))
        if not here:
            raise ConfigError(
                f"{place}: there is no session file (*{ENDING})",
                hint="name session files, folders of them, or a URL such as s3://bucket/study",
                code="E760",
            )
        for source in here:
            found.setdefault(source.url, source)
    return list(found.values())


def _local(place: str) -> Iterator[Source]:
    path = Path(place)
    if path.is_dir():
        for folder, inside, names in os.walk(path):
            inside[:] = sorted(name for name in inside if not name.startswith("."))
            for name in sorted(names):
                if _is_session(name) and (Path(folder) / name).is_file():
                    yield _local_source(Path(folder) / name, path)
    elif path.is_file():
        yield _local_source(path, path.parent)
    elif glob.has_magic(place):
        for match in sorted(glob.glob(place, recursive=True)):  # noqa: PTH207 - of any folder
            if Path(match).is_file():
                yield _local_source(Path(match), Path(match).parent)


def _local_source(path: Path, below: Path) -> Source:
    told = path.stat()
    return Source(
        str(path.absolute()),
        path.relative_to(below).as_posix(),
        told.st_size,
        f"{told.st_mtime_ns}-{told.st_ino}",
    )


def _remote(place: str) -> Iterator[Source]:
    files, root = open_place(place)
    try:
        files.invalidate_cache()
        if glob.has_magic(root):
            listed = files.glob(root, detail=True)
            root = root.split("*", 1)[0].rpartition("/")[0]
        else:
            listed = files.find(root, detail=True)
    except Exception as error:  # every file system has errors of its own
        raise ConfigError(
            f"{place}: cannot be listed: {first_line(error)}",
            hint="check the name and the credentials, which are read from the environment",
            code="E760",
        ) from error
    for path in sorted(listed):
        told: Mapping[str, Any] = listed[path]
        name = path.removeprefix(root).strip("/") or path.rpartition("/")[2]
        if told.get("type") != "file" or not (_is_session(path) or path == root):
            continue
        stamp = next((str(told[key]) for key in _STAMPS if told.get(key)), "")
        yield Source(files.unstrip_protocol(path), name, int(told.get("size") or 0), stamp)


def _is_session(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(ENDING) and not name.startswith(".")


def fetch(source: Source, folder: Path, largest_bytes: int) -> Path:
    """Return a local path to the file: itself, or a copy in `folder`.

    Raises
    ------
    RecordingError
        When it is too large or cannot be had.
    """
    if source.size_bytes > largest_bytes:
        raise RecordingError(
            f"{source.name}: {source.size_bytes} bytes, the limit is {largest_bytes}",
            hint="is it a session file? cut long recordings into shorter ones",
            code="E767",
        )
    if not is_remote(source.url):
        return Path(source.url)
    copy = folder / "session.h5"
    try:
        files, path = open_place(source.url)
        files.get_file(path, str(copy))
    except Exception as error:  # every file system has errors of its own
        raise RecordingError(
            f"{source.name}: cannot be fetched: {first_line(error)}",
            hint="run the batch again; finished sessions are skipped",
            code="E763",
        ) from error
    return copy
