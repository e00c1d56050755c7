"""A copy for others: nothing of whose it is in its bytes, every sample as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import imuhip
from imuhip.cli.commands import build
from imuhip.errors import ConfigError, DiskError, RecordingError
from imuhip.exchange.deidentified import deidentified_copy, draw_alias, own_words, read_key
from imuhip.recording.annotations import add_tag, exclude_strides
from imuhip.recording.deidentify import deidentify
from imuhip.recording.finalise import finalise
from imuhip.recording.left_out import LeftOut
from imuhip.recording.reader import read_sample_times
from packed_motion import record

NAME = "Anna-Miller"
SECRETS = (
    NAME, "1961-05-17", "annas-laptop", "C:\\Users\\anna", "knee hurts", "Annas DOT", "SN-778812",
    "AA:BB:CC:DD:EE:99", "Dr. Bernstein", "patient_name", "anna_box", "2026-03-14", "anna-fw",
    "limps since the accident", "clinic St. Gall",
)  # fmt: skip


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording in which somebody wrote all they should not."""
    path = tmp_path_factory.mktemp("named") / f"{NAME}.h5"
    record(path)
    finalise(path)
    exclude_strides(path, 1.0, 2.0, "limps since the accident")
    add_tag(path, "clinic St. Gall")
    with h5py.File(path, "r+") as file:
        file.attrs["subject"] = np.bytes_(f"{NAME} 1961-05-17".encode())
        file.attrs["start_time"] = np.bytes_(b"2026-03-14T09:26:00+01:00")
        file.attrs["patient_name"] = np.bytes_(NAME.encode())
        file.create_dataset("anna_box", data=np.frombuffer(NAME.encode(), np.uint8))
        del file["settings_json"]
        told = {"host": "annas-laptop", "log": "C:\\Users\\anna", "rate_hz": "100"}
        data = json.dumps(told).encode()
        file.create_dataset("settings_json", data=np.bytes_(data), dtype=f"S{len(data)}")
        for table, field, text in (("markers", "name", "knee hurts"), ("events", "text", NAME)):
            rows = file[table][()]
            rows = np.concatenate([rows, np.zeros(2, rows.dtype)])
            rows[field][-1] = text.encode()
            rows[field][-2] = b"n_pose" if table == "markers" else b""
            if table == "events":
                rows["kind"][-1] = b"Dr. Bernstein"
            del file[table]
            file.create_dataset(table, data=rows, maxshape=(None,))
        for segment in ("pelvis", "thigh_left"):
            device = file[f"sensors/{segment}/device"]
            device.attrs["model"] = np.bytes_(b"Annas DOT")
            device.attrs["serial"] = np.bytes_(b"SN-778812")
            device.attrs["address"] = np.bytes_(b"AA:BB:CC:DD:EE:99")
            device.attrs["firmware"] = np.bytes_(b"anna-fw")
            device.attrs["patient_name"] = np.bytes_(NAME.encode())
            file[f"sensors/{segment}/samples/acc"].attrs["patient_name"] = np.bytes_(b"x")
    return path


def everything_in(path: Path) -> bytes:
    """Return the file's bytes, and behind them all it holds when unpacked."""
    parts = [path.read_bytes()]

    def visit(name: str, item: Any) -> None:
        parts.append(name.encode())
        parts.extend(f"{key}={value!r}".encode() for key, value in item.attrs.items())
        if isinstance(item, h5py.Dataset):
            parts.append(np.ascontiguousarray(item[()]).tobytes())

    with h5py.File(path) as file:
        visit("/", file)
        file.visititems(visit)
    return b"\0".join(parts)


def test_nothing_that_tells_whose_it_is_is_in_the_bytes(named: Path, tmp_path: Path) -> None:
    old = everything_in(named)
    assert all(secret.encode() in old for secret in SECRETS if secret != "C:\\Users\\anna")
    done = deidentified_copy(named, tmp_path, code="P017", shift_days=-700)
    new = everything_in(done.path)
    assert [secret for secret in SECRETS if secret.encode() in new] == []
    assert b"anna" not in new.lower()
    assert done.path.name == "P017.h5"
    removed = " ".join(one.what for one in done.removed)
    for word in ("subject", "date", "settings", "markers", "events", "serial", "addresses",
                 "packets", "tags", "reasons", "models", "firmwares", "does not know"):  # fmt: skip
        assert word in removed


def test_every_sample_and_its_time_is_the_same_bit_for_bit(named: Path, tmp_path: Path) -> None:
    live = tmp_path / "live.h5"
    record(live)
    for source in (named, live):
        copy = deidentified_copy(source, tmp_path).path
        before, after = imuhip.open(source), imuhip.open(copy)
        assert set(after.sensors) == set(before.sensors)
        for segment, series in before.sensors.items():
            other = after.sensors[segment]
            for name in ("time_s", "acc", "gyr", "mag", "valid"):
                one, two = getattr(series, name), getattr(other, name)
                assert (one is None) == (two is None)
                assert one is None or (one.dtype, one.tobytes()) == (two.dtype, two.tobytes())
            for name in ("epoch", "device_time_s", "arrival_s", "time_s"):
                one = getattr(read_sample_times(source, segment), name)
                assert one.tobytes() == getattr(read_sample_times(copy, segment), name).tobytes()
            counted = [r.devices[segment].counters for r in (before, after)]
            assert counted[0] == counted[1]
            fits = [r.devices[segment].clock_fits for r in (before, after)]
            assert fits[0] == fits[1]


def test_poses_tests_exclusions_and_the_time_of_day_stay(named: Path, tmp_path: Path) -> None:
    before = imuhip.open(named)
    made = imuhip.open(deidentified_copy(named, tmp_path, code="P1", shift_days=-700).path)
    assert made.subject == "P1"
    assert made.start_time is not None and before.start_time is not None
    assert (before.start_time - made.start_time).total_seconds() == 700 * 86400
    names = [marker.name for marker in made.markers]
    assert "n_pose" in names and "mark" in names and len(names) == len(before.markers)
    assert [(m.start_s, m.end_s) for m in made.markers] == [
        (m.start_s, m.end_s) for m in before.markers
    ]
    (note,) = made.annotations
    assert (note.kind, note.text, note.start_s, note.holds) == ("excluded_strides", "", 1.0, True)
    assert made.settings["rate_hz"] == "100" and "host" not in made.settings
    words = own_words()
    assert words.marker("knee_to_chest_left") and words.marker("pain_left_4")
    assert not words.marker("pain_left_Anna") and not words.setting("rate_hz", "Anna")


def test_a_key_keeps_a_persons_visits_together_and_nothing_else(tmp_path: Path) -> None:
    key = tmp_path / "study.key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    secret = read_key(key)
    assert draw_alias("Anna", secret) == draw_alias("Anna", secret)
    codes = {draw_alias(f"person {k}", secret) for k in range(200)}
    assert len({code for code, _ in codes}) == 200
    assert all(-3650 <= days <= -365 for _, days in codes)
    assert draw_alias("Anna", b"f" * 32) != draw_alias("Anna", secret)
    assert draw_alias("Anna", None) != draw_alias("Anna", None)
    key.write_text("short")
    with pytest.raises(ConfigError, match="at least 16"):
        read_key(key)


def test_clocks_that_tell_the_day_are_left_out(tmp_path: Path) -> None:
    source = tmp_path / "calendar.h5"
    record(source)
    with h5py.File(source, "r+") as file:
        samples = file["sensors/pelvis/samples"]
        samples["device_time_s"][...] = samples["device_time_s"][()] + 1.77e9
    done = deidentified_copy(source, tmp_path)
    times = read_sample_times(done.path, "pelvis")
    assert np.isnan(times.device_time_s).all() and np.isfinite(times.time_s).any()
    assert imuhip.open(done.path).devices["pelvis"].clock_fits == ()
    assert any("since 1970" in one.what for one in done.removed)


def test_what_was_left_out_is_searched_for_and_nothing_is_overwritten(
    named: Path, tmp_path: Path
) -> None:
    ledger = LeftOut()
    ledger.add("notes", "limps since the accident")
    part = tmp_path / "part"
    part.write_bytes(b"\1\2limps since the accident\3")
    with pytest.raises(RecordingError, match="still in the new file") as refused:
        ledger.refuse_in(part, named, set())
    assert refused.value.code == "E784" and "limps" not in refused.value.message
    there = tmp_path / "there.h5"
    there.write_bytes(b"mine")
    with pytest.raises(DiskError):
        deidentify(named, there, subject="P1", shift_days=-9, kept=own_words())
    assert there.read_bytes() == b"mine"
    with pytest.raises(ConfigError, match="letters, digits"):
        deidentified_copy(named, tmp_path, code="../../x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["part", "there.h5"]


def test_the_command_says_what_it_took_out(named: Path, tmp_path: Path) -> None:
    source = Path(shutil.copyfile(named, tmp_path / "a.h5"))
    out = tmp_path / "shared"
    ran = CliRunner().invoke(build(), ["deidentify", str(source), "--out", str(out), "--json"])
    assert ran.exit_code == 0, ran.output
    (told,) = json.loads(ran.stdout)["copies"]
    assert Path(told["written"]).parent == out and NAME not in ran.stdout
    assert told["subject"] in told["written"] and told["removed"]["addresses"] == 3
    plain = CliRunner().invoke(build(), ["deidentify", str(source), "-o", str(out), "--code", "B2"])
    assert plain.exit_code == 0 and "removed: addresses (3)" in plain.stdout
    assert "How somebody moves can itself tell who it is" in plain.stdout


def test_a_folder_is_copied_as_far_as_it_can_be_read(named: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    (study / "inner").mkdir(parents=True)
    shutil.copyfile(named, study / "inner" / "a.h5")
    (study / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    out = tmp_path / "shared"
    ran = CliRunner().invoke(build(), ["deidentify", str(study), "-o", str(out), "--json"])
    assert ran.exit_code == 3, ran.output
    told = json.loads(ran.stdout)
    assert len(told["copies"]) == 1 and [Path(f["file"]).name for f in told["failed"]] == [
        "broken.h5"
    ]
    assert len(list(out.iterdir())) == 1
    two = CliRunner().invoke(build(), ["deidentify", str(study), "-o", str(tmp_path / "x.h5")])
    assert two.exit_code == 2 and "one name for 2 files" in two.stderr
