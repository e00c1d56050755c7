"""A finished file made small: every value the same, read by anybody, never half of one."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import imuhip
from imuhip.acquisition.recorder import Recorder
from imuhip.errors import DiskError, FileFormatError, ImuhipError, UnfinishedRecordingError
from imuhip.recording import finalise as finalise_module
from imuhip.recording.finalise import finalise, try_to_finalise
from imuhip.recording.packet_table import Copy, combined, find_copies, first_rows
from imuhip.recording.packing import signal_packing, tick_packing, unpacked
from imuhip.recording.reader import read_packets
from imuhip.recording.recovery import recover
from imuhip.recording.session import Recording
from packed_motion import BATCH, append_decoded, packets, record
from recorded_motion import SEGMENTS, fit, rows, writer

FORMAT_PAGE = Path(__file__).resolve().parents[2] / "docs" / "file_format.md"
GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "walk.h5"
    record(path)
    return path


@pytest.fixture(scope="module")
def small(live: Path) -> Path:
    path = live.with_name("small.h5")
    shutil.copyfile(live, path)
    finalise(path)
    return path


def copied(path: Path, folder: Path) -> Path:
    return Path(shutil.copyfile(path, folder / "walk.h5"))


LATER = (", resynced=0", ", asks_for_bond=False")
"""What records did not have when the digests of files of old were taken."""


def digest(path: Path) -> str:
    """Return one number for everything a reader gets to see of a recording, bit for bit."""
    recording, seen = imuhip.open(path), hashlib.sha256()
    for segment, series in recording.sensors.items():
        for values in (series.time_s, series.acc, series.gyr, series.valid, series.mag):
            seen.update(b"" if values is None else values.tobytes())
        arrival_s, kept = read_packets(path, segment)
        seen.update(arrival_s.tobytes() + b"|".join(kept))
        told = repr(recording.devices[segment])
        for later in LATER:
            told = told.replace(later, "")
        seen.update(told.encode())
    seen.update(repr((recording.markers, recording.events, recording.settings)).encode())
    seen.update(repr((recording.start_time, recording.subject, recording.state)).encode())
    return seen.hexdigest()


def test_everything_is_the_same_bit_for_bit_and_fits_into_less(live, small):
    assert digest(small) == digest(live)
    for name in SEGMENTS:
        series = imuhip.open(small).sensors[name]
        assert series.valid.any() and (name == "thigh_right" or not series.valid.all())
    with h5py.File(live, swmr=True) as old, h5py.File(small) as new:
        assert (old.attrs["schema_major"], new.attrs["schema_major"]) == (1, 2)
        assert new["sensors/pelvis/samples/acc"].dtype == np.int16
        # Every count of a packet is one of a sample: 6 samples of 6 counts.
        assert len(new["sensors/pelvis/packets/copies"]) == 6 * BATCH
        assert "mag" not in new["sensors/pelvis/samples"]
        assert "mag" in new["sensors/thigh_right/samples"]
    assert small.stat().st_size < live.stat().st_size / 2  # 20 s; much of it is structure


def test_an_hour_takes_less_than_the_packets(tmp_path):
    """Measured on six minutes, one sensor as noisy as they are: 1.5 times is the limit."""
    path = tmp_path / "walk.h5"
    target = writer(path, ("pelvis",))
    sent = packets(6_000, 5)
    append_decoded(target, "pelvis", sent, 5)
    target.close()
    done = finalise(path)
    n_raw = sum(len(packet) for packet in read_packets(path, "pelvis")[1])
    assert done.after_bytes == path.stat().st_size < 1.1 * n_raw


def test_other_programs_find_plain_numbers_with_their_unit_and_scale(small):
    recording = imuhip.open(small)
    with h5py.File(small) as file:
        samples = file["sensors/pelvis/samples"]
        valid = recording.sensors["pelvis"].valid
        order = np.lexsort((samples["seq"][:], samples["epoch"][:]))
        for name, unit in (("acc", b"m s-2"), ("gyr", b"rad s-1")):
            stored = samples[name]
            assert stored.attrs["units"] == unit
            values = (stored[:][order] * stored.attrs["scale_factor"]).astype(np.float32)
            np.testing.assert_array_equal(
                values, getattr(recording.sensors["pelvis"], name)[valid].astype(np.float32)
            )
        assert samples["time_s"].dtype == np.float64
        filters = set()
        file.visititems(
            lambda _place, item: (
                filters.update(item._filters) if isinstance(item, h5py.Dataset) else None
            )
        )
        assert filters == {"gzip", "shuffle"}


def test_finalising_twice_changes_nothing(small):
    before = small.read_bytes()
    done = finalise(small)
    assert done.before_bytes == done.after_bytes == len(before)
    assert small.read_bytes() == before


def test_an_interrupted_recording_is_left_to_recovery(tmp_path):
    target = record(tmp_path / "running.h5", 20, close=False)
    target.flush()
    path = Path(shutil.copyfile(tmp_path / "running.h5", tmp_path / "walk.h5"))
    before = path.read_bytes()
    with pytest.raises(UnfinishedRecordingError):
        finalise(path)
    assert "imuhip recover" not in try_to_finalise(tmp_path / "nowhere.h5")
    assert path.read_bytes() == before
    rescued = recover(path).recovered
    before_digest = digest(rescued)
    finalise(rescued)
    assert digest(rescued) == before_digest
    target.close()


def test_a_disk_without_room_keeps_the_file_and_says_so(live, tmp_path, monkeypatch):
    path = copied(live, tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1000))
    with pytest.raises(DiskError, match=r"0\.0 MB free on that disk, .* MB needed") as refused:
        finalise(path)
    assert f"imuhip finalise {path}" in refused.value.hint
    assert try_to_finalise(path).startswith(f"{path} is complete, but was not made small: 0.0 MB")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["walk.h5"]


@pytest.mark.parametrize("broken", ["without_copies", "_create_packed"])
def test_a_copy_that_does_not_read_back_the_same_is_thrown_away(
    live, tmp_path, monkeypatch, broken
):
    path = copied(live, tmp_path)
    before = path.read_bytes()
    right = getattr(finalise_module, broken)

    def wrong(*arguments):
        if broken == "without_copies":
            rows = right(*arguments)
            rows[3, 5] ^= 1
            return rows
        group, name, data = arguments
        if name == "acc":
            data = data.copy()
            data[7, 1] += 1
        return right(group, name, data)

    monkeypatch.setattr(finalise_module, broken, wrong)
    said = try_to_finalise(path)
    assert "did not read back the same" in said and "sensors/pelvis" in said
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["walk.h5"]


@pytest.mark.parametrize("has_room", [True, False])
def test_the_recorder_makes_its_file_small_or_tells_why_not(tmp_path, monkeypatch, has_room):
    path = tmp_path / "walk.h5"
    recorder = Recorder(lambda: writer(path, ("pelvis",)), make_small=try_to_finalise)
    recorder.start()
    recorder.opened.result(5)
    block = rows(np.arange(500))
    assert recorder.offer("pelvis", block.arrival_s, [b"x" * 90] * 500, block)
    if not has_room:
        monkeypatch.setattr(finalise_module, "_ROOM_FRACTION", 1e9)
    recorder.close({"pelvis": (fit(),)}).result(5)
    assert recorder.join(5)
    with h5py.File(path) as file:
        assert file.attrs["schema_major"] == (2 if has_room else 1)
    assert ("free on that disk" in recorder.note) == (not has_room)
    assert bool(recorder.note) == (not has_room)
    series = imuhip.open(path).sensors["pelvis"]
    np.testing.assert_array_equal(series.acc, block.acc)
    np.testing.assert_allclose(series.time_s, np.arange(500) / 100 + 0.6, atol=1e-9)


def test_a_fault_of_the_program_itself_never_costs_the_recording(live, tmp_path, monkeypatch):
    path = copied(live, tmp_path)
    monkeypatch.setattr(finalise_module, "find_copies", lambda *_arguments: [][0])
    assert "was not made small: list index out of range" in try_to_finalise(path)
    assert path.read_bytes() == live.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["walk.h5"]


# -- numbers ------------------------------------------------------------------------------------


@given(
    counts=arrays.arrays(
        np.int16,
        st.tuples(st.integers(1, 60), st.just(3)),
        elements=st.integers(-(2**15), 2**15 - 1),
    ),
    scale=st.floats(1e-6, 10.0),
    lost=st.booleans(),
)
def test_counts_are_found_again_from_their_values(counts, scale, lost):
    values = (counts * scale).astype(np.float32)
    if lost:
        values[0, 0] = np.nan
    packing = signal_packing(values)
    if packing is None:  # too few to tell the step: stored as they are
        return
    again = unpacked(packing.stored(values), packing.scale, "float32", packing.fill)
    assert again.tobytes() == values.tobytes()


@pytest.mark.parametrize("scale", [16 * 9.80665 / 32768, np.radians(2000) / 32768, 0.1, 1 / 3])
def test_the_step_of_a_real_signal_is_that_of_the_sensor(scale):
    rng = np.random.default_rng(3)
    counts = np.rint(rng.normal(0, 3000, (5000, 3))).clip(-32768, 32767).astype(np.int16)
    counts[0] = 32767, -32768, 0
    values = (counts * scale).astype(np.float32)
    packing = signal_packing(values)
    assert packing is not None and packing.dtype == "<i2"
    assert packing.scale == pytest.approx(scale, rel=1e-7)
    np.testing.assert_array_equal(packing.stored(values), counts)
    values[5] = np.nan
    with_lost = signal_packing(values)
    assert with_lost is not None and with_lost.dtype == "<i4"  # int16 has no number left for NaN
    assert np.isnan(
        unpacked(with_lost.stored(values), with_lost.scale, "float32", with_lost.fill)[5]
    ).all()


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(0, 30), st.just(3)),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    )
)
def test_any_other_signal_is_given_back_or_left_alone(values):
    packing = signal_packing(values)
    if packing is not None:
        again = unpacked(packing.stored(values), packing.scale, "float32", packing.fill)
        missing = np.isnan(values)
        assert np.array_equal(np.isnan(again), missing)
        assert again[~missing].tobytes() == values[~missing].tobytes()


def test_times_of_a_clock_are_its_ticks_and_others_are_left_alone():
    ticks = np.arange(10_000) * 10_003 + 71
    packing = tick_packing(ticks * 1e-6, (1e-6, 1e-3))
    assert packing is not None and packing.scale == 1e-6
    np.testing.assert_array_equal(packing.stored(ticks * 1e-6), ticks)
    assert tick_packing(np.sqrt(np.arange(1.0, 99.0)), (1e-6, 1e-3)) is None
    assert tick_packing(np.array([np.nan, 1.0]), (1e-6,)) is None
    assert tick_packing(np.array([1e300]), (1e-6,)) is None


@given(
    seed=st.integers(0, 2**32 - 1),
    n_packets=st.integers(1, 40),
    batch=st.integers(1, 4),
    order=st.sampled_from(["<", ">"]),
)
def test_samples_are_found_in_packets_of_any_layout_and_put_back(seed, n_packets, batch, order):
    rng = np.random.default_rng(seed)
    columns = {
        "acc": rng.integers(-30000, 30000, (n_packets * batch, 3)).astype("<i2"),
        "gyr": rng.normal(size=(n_packets * batch, 3)).astype("<f4"),
    }
    head, tail = rng.integers(0, 256, (2, n_packets, 3)).astype(np.uint8)
    parts = [head]
    for k in range(batch):
        for column in columns.values():
            sample = column[k::batch]
            swapped = np.ascontiguousarray(sample.astype(sample.dtype.newbyteorder(order)))
            parts.append(swapped.view(np.uint8).reshape(n_packets, -1))
    rows = np.hstack([*parts, tail])
    first_row = np.arange(n_packets) * batch
    length = np.full(n_packets, rows.shape[1])
    copies = find_copies(rows, first_row, length, columns)
    if n_packets > 20:
        assert len(copies) == 6 * batch
        assert {copy.swapped for copy in copies} == {order == ">"}
        less = combined(rows, first_row, columns, copies)
        assert not less[:, 3:-3].any()
    first_row[rng.random(n_packets) < 0.3] = -1
    stray = [*copies, Copy(1, 900, "acc", 2, False)]
    less = combined(rows, first_row, columns, stray)
    assert combined(less, first_row, columns, stray).tobytes() == rows.tobytes()


def test_packets_without_samples_begin_nowhere():
    found = first_rows(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 3.0, 3.0]))
    np.testing.assert_array_equal(found, [0, -1, 2])
    np.testing.assert_array_equal(first_rows(np.array([1.0]), np.array([2.0, 1.0])), [-1])
    np.testing.assert_array_equal(first_rows(np.array([1.0]), np.array([])), [-1])


# -- old, damaged and described files -----------------------------------------------------------


GOLDEN_DIGEST = "552638fdf8fe2dca0d247b285d8472bb2b491a266340170475de358b846b1c9a"


def test_files_of_both_versions_written_before_still_open():
    """Made once by `packed_motion.record` with 40 packets; they are never made anew."""
    for name in ("session_v1.h5", "session_v2.h5"):
        assert digest(GOLDEN / name) == GOLDEN_DIGEST, name


def test_a_small_file_cut_anywhere_is_refused_or_recovered_never_misread(small, tmp_path):
    content = small.read_bytes()
    original = imuhip.open(small).sensors["thigh_right"]
    sent = read_packets(small, "pelvis")[1]
    n_rescued = 0
    # Sensors stand one after the other: only what is cut near the end has all of them.
    sizes = np.r_[np.linspace(9, len(content) - 1, 25), len(content) - np.arange(2, 200, 20)]
    for k, size in enumerate(sizes.astype(int)):
        cut = tmp_path / f"cut{k}.h5"
        cut.write_bytes(content[:size])
        with pytest.raises(FileFormatError):
            imuhip.open(cut)
        try:
            rescued = recover(cut).recovered
            series = imuhip.open(rescued).sensors["thigh_right"]
        except FileFormatError:
            continue
        np.testing.assert_array_equal(series.acc, original.acc[: len(series)])
        kept = read_packets(rescued, "pelvis")[1]
        assert kept == sent[: len(kept)]
        n_rescued += 1
    assert n_rescued > 3


def test_flipped_bits_raise_nothing_but_our_own_errors(small, tmp_path):
    content = bytearray(small.read_bytes())
    rng = np.random.default_rng(0)
    path, refused = tmp_path / "damaged.h5", 0
    for k in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, 30_000 if k % 2 else len(content), 3):
            damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            imuhip.open(path)
            read_packets(path, "pelvis")
        except ImuhipError:
            refused += 1
    assert refused > 5


def _set(place: str, name: str, value: object):
    def change(file: h5py.File) -> None:
        file[place].attrs[name] = value

    return change


def _remade(place: str, **options):
    def change(file: h5py.File) -> None:
        del file[place]
        file.create_dataset(place, **options)

    return change


def _copies(**changes):
    def change(file: h5py.File) -> None:
        table = file[f"{PACKETS}/copies"]
        rows = table[()]
        for name, value in changes.items():
            rows[name][0] = value
        table[...] = rows

    return change


ACC, PACKETS = "sensors/pelvis/samples/acc", "sensors/pelvis/packets"
HOSTILE = [
    (_set(ACC, "scale_factor", 1e300), "by the factor"),
    (_set(ACC, "scale_factor", np.nan), "by the factor"),
    (_set(ACC, "scale_factor", "much"), "expected a number"),
    (_set(ACC, "unpacked_type", "object"), "cannot be 'object'"),
    (_remade(ACC, data=np.zeros((3, 3), "<i2")), "expected a type among 'f', got int16"),
    (_copies(offset=-1), "a copy that cannot be"),
    (_copies(offset=90), "a copy that cannot be"),
    (_copies(sample=-5), "a copy that cannot be"),
    (_copies(axis=3), "a copy that cannot be"),
    (_copies(column=b"state"), "names a column that is not a signal|a copy that cannot be"),
    (_remade(f"{PACKETS}/bytes", data=np.zeros((3, 91), "u1")), "expected 294|expected 3|rows"),
    (_remade(f"{PACKETS}/bytes", shape=(10**9, 10**5), dtype="u1", chunks=(1, 100)), "above 1024"),
    (_remade(f"{PACKETS}/bytes", data=np.zeros(9, "u1")), r"expected shape \(p, 2 or more\)"),
    (_remade(f"{PACKETS}/length", data=np.full(300, 92)), "rows|longer than its 91 bytes"),
]


@pytest.mark.parametrize(("change", "said"), HOSTILE)
def test_changed_small_files_are_refused_where_they_are_wrong(small, tmp_path, change, said):
    path = copied(small, tmp_path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(FileFormatError, match=said):
        imuhip.open(path)
        read_packets(path, "pelvis")


def test_the_format_page_names_what_small_files_hold(small):
    page = FORMAT_PAGE.read_text("utf-8")
    described = set(re.findall(r"^\| `(/[^`]*)` \|", page, re.MULTILINE))
    for extra in ("copies", "first_row"):
        assert f"`packets/{extra}`" in page
    for attribute in ("units", "scale_factor", "unpacked_type", "_FillValue"):
        assert f"`{attribute}`" in page
    with h5py.File(small) as file:

        def check(place: str, item: h5py.Group | h5py.Dataset) -> None:
            generic = re.sub(r"^sensors/[a-z_]+", "/sensors/SEGMENT", place)
            generic = generic if generic.startswith("/") else f"/{generic}"
            if isinstance(item, h5py.Dataset) and not place.endswith(("copies", "first_row")):
                assert generic in described

        file.visititems(check)


def test_every_python_of_the_format_page_reads_both_kinds(
    live, small, tmp_path, monkeypatch, capsys
):
    page = FORMAT_PAGE.read_text("utf-8")
    snippets = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(snippets) == 2
    monkeypatch.chdir(tmp_path)
    printed = []
    for path in (live, small):
        shutil.copyfile(path, "walk.h5")
        names: dict[str, object] = {}
        exec(compile(snippets[0], str(FORMAT_PAGE), "exec"), names)
        printed.append(capsys.readouterr().out.splitlines()[1:])
        series = imuhip.open("walk.h5").sensors["thigh_right"]
        np.testing.assert_array_equal(np.float32(names["acc"]), np.float32(series.acc))
        np.testing.assert_array_equal(names["time_s"], series.time_s)
    assert printed[0] == printed[1]
    exec(compile(snippets[1], str(FORMAT_PAGE), "exec"), names)
    assert names["packets"] == read_packets(small, "pelvis")[1]


def test_a_recording_is_what_it_was(live, small):
    left, right = imuhip.open(live), imuhip.open(small)
    assert isinstance(right, Recording)
    assert left.devices == right.devices
    assert left.software_version == right.software_version


def test_a_long_recording_saved_from_memory_is_made_small_too(tmp_path):
    """Its columns of arrival and of the sensor's clock were never written, and stay so long."""
    n = 200_000
    steps = np.random.default_rng(5).integers(-500, 500, (n, 3)) * 2.0**-8
    saved = imuhip.Recording.from_arrays(
        rate_hz=100.0, sensors={"pelvis": {"acc": steps, "gyr": steps}}
    ).save(tmp_path / "long.h5")
    before = imuhip.open(saved).sensors["pelvis"]
    done = finalise(saved)
    assert done.after_bytes < done.before_bytes
    after = imuhip.open(saved).sensors["pelvis"]
    assert after.acc.tobytes() == before.acc.tobytes() == steps.tobytes()
    with h5py.File(saved) as file:
        assert np.isnan(file["sensors/pelvis/samples/arrival_s"][:]).all()
