"""What is written is read back: whole recordings, live files with losses, and the format page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imuhip
from imuhip.core.segments import ANGLES, SEGMENTS
from imuhip.core.sensor import StreamConfig
from imuhip.core.series import ImuSeries, Marker
from imuhip.errors import DiskError
from imuhip.recording.annotations import add_tag
from imuhip.recording.reader import read_packets
from imuhip.recording.session import DeviceRecord, Event, Recording, Truth
from imuhip.recording.writer import SampleRows, SessionWriter
from recorded_motion import (
    IDENTITY,
    append_block,
    counters,
    fit,
    packet,
    plans,
    rows,
    vectors,
    writer,
)

FORMAT_PAGE = Path(__file__).resolve().parents[2] / "docs" / "file_format.md"


def assert_same(left: Recording, right: Recording) -> None:
    assert left.rate_hz == right.rate_hz
    assert left.sensors.keys() == right.sensors.keys()
    for segment, series in left.sensors.items():
        other = right.sensors[segment]
        for name in ("time_s", "acc", "gyr", "valid"):
            assert getattr(series, name).tobytes() == getattr(other, name).tobytes(), name
        assert (series.mag is None) == (other.mag is None)
        if series.mag is not None and other.mag is not None:
            assert series.mag.tobytes() == other.mag.tobytes()
    assert left.markers == right.markers
    assert (left.start_time, left.subject) == (right.start_time, right.subject)
    assert left.devices == right.devices
    assert left.events == right.events
    assert left.settings == right.settings
    assert left.state == right.state


values = st.floats(width=64, allow_nan=True, allow_infinity=True)
text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=90)


@st.composite
def series(draw: st.DrawFn) -> ImuSeries:
    n_rows = draw(st.integers(0, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2**63, size=(3, n_rows, 3), dtype=np.int64)
    acc, gyr, mag = bits.view(np.float64) if draw(st.booleans()) else rng.normal(size=bits.shape)
    gaps = rng.random(n_rows) < draw(st.sampled_from([0.0, 0.3]))
    for channel in (acc, gyr, mag):
        channel[gaps] = np.nan
    if n_rows:
        acc[0, 0] = draw(values)
    time_s = np.cumsum(rng.uniform(0.001, 0.02, n_rows)) + draw(st.floats(-5, 5))
    valid = rng.random(n_rows) < 0.8 if draw(st.booleans()) else None
    return ImuSeries(time_s, acc, gyr, mag if draw(st.booleans()) else None, valid)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    worn = draw(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3, unique=True))
    device = DeviceRecord(
        IDENTITY, draw(text), StreamConfig(), counters(3), (fit(),), None, True, "imuhip"
    )
    moment = st.datetimes(
        min_value=datetime(1980, 1, 1),
        timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30))]),
    )
    return Recording(
        rate_hz=draw(st.floats(1, 2000)),
        sensors={segment: draw(series()) for segment in worn},
        markers=tuple(
            Marker(name, start, start + 1.5)
            for name, start in draw(st.lists(st.tuples(text, st.floats(0, 10)), max_size=3))
        ),
        start_time=draw(st.none() | moment),
        subject=draw(st.none() | text),
        devices={worn[0]: device} if draw(st.booleans()) else {},
        events=tuple(Event(1.0, None, k, k) for k in draw(st.lists(text, max_size=2))),
        settings=draw(st.dictionaries(text, text, max_size=2)),
    )


@given(recording=recordings())
def test_a_saved_recording_comes_back_bit_for_bit(recording, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "walk.h5"
    assert recording.save(path) == path
    assert_same(imuhip.open(path), recording)
    assert [p.name for p in path.parent.iterdir()] == ["walk.h5"]


def simulated() -> Recording:
    time_s = np.arange(50) / 100
    return Recording(
        rate_hz=100.0,
        sensors={"pelvis": ImuSeries(time_s, np.ones((50, 3)), np.ones((50, 3)))},
        truth_motion=truth(),
    )


def truth() -> Truth:
    rng = np.random.default_rng(1)
    return Truth(
        np.arange(50) / 100,
        rng.normal(size=(50, len(ANGLES))),
        {"pelvis": rng.normal(size=(50, 4)), "thigh_left": rng.normal(size=(50, 4))},
        {"left": np.array([0.1, 0.3]), "right": np.array([])},
    )


def assert_same_truth(found: Truth | None) -> None:
    expected = truth()
    assert found is not None
    np.testing.assert_array_equal(found.angles_rad, expected.angles_rad)
    np.testing.assert_array_equal(found.time_s, expected.time_s)
    for name in ("orientations", "initial_contacts_s"):
        assert getattr(found, name).keys() == getattr(expected, name).keys()
        for key, array in getattr(expected, name).items():
            np.testing.assert_array_equal(getattr(found, name)[key], array)


def test_truth_is_kept_exactly(tmp_path):
    recording = imuhip.open(simulated().save(tmp_path / "walk.h5"))
    assert_same_truth(recording.truth_motion)
    assert list(recording.truth.columns) == [f"{angle}_deg" for angle in ANGLES]


def write_live(path: Path, **options) -> Path:
    """Write a live file with everything in it, a loss, a repeat, a late packet and a reboot."""
    target = writer(path, ("pelvis", "thigh_left"), truth=truth(), subject="S01", **options)
    for seq in (np.arange(0, 40), np.arange(50, 60), np.arange(45, 50), np.arange(55, 70)):
        append_block(target, "pelvis", seq, mag=True)
        target.append_clock_fit("pelvis", fit(0.5), 1.0)
        target.flush()
    append_block(target, "pelvis", np.arange(20), epoch=1, mag=True, late_s=1.0)
    append_block(target, "thigh_left", np.arange(100))
    target.append_marker(Marker("n_pose", 0.1, 0.4))
    target.append_event(0.4, "pelvis", "lost", "é" * 100)
    target.update_counters("pelvis", counters(70))
    target.close(final_fits={"pelvis": (fit(0.6), fit(1.6, epoch=1))})
    return path


def test_losses_become_nan_rows_repeats_vanish_and_late_samples_are_sorted(tmp_path):
    recording = imuhip.open(write_live(tmp_path / "walk.h5", settings={"rate": "100"}))
    pelvis = recording.sensors["pelvis"]
    # 40..44 never came; the sensor rebooted at 0.69 s (0.6 + 0.69) and resumed at 1.6 s.
    pause = round((1.6 - 1.29) * 100) - 1
    assert len(pelvis) == 70 + pause + 20
    lost = np.r_[40:45, 70 : 70 + pause]
    np.testing.assert_array_equal(np.flatnonzero(~pelvis.valid), lost)
    assert np.isnan(pelvis.acc[lost]).all() and np.isnan(pelvis.mag[lost]).all()
    seq = np.r_[0:40, 45:70, 0:20]
    np.testing.assert_array_equal(pelvis.acc[pelvis.valid], vectors(seq))
    np.testing.assert_array_equal(pelvis.mag[pelvis.valid], vectors(seq, 0.25))
    np.testing.assert_allclose(pelvis.time_s, 0.6 + np.arange(len(pelvis)) / 100, atol=1e-9)
    assert recording.sensors["thigh_left"].mag is None
    assert recording.sensors["thigh_left"].time_s[0] == pytest.approx(0.5)  # live: no final fit
    assert recording.start_time == datetime.fromtimestamp(1.7e9, UTC)
    assert recording.settings == {"rate": "100"}
    assert recording.markers == (Marker("n_pose", 0.1, 0.4),)
    assert recording.events == (Event(0.4, "pelvis", "lost", "é" * 80),)
    assert recording.devices["pelvis"].counters.received == 70
    assert recording.devices["pelvis"].clock_fits == (fit(0.6), fit(1.6, epoch=1))
    assert recording.devices["pelvis"].battery_percent == 90
    assert_same_truth(recording.truth_motion)
    assert recording.software_version == imuhip.__version__
    _, packets = read_packets(tmp_path / "walk.h5", "thigh_left")
    assert packets == [packet(s) for s in range(0, 100, 5)]


def test_a_live_recording_saved_again_is_the_same(tmp_path):
    recording = imuhip.open(write_live(tmp_path / "walk.h5"))
    again = imuhip.open(recording.save(tmp_path / "again.h5"))
    assert_same(again, recording)


def test_blocks_of_any_size_make_the_same_file(tmp_path):
    found = []
    for size in (1, 7, 100):
        target = writer(tmp_path / f"{size}.h5", ("pelvis",))
        for start in range(0, 100, size):
            append_block(target, "pelvis", np.arange(start, min(100, start + size)))
            if start % 3 == 0:
                target.flush()
        target.close()
        found.append(imuhip.open(tmp_path / f"{size}.h5").sensors["pelvis"])
    for other in found[1:]:
        for name in ("time_s", "acc", "gyr", "valid"):
            np.testing.assert_array_equal(getattr(other, name), getattr(found[0], name))


def test_a_magnetometer_that_starts_late_leaves_nan_before(tmp_path):
    target = writer(tmp_path / "walk.h5", ("pelvis",))
    target.append_samples("pelvis", rows(np.arange(10)))
    target.append_samples("pelvis", rows(np.arange(10, 20), mag=True))
    target.close()
    mag = imuhip.open(tmp_path / "walk.h5").sensors["pelvis"].mag
    assert np.isnan(mag[:10]).all()
    np.testing.assert_array_equal(mag[10:], vectors(np.arange(10, 20), 0.25))


def test_nothing_is_created_while_recording(tmp_path):
    def outline(name: str) -> set[str]:
        found: set[str] = set()
        with h5py.File(tmp_path / name, "r", swmr=True) as file:
            file.visititems(lambda place, item: found.update({place, *map(str, item.attrs)}))
        return found

    writer(tmp_path / "empty.h5", ("pelvis", "thigh_left"), truth=truth()).close()
    write_live(tmp_path / "walk.h5")
    assert outline("walk.h5") == outline("empty.h5")


def test_an_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "walk.h5"
    path.write_bytes(b"precious")
    for attempt in (lambda: writer(path), lambda: simulated().save(path)):
        with pytest.raises(DiskError, match=r"exists already \(8 bytes\)") as refused:
            attempt()
        assert "another name" in refused.value.hint
    assert path.read_bytes() == b"precious"


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "nowhere" / "walk.h5"
    for attempt in (lambda: writer(path), lambda: simulated().save(path)):
        with pytest.raises(DiskError, match="nowhere does not exist"):
            attempt()


def test_wrong_calls_are_programming_mistakes(tmp_path):
    with pytest.raises(ValueError, match="one plan for each"):
        SessionWriter(tmp_path / "a.h5", [*plans(), *plans()], rate_hz=100, start_unix_s=0)
    target = writer(tmp_path / "walk.h5", ("pelvis",))
    with pytest.raises(ValueError, match="Expected a segment among"):
        target.append_samples("trunk", rows(np.arange(3)))
    with pytest.raises(ValueError, match=r"Expected gyr of shape \(3, 3\), got \(3, 4\)"):
        SampleRows(*[np.zeros(3)] * 5, np.zeros((3, 3)), np.zeros((3, 4)), None, np.zeros(3))
    target.close()
    target.close()
    with pytest.raises(ValueError, match="closed already"):
        target.flush()


def described() -> set[str]:
    page = FORMAT_PAGE.read_text("utf-8")
    own = re.sub(r"^## Results beside a session file$.*?^## ", "## ", page, flags=re.M | re.S)
    return set(re.findall(r"^\| `(/[^`]*)` \|", own, re.MULTILINE))


def in_file(path: Path) -> set[str]:
    def generic(place: str) -> str:
        place = re.sub(r"^/sensors/[a-z_]+", "/sensors/SEGMENT", place)
        place = re.sub(r"^(/truth/orientations)/.+", r"\1/SEGMENT", place)
        return re.sub(r"^(/truth/initial_contacts_s)/.+", r"\1/SIDE", place)

    found = set()

    def note(place: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found.add(generic(f"/{place}"))
        found.update(f"{generic('/' + place)}@{name}" for name in item.attrs)

    with h5py.File(path) as file:
        found.update(f"/@{name}" for name in file.attrs)
        file.visititems(note)
    return found


def test_the_format_page_names_exactly_what_files_hold(tmp_path):
    live = write_live(tmp_path / "walk.h5")
    assert in_file(live) == described() - {"/annotations"}
    add_tag(live, "before the drill")
    assert in_file(live) == described()
    saved = imuhip.open(tmp_path / "walk.h5").save(tmp_path / "saved.h5")
    assert in_file(saved) < described()


def test_the_format_page_names_every_field_and_type(tmp_path):
    page = FORMAT_PAGE.read_text("utf-8")
    names = {"i": "int", "u": "uint", "f": "float"}
    live = write_live(tmp_path / "walk.h5")
    add_tag(live, "before the drill")
    with h5py.File(live) as file:

        def check(place: str, item: h5py.Group | h5py.Dataset) -> None:
            if not isinstance(item, h5py.Dataset):
                return
            place = re.sub(r"^sensors/[a-z_]+", "sensors/SEGMENT", place)
            line = re.search(rf"^\| `/{place}` \|.*$", page, re.MULTILINE)
            if line and item.dtype.names:
                assert "| table |" in line[0]
                assert all(
                    f"`{field}`" in line[0] or field == "at_s" or "the same" in line[0]
                    for field in item.dtype.names
                ), place
            elif line and item.dtype.kind in names:
                kind = f"{names[item.dtype.kind]}{8 * item.dtype.itemsize}"
                assert kind in line[0].split("|")[2], (place, kind)

        file.visititems(check)


def test_the_python_of_the_format_page_runs(tmp_path, monkeypatch, capsys):
    write_live(tmp_path / "walk.h5")
    monkeypatch.chdir(tmp_path)
    snippet = re.search(r"```python\n(.*?)```", FORMAT_PAGE.read_text("utf-8"), re.DOTALL)[1]
    exec(compile(snippet, str(FORMAT_PAGE), "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "imuhip-session 1 complete"
    assert "pelvis 90 samples, 5 lost" in printed
    assert printed[-1] == "n_pose 0.1 0.4"
