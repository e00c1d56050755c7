"""The test in a virtual machine must be able to fail: what it holds a recording against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition_kit import noise_motion
from bluez.machine import needed_modules
from bluez.packages import MissingToolError
from bluez.verdict import delivered_twice, sample_findings
from imuhip.core.series import ImuSeries
from imuhip.recording.session import Recording
from imuhip.sensors.imuhip_v1 import packets

SOURCE = noise_motion(("pelvis",), 1.0).sensors["pelvis"]


def _recorded(acc: np.ndarray, gyr: np.ndarray) -> ImuSeries:
    """Return a motion between two stretches of standing still, as it is recorded."""
    still = np.zeros((30, 3))
    sensors = {"acc": np.vstack((still, acc, still)), "gyr": np.vstack((still, gyr, still))}
    return Recording.from_arrays(rate_hz=100.0, sensors={"pelvis": sensors}).sensors["pelvis"]


def _wrong(recorded: ImuSeries, lost: int = 0) -> list[str]:
    found = sample_findings("pelvis", recorded, SOURCE, lost=lost)
    return [one.about.removeprefix("pelvis: ") for one in found if not one.is_right]


def test_a_motion_recorded_whole_is_right():
    assert _wrong(_recorded(SOURCE.acc, SOURCE.gyr)) == []


def test_a_sample_recorded_twice_is_wrong():
    rows = np.insert(np.arange(len(SOURCE)), 40, range(35, 40))
    assert _wrong(_recorded(SOURCE.acc[rows], SOURCE.gyr[rows])) == ["rows"]


def test_a_sample_recorded_twice_in_place_of_another_is_wrong():
    rows = np.arange(len(SOURCE))
    rows[40] = 39
    assert _wrong(_recorded(SOURCE.acc[rows], SOURCE.gyr[rows])) == ["values"]


@pytest.mark.parametrize(("lost", "wrong"), [(7, []), (0, ["rows"])])
def test_a_loss_is_right_when_it_was_counted(lost: int, wrong: list[str]):
    acc, gyr = SOURCE.acc.copy(), SOURCE.gyr.copy()
    acc[20:27] = gyr[20:27] = np.nan
    assert _wrong(_recorded(acc, gyr), lost) == wrong


def test_samples_of_packets_that_came_again_are_counted():
    counts = np.arange(18, dtype=np.int16).reshape(3, 6)
    first, second = (
        packets.encode_packet(
            packets.RawPacket(
                seq=seq, time_us=10_000 * seq, dt_us=10_000, counts=counts, flags=0, age_us=0
            )
        )
        for seq in (0, 3)
    )
    assert delivered_twice([first, second]) == 0
    assert delivered_twice([first, first, second, second, second]) == 9


def test_modules_are_loaded_after_what_they_depend_on(tmp_path: Path):
    folder = tmp_path / "lib" / "modules" / "6.1"
    folder.mkdir(parents=True)
    (folder / "modules.builtin").write_text("kernel/lib/crc16.ko\n")
    for name, needed in (
        ("hci-vhci", b"bluetooth"),
        ("bluetooth", b"rfkill,crc16"),
        ("rfkill", b""),
    ):
        (folder / f"{name}.ko").write_bytes(b"ELF\0depends=" + needed + b"\0")
    loaded = [path.stem for path in needed_modules(tmp_path, ["hci_vhci"], ["no_such"])]
    assert loaded == ["rfkill", "bluetooth", "hci-vhci"]
    with pytest.raises(MissingToolError, match="no module overlay"):
        needed_modules(tmp_path, ["overlay"])
