"""Notes on a finished file: the data stay as they are, and nothing is ever half written."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

import imuhip
from imuhip.core.annotation import EXCLUDED, TAG, Annotation, exclusions_of, tags_of
from imuhip.errors import DiskError, FileFormatError, RecordingError, UnfinishedRecordingError
from imuhip.recording.annotation_table import write_annotations
from imuhip.recording.annotations import (
    add_tag,
    exclude_each,
    exclude_strides,
    include_strides,
    read_annotations,
    remove_tag,
    take_back,
)
from imuhip.recording.finalise import finalise
from imuhip.recording.recovery import recover
from recorded_motion import writer

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture(params=["session_v1.h5", "session_v2.h5"])
def path(request, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(GOLDEN / request.param, tmp_path / "walk.h5"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return Path(shutil.copyfile(GOLDEN / "session_v2.h5", tmp_path / "walk.h5"))


def measured(path: Path) -> dict[str, object]:
    """Return a digest of every dataset, and every attribute, but of notes."""
    found: dict[str, object] = {}

    def see(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and name != "annotations":
            raw = np.ascontiguousarray(item[()])
            found[name] = (item.dtype, item.shape, hashlib.sha256(raw.tobytes()).hexdigest())
        if name != "annotations":
            found[f"{name}@"] = {key: repr(value) for key, value in item.attrs.items()}

    with h5py.File(path) as file:
        file.visititems(see)
        kept = {key: repr(value) for key, value in file.attrs.items() if key != "schema_minor"}
    return {**found, "/": kept}


def test_notes_are_kept_and_the_data_stay_bit_for_bit(path: Path) -> None:
    before = measured(path)
    assert read_annotations(path) == ()
    note = exclude_strides(path, 1.5, 2.25, " looked\nback ", side="left", now=lambda: 1e9)
    assert note == Annotation(EXCLUDED, "looked back", "left", 1.5, 2.25, 1e9)
    add_tag(path, "before the drill, knee brace é", now=lambda: 1e9 + 1)
    assert measured(path) == before
    recording = imuhip.open(path)
    assert recording.annotations == read_annotations(path)
    assert exclusions_of(recording.annotations) == (note,)
    assert tags_of(recording.annotations) == ("before the drill, knee brace é",)
    assert [child.name for child in path.parent.iterdir()] == ["walk.h5"]


def test_what_is_taken_back_stays_with_its_time(small: Path) -> None:
    exclude_strides(small, 1.0, 2.0, "stumbled", side="left", now=lambda: 5.0)
    exclude_strides(small, 1.0, 2.0, "stumbled", side="right", now=lambda: 6.0)
    add_tag(small, "run", now=lambda: 7.0)
    add_tag(small, "run", now=lambda: 8.0)
    assert len(read_annotations(small)) == 3
    include_strides(small, 1.5, side="right", now=lambda: 9.0)
    remove_tag(small, " run ", now=lambda: 10.0)
    notes = read_annotations(small)
    assert [note.withdrawn_unix_s for note in notes] == [None, 9.0, 10.0]
    assert [note.side for note in exclusions_of(notes)] == ["left"]
    assert tags_of(notes) == ()
    with pytest.raises(RecordingError) as caught:
        include_strides(small, 1.5, side="right")
    assert caught.value.code == "E741"
    with pytest.raises(RecordingError) as caught:
        remove_tag(small, "run")
    assert caught.value.code == "E741"
    add_tag(small, "run")
    assert tags_of(read_annotations(small)) == ("run",)


@pytest.mark.parametrize(
    ("start_s", "end_s", "reason"),
    [(2.0, 1.0, "why"), (1.0, 1.0, "why"), (float("nan"), 1.0, "why"), (1.0, 2.0, " \n"),
     (1.0, 2.0, "x" * 201)],
)  # fmt: skip
def test_a_note_needs_a_stretch_and_a_reason(small: Path, start_s, end_s, reason) -> None:
    with pytest.raises(RecordingError) as caught:
        exclude_strides(small, start_s, end_s, reason)
    assert caught.value.code == "E740" and caught.value.hint
    assert read_annotations(small) == ()


def test_several_strides_are_noted_at_once_and_taken_back_at_once(small: Path) -> None:
    strides = [("left", 1.0, 2.0), ("right", 1.5, 2.5), (None, 4.0, 6.0)]
    before = small.stat().st_ino
    notes = exclude_each(small, strides, "a door", now=lambda: 3.0)
    assert small.stat().st_ino != before
    assert exclusions_of(read_annotations(small)) == notes and len(notes) == 3
    take_back(small, notes[:2], now=lambda: 4.0)
    assert exclusions_of(read_annotations(small)) == notes[2:]
    with pytest.raises(RecordingError):
        exclude_each(small, [*strides, ("left", 3.0, 2.0)], "a door")
    with pytest.raises(ValueError, match="Expected side"):
        exclude_each(small, [("middle", 3.0, 4.0)], "a door")
    assert len(read_annotations(small)) == 3


def test_many_notes_and_long_ones_fit(small: Path) -> None:
    notes = tuple(Annotation(EXCLUDED, "é" * n, None, n, n + 1.0, 1.0) for n in range(1, 201))
    write_annotations(small, lambda before: (*before, *notes[:3]))
    write_annotations(small, lambda before: (*before, *notes[3:]))
    assert read_annotations(small) == notes
    write_annotations(small, lambda _before: notes[:2])
    assert read_annotations(small) == notes[:2]
    with pytest.raises(RecordingError) as caught:
        write_annotations(small, lambda _before: notes * 51)
    assert caught.value.code == "E740"


def test_notes_travel_with_the_recording(small: Path, tmp_path: Path) -> None:
    exclude_strides(small, 1.0, 2.0, "stumbled")
    again = tmp_path / "again.h5"
    imuhip.open(small).save(again)
    assert read_annotations(again) == read_annotations(small)
    finalise(again)
    assert read_annotations(again) == read_annotations(small)
    exclude_strides(again, 3.0, 4.0, "turned")
    assert len(read_annotations(again)) == 2
    saved = imuhip.open(again).save(tmp_path / "third.h5")
    data = saved.read_bytes()
    saved.write_bytes(data[:-1])
    rescued = recover(saved).recovered
    assert read_annotations(rescued) == read_annotations(again)


def test_two_who_note_at_once_lose_nothing(small: Path) -> None:
    mine = Annotation(TAG, "mine", noted_unix_s=1.0)
    calls = 0

    def change(before: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        nonlocal calls
        calls += 1
        if calls == 1:
            add_tag(small, "theirs")
        return (*before, mine)

    assert len(write_annotations(small, change)) == 2
    assert calls == 2 and set(tags_of(read_annotations(small))) == {"mine", "theirs"}

    def never(before: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        os.utime(small, ns=(0, small.stat().st_mtime_ns + 1000))
        return (*before, replace(mine, text="late"))

    with pytest.raises(RecordingError) as caught:
        write_annotations(small, never)
    assert caught.value.code == "E742"
    assert "late" not in tags_of(read_annotations(small))


_KILLED = """
import os, pathlib, sys
from imuhip.recording import annotations
pathlib.Path.replace = lambda *_: os._exit(9)  # the power fails just before the new name
annotations.exclude_strides(sys.argv[1], 1.0, 2.0, "stumbled")
"""

_FULL = """
import resource, signal, sys
from imuhip.errors import DiskError
from imuhip.recording import annotations
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    annotations.exclude_strides(sys.argv[1], 1.0, 2.0, "stumbled")
except DiskError as error:
    print(error.code, error)
"""


def child(code: str, *args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )


def test_a_kill_leaves_the_old_file_and_the_next_note_works(small: Path) -> None:
    before = small.read_bytes()
    assert child(_KILLED, small).returncode == 9
    assert small.read_bytes() == before
    left = [one for one in small.parent.iterdir() if one.name.endswith(".part")]
    assert len(left) == 1
    os.utime(left[0], (0, 0))
    exclude_strides(small, 1.0, 2.0, "stumbled")
    assert [one.name for one in small.parent.iterdir()] == ["walk.h5"]
    assert len(read_annotations(small)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_full_disk_leaves_the_old_file(small: Path, share: float) -> None:
    before = small.read_bytes()
    done = child(_FULL, small, int(share * len(before)))
    assert done.returncode == 0 and done.stdout.startswith("E403"), done
    assert small.read_bytes() == before
    assert [one.name for one in small.parent.iterdir()] == ["walk.h5"]


def test_only_finished_files_take_notes(tmp_path: Path) -> None:
    path = tmp_path / "open.h5"
    running = writer(path)
    try:
        with pytest.raises(UnfinishedRecordingError):
            add_tag(path, "early")
    finally:
        running.close()
    add_tag(path, "late")
    assert tags_of(read_annotations(path)) == ("late",)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_refuses_is_told(small: Path) -> None:
    small.parent.chmod(0o500)
    try:
        with pytest.raises(DiskError):
            add_tag(small, "late")
    finally:
        small.parent.chmod(0o700)


def test_a_table_that_cannot_be_is_refused(small: Path) -> None:
    with h5py.File(small, "r+") as file:
        file.create_dataset("annotations", data=np.zeros(3, dtype=[("kind", "S4")]))
    with pytest.raises(FileFormatError, match="lacks the columns"):
        imuhip.open(small)
    with h5py.File(small, "r+") as file:
        del file["annotations"]
        file["annotations"] = h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(FileFormatError, match="points elsewhere"):
        read_annotations(small)


def test_notes_of_a_later_imuhip_are_kept_and_have_no_effect(small: Path) -> None:
    later = Annotation("excluded_repetition", "slipped", "left", 1.0, 2.0, 3.0)
    write_annotations(small, lambda _before: (later,))
    add_tag(small, "run")
    assert read_annotations(small)[0] == later
    assert exclusions_of(read_annotations(small)) == ()


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.8, seed=4, turns=False)


def test_strides_left_out_are_in_no_result_and_come_back(walk, tmp_path: Path) -> None:
    path = walk.save(tmp_path / "walk.h5")
    whole = imuhip.analyze(imuhip.open(path))
    used = whole.strides[whole.strides["valid"] & (whole.strides["side"] == "left")]
    first = used.iloc[-4]
    exclude_strides(path, first.start_s + 0.02, first.end_s - 0.02, "looked back", side="left")
    less = imuhip.analyze(imuhip.open(path))
    gone = less.strides[less.strides["exclusion"] == "by hand: looked back"]
    assert list(gone["start_s"]) == [first.start_s] and not gone["valid"].any()
    assert len(less.cycles("left")) == len(whole.cycles("left")) - 1
    assert len(less.cycles("left", only_valid=False)) == len(
        whole.strides[whole.strides.side == "left"]
    )
    assert np.array_equal(less.cycles("right"), whole.cycles("right"))
    assert np.array_equal(less.angles.to_numpy(), whole.angles.to_numpy(), equal_nan=True)
    assert less.summary["sides"]["left"]["strides_excluded"]["by hand: looked back"] == 1
    gait, before = less.summary["gait"]["walk"], whole.summary["gait"]["walk"]
    assert gait["strides_used"] == before["strides_used"] - 1
    kept = used.drop(index=used.index[-4])["stride_time_s"].mean()
    assert gait["sides"]["left"]["stride_time_s"]["mean"] == pytest.approx(kept, abs=1e-4)
    (told,) = less.quality["excluded_by_hand"]
    assert told["strides"] == 1 and told["reason"] == "looked back" and told["side"] == "left"
    live = imuhip.analyze(imuhip.open(path), live=True)
    assert "by hand: looked back" in set(live.strides["exclusion"])
    include_strides(path, first.start_s + 0.5)
    again = imuhip.analyze(imuhip.open(path))
    assert again.strides.equals(whole.strides) and again.summary == whole.summary


def test_a_stretch_of_both_legs_leaves_all_its_strides_out(walk) -> None:
    whole = imuhip.analyze(walk).strides
    start_s = whole["start_s"].iloc[20] + 0.1
    note = Annotation(EXCLUDED, "a door", None, start_s, start_s + 5.0)
    left = imuhip.analyze(replace(walk, annotations=(note,))).strides
    middle_s = 0.5 * (left["start_s"] + left["end_s"])
    inside = (middle_s > start_s) & (middle_s < start_s + 5.0)
    assert set(left.loc[inside, "side"]) == {"left", "right"} and inside.sum() >= 8
    assert (left.loc[inside & whole["valid"], "exclusion"] == "by hand: a door").all()
    assert not left.loc[inside, "valid"].any()
    assert left.loc[~inside, "valid"].equals(whole.loc[~inside, "valid"])
