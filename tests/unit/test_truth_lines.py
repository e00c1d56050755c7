"""The line that tells the truth about a sensor while it is recorded."""

from __future__ import annotations

import pytest

from imuhip.acquisition.status import AcquisitionStatus, SensorStatus
from imuhip.acquisition.supervisor import LinkState
from imuhip.cli import truth_lines, worn_kit
from imuhip.core.sensor import SensorCounters


def line(measured_hz: float, **counters: int) -> str:
    account = SensorCounters(received=1000, **counters)
    sensor = SensorStatus(
        "pelvis", "C0:00", "imuhip", "1", "imuhip", 80, -50, LinkState.STREAMING, 100.0,
        measured_hz, account, 0.02,
    )  # fmt: skip
    (told,) = truth_lines.truth_lines(AcquisitionStatus(0.0, {"pelvis": sensor}, None))
    return told


@pytest.mark.parametrize(
    ("measured_hz", "words"),
    [
        (100.0, "100.0 Hz"),
        (98.5, " 98.5 Hz"),
        (97.0, " 97.0 of 100 Hz"),
        (103.0, "103.0 of 100 Hz"),
        (50.2, " 50.2 HALF of 100 Hz"),
        (60.0, " 60.0 of 100 Hz"),
    ],
)
def test_a_rate_off_by_two_percent_and_half_of_it_are_said(measured_hz: float, words: str):
    assert f" {words.strip()}  lost" in line(measured_hz)


def test_a_stream_that_lost_its_place_is_said():
    assert "resynced" not in line(100.0)
    assert line(100.0, resynced=2).endswith("  2 resynced")


@pytest.mark.parametrize(("n_sensors", "is_warned"), [(5, False), (6, True)])
def test_more_sensors_than_an_adapter_may_hold_are_warned_of(
    n_sensors: int, is_warned: bool, monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []
    monkeypatch.setattr(worn_kit, "note", told.append)

    class Session:
        virtual_assignment = None

        def connect(self, kit) -> None: ...
        def status(self) -> AcquisitionStatus:
            return AcquisitionStatus(0.0, {}, None)

    worn_kit.connected_kit(Session(), {f"segment {k}": "C0" for k in range(n_sensors)})
    assert any("auto:hci0,auto:hci1" in text for text in told) == is_warned
