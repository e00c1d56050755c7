"""A disk with too little room is refused before anything is recorded."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from imuhip.errors import DiskError
from recorded_motion import writer


@pytest.mark.parametrize(
    ("free_bytes", "told"),
    [(3_200_000, "3.2 MB"), (8 << 20, None)],
)
def test_the_room_found_and_the_room_needed_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int, told: str | None
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free_bytes))
    path = tmp_path / "walk.h5"
    if told is None:
        writer(path, ("pelvis",)).close()
        return
    with pytest.raises(DiskError) as refused:
        writer(path, ("pelvis",))
    assert refused.value.message == (
        f"{path}: starting the recording failed: No space left on device"
        f" ({told} free on that disk, at least 8.4 MB needed)"
    )
    assert list(tmp_path.iterdir()) == []
