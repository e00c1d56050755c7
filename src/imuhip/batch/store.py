"""The folder of results: a file for each session, put there in one step."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

from imuhip.batch.places import first_line, open_place
from imuhip.errors import DiskError

__all__ = ["ABOUT", "FAILURES", "INPUTS", "Store"]

ABOUT, FAILURES, INPUTS = "_about.json", "_failures.json", "_inputs.json"
"""Beside the dataset; readers of Parquet pass over names that begin with an underscore."""

_WHOLE_AT_ONCE = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oci", "memory"}
"""Object storage: what is put there appears when all of it arrived."""
_NAME = re.compile(r"part=[0-9a-f]{2}/([0-9a-f]{64})\.([0-9a-f]{12})\.parquet$")


class Store:
    """Results at a path or URL.

    Parameters
    ----------
    place : str

    Raises
    ------
    ConfigError
        When no installed package knows such URLs.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self._files, root = open_place(place)
        self._root = root.rstrip("/")
        protocol = self._files.protocol
        protocols = {protocol} if isinstance(protocol, str) else set(protocol)
        self._is_local = "file" in protocols
        self._is_whole_at_once = bool(protocols & _WHOLE_AT_ONCE)

    def check_writable(self) -> None:
        """Write and remove a small file, before hours are spent.

        Raises
        ------
        DiskError
            When the place refuses.
        """
        path = f"{self._root}/_part-{uuid.uuid4().hex}"
        try:
            self._make_folder(self._root)
            self._files.pipe_file(path, b"imuhip")
            self._files.rm_file(path)
        except Exception as error:
            raise self._refused("cannot be written", error) from error

    def finished(self) -> dict[str, str]:
        """Return the fingerprint of the results of every input, by the input's checksum."""
        try:
            self._files.invalidate_cache()
            paths = self._files.find(self._root)
        except FileNotFoundError:
            return {}
        except Exception as error:
            raise self._refused("cannot be listed", error) from error
        matches = (_NAME.search(str(path)) for path in paths)
        return {match[1]: match[2] for match in matches if match}

    def has(self, digest: str, fingerprint: str) -> bool:
        """Return whether the results of an input are there, of this version and these settings."""
        return fingerprint in self._of(digest)

    def publish(self, local: Path, digest: str, fingerprint: str) -> None:
        """Put the results of a session into the dataset, in place of any older of the same input.

        Older ones go first: whoever reads meanwhile may miss the session, but never sees it twice.

        Raises
        ------
        DiskError
            When the place refuses.
        """
        folder = self._folder(digest)
        target = f"{folder}/{digest}.{fingerprint}.parquet"
        try:
            for older in set(self._of(digest)) - {fingerprint}:
                self._files.rm_file(f"{folder}/{digest}.{older}.parquet")
            self._put(local, target)
        except Exception as error:
            raise self._refused("cannot be written", error) from error

    def remove(self, digest: str) -> None:
        """Remove the results of an input that is no more.

        Raises
        ------
        DiskError
            When the place refuses.
        """
        folder = self._folder(digest)
        try:
            for fingerprint in self._of(digest):
                self._files.rm_file(f"{folder}/{digest}.{fingerprint}.parquet")
        except Exception as error:
            raise self._refused("cannot be removed", error) from error

    def read_json(self, name: str) -> Any:
        """Return what `name` holds; None where it is missing or not JSON."""
        try:
            return json.loads(self._files.cat_file(f"{self._root}/{name}"))
        except (FileNotFoundError, ValueError):
            return None
        except Exception as error:
            raise self._refused(f"{name} cannot be read", error) from error

    def write_json(self, name: str, content: Any) -> None:
        """Replace `name` in one step."""
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode()
        target = f"{self._root}/{name}"
        part = target if self._is_whole_at_once else f"{self._root}/_part-{uuid.uuid4().hex}"
        try:
            self._make_folder(self._root)
            self._files.pipe_file(part, text)
            self._rename(part, target)
        except Exception as error:
            raise self._refused(f"{name} cannot be written", error) from error

    def _folder(self, digest: str) -> str:
        return f"{self._root}/part={digest[:2]}"

    def _of(self, digest: str) -> list[str]:
        folder = self._folder(digest)
        try:
            self._files.invalidate_cache(folder)
            paths = [str(path) for path in self._files.ls(folder, detail=False)]
        except FileNotFoundError:
            return []
        except Exception as error:
            raise self._refused("cannot be listed", error) from error
        matches = (_NAME.search(path) for path in paths)
        return [match[2] for match in matches if match and match[1] == digest]

    def _put(self, local: Path, target: str) -> None:
        folder = target.rpartition("/")[0]
        self._make_folder(folder)
        part = target if self._is_whole_at_once else f"{folder}/_part-{uuid.uuid4().hex}"
        self._files.put_file(str(local), part)
        self._rename(part, target)

    def _rename(self, part: str, target: str) -> None:
        if part == target:
            return
        if self._is_local:
            Path(part).replace(target)
        else:
            self._files.mv(part, target)

    def _make_folder(self, folder: str) -> None:
        if not self._is_whole_at_once:  # object storage has none; making one would make a bucket
            self._files.makedirs(folder, exist_ok=True)

    def _refused(self, what: str, error: Exception) -> DiskError:
        return DiskError(
            f"{self.place}: {what}: {first_line(error)}",
            hint="is the name right, is there room, and may you write there? Credentials of object"
            " storage are read from the environment",
            code="E761",
        )
