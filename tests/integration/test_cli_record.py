"""``imuhip record`` and ``scan`` as real processes: what is said, exit codes, and the file left."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import imuhip
from cli_process import CliProcess, run_cli
from imuhip.cli.kit_memory import RememberedSensor

pytestmark = pytest.mark.realtime

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
POSIX_SIGNALS = pytest.mark.skipif(
    sys.platform == "win32", reason="sends POSIX signals to another process"
)


def _check_complete(path: Path, at_least: int) -> None:
    recording = imuhip.open(path)
    assert recording.state == "complete"
    assert tuple(recording.sensors) == SEGMENTS
    for segment, series in recording.sensors.items():
        assert len(series) >= at_least, segment
        assert series.valid.all(), segment
        assert recording.devices[segment].counters.lost == 0


def test_recording_virtual_sensors(tmp_path: Path) -> None:
    done = run_cli(
        "record", "--radio", "sim", "--duration", "3", "--rate", "200", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert not told["interrupted"]
    path = tmp_path / told["file"]
    assert path.parent == tmp_path / "recordings"
    recording = imuhip.open(path)
    assert recording.rate_hz == 200.0
    _check_complete(path, 570)
    assert all(device.simulated for device in recording.devices.values())
    for segment in SEGMENTS:
        counters = told["sensors"][segment]["counters"]
        assert counters["received"] == len(recording.sensors[segment])
        truth = [line for line in done.stderr.splitlines() if segment in line and "Hz" in line]
        assert 1 <= len(truth) <= 3, "one a second, or fewer where the machine is busy"
        assert "lost 0 (0.00%)" in truth[-1]


def test_scan_of_the_virtual_kit(tmp_path: Path) -> None:
    done = run_cli("scan", "--radio", "sim", "--seconds", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {(one["address"], one["model"]) for one in json.loads(done.stdout)} == {
        ("C4:5C:4E:00:1A:2B", "imuhip"),
        ("C4:5C:4E:00:2C:3D", "imuhip"),
        ("C4:5C:4E:00:3E:4F", "imuhip"),
    }


@pytest.mark.skipif(
    Path("/var/run/dbus/system_bus_socket").exists() or sys.platform != "linux",
    reason="this computer may have Bluetooth",
)
@pytest.mark.parametrize("command", ["scan", "record"])
def test_a_computer_without_bluetooth(command: str, tmp_path: Path) -> None:
    options = ["--assign", "pelvis=C0:01", "--assign", "thigh_left=C0:02"]
    done = run_cli(command, *(options if command == "record" else []), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    told = done.stderr.splitlines()[-2:]
    assert told[0].startswith("error[E201] Bluetooth is not available: ")
    assert told[1].startswith("hint: ")
    assert "--radio sim" in told[1]
    assert not list(tmp_path.rglob("*.h5"))


def test_an_address_that_nobody_has(tmp_path: Path) -> None:
    options = ["--assign", "pelvis=C4:5C:4E:00:1A:2B", "--assign", "thigh_left=C4:00:00:00:00:01"]
    done = run_cli("record", "--radio", "sim", *options, "--out", "a.h5", cwd=tmp_path)
    assert done.returncode == 1
    told = done.stderr.splitlines()[-2:]
    assert told[0] == ("error[E203] thigh_left: not found after 3 scans (15 s); connected: pelvis")
    assert told[1].startswith("hint: switch the sensor on")
    assert not (tmp_path / "a.h5").exists()


# -- Ctrl-C -------------------------------------------------------------------------------------


@POSIX_SIGNALS
@pytest.mark.parametrize("delay_s", [0.2, 0.5, 1.0])
def test_ctrl_c_during_start_up(delay_s: float, tmp_path: Path) -> None:
    arguments = ("record", "--radio", "sim", "--out", "a.h5")
    with CliProcess(*arguments, cwd=tmp_path, announced=True) as process:
        process.until("entered")  # before our first line Python itself dies of the signal
        time.sleep(delay_s)
        process.signal()
        code = process.wait()
    assert code == 130, process.text
    assert "Traceback" not in process.text
    if (tmp_path / "a.h5").exists():
        assert imuhip.open(tmp_path / "a.h5").state == "complete"


@POSIX_SIGNALS
@pytest.mark.parametrize(
    ("moment", "delay_s", "number"),
    [
        ("scanning for", 0.0, signal.SIGINT),
        ("scanning for", 0.25, signal.SIGTERM),
        ("connected pelvis", 0.0, signal.SIGINT),
    ],
)
def test_ctrl_c_while_connecting(
    moment: str, delay_s: float, number: signal.Signals, tmp_path: Path
) -> None:
    with CliProcess("record", "--radio", "sim", "--out", "a.h5", cwd=tmp_path) as process:
        process.until(moment)
        time.sleep(delay_s)
        process.signal(number)
        code = process.wait()
    assert code == 130, process.text
    assert "Traceback" not in process.text
    assert "error" not in process.text
    assert "stopped" in process.lines[-1]
    if (tmp_path / "a.h5").exists():
        assert imuhip.open(tmp_path / "a.h5").state == "complete"


@POSIX_SIGNALS
def test_ctrl_c_while_looking_for_a_sensor_that_is_not_there(tmp_path: Path) -> None:
    options = ["--radio", "sim", "--assign", "pelvis=C4:00:00:00:00:01", "--out", "a.h5"]
    with CliProcess("record", *options, cwd=tmp_path) as process:
        process.until("scanning for")
        time.sleep(1.0)
        asked_s = time.monotonic()
        process.signal()
        assert process.wait() == 130, process.text
        assert time.monotonic() - asked_s < 10.0, "the search would go on for 14 s"
    assert process.lines[-1] == "stopped before anything was recorded"


@POSIX_SIGNALS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_recording_finishes_the_file(number: signal.Signals, tmp_path: Path) -> None:
    with CliProcess("record", "--radio", "sim", "--out", "a.h5", cwd=tmp_path) as process:
        process.until_recorded(1.0)
        process.signal(number)
        code = process.wait()
    assert code == 130, process.text
    assert "Traceback" not in process.text
    _check_complete(tmp_path / "a.h5", 95)


@POSIX_SIGNALS
def test_ctrl_c_during_a_scan(tmp_path: Path) -> None:
    """What was heard so far is told; a busy machine is given longer to start up and hear."""
    for seconds in (3.0, 10.0, 30.0):
        with CliProcess("scan", "--radio", "sim", "--seconds", "60", cwd=tmp_path) as process:
            time.sleep(seconds)
            process.signal()
            assert process.wait() == 130, process.text
        assert "Traceback" not in process.text
        if "C4:5C:4E:00:1A:2B" in process.text:
            break
    assert "C4:5C:4E:00:1A:2B" in process.text


# -- a full disk --------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process with prlimit")
def test_a_disk_that_fills_while_recording(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "a.h5"
    with CliProcess("record", "--radio", "sim", "--out", path, cwd=tmp_path) as process:
        process.until_recorded(1.0)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, hard))
        code = process.wait()
    assert code == 1, process.text
    told = "\n".join(process.lines)
    assert f"error[E403] {path}: writing failed: " in told
    assert "received, but not all of it was stored" in told
    assert "Traceback" not in told
    assert "ERROR:" not in told
    _check_readable(path, at_least=50)


def _check_readable(path: Path, at_least: int) -> None:
    try:
        recording = imuhip.open(path)
    except imuhip.ImuhipError as error:
        assert f"imuhip recover {path}" in error.hint
        rescued = path.with_name("rescued.h5")
        done = run_cli("recover", path, "--out", rescued, cwd=path.parent)
        assert done.returncode == 0, done.stderr
        recording = imuhip.open(rescued)
    for series in recording.sensors.values():
        assert len(series) >= at_least
        assert series.valid.all()


@pytest.mark.skipif(sys.platform == "win32", reason="limits file sizes with ulimit")
def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        done = run_cli("record", "--radio", "sim", "--out", "a.h5", cwd=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.returncode == 1
    assert "error[E403] a.h5: starting the recording failed: File too large" in done.stderr
    assert not (tmp_path / "a.h5").exists()


# -- sensors in another process -----------------------------------------------------------------


def test_sensors_of_another_process_and_the_remembered_kit(tmp_path: Path) -> None:
    settings = {"IMUHIP_SETTINGS_DIR": str(tmp_path / "settings")}
    listen = "tcp-server:127.0.0.1:0"
    with CliProcess("simulate", "radio", "--listen", listen, cwd=tmp_path) as sensors:
        words = sensors.until("listening on tcp-server:").split(";")[0].split()
        radio = "hci:" + words[-1].replace("tcp-server", "tcp-client")
        worn = dict(line.split("=") for line in sensors.lines if "=" in line)
        options = [o for s, address in worn.items() for o in ("--assign", f"{s}={address}")]
        common = ("--radio", radio, "--duration", "3", "--json")
        first = run_cli("record", *common, *options, "--out", "a.h5", cwd=tmp_path, **settings)
        assert first.returncode == 0, first.stderr
        _check_complete(tmp_path / "a.h5", 285)
        second = run_cli("record", *common, "--out", "b.h5", cwd=tmp_path, **settings)
        assert second.returncode == 0, second.stderr
        _check_complete(tmp_path / "b.h5", 285)
        sensors.signal()
        assert sensors.wait() == 130
    kit = json.loads((tmp_path / "settings" / "kit.json").read_text())["sensors"]
    assert {segment: RememberedSensor(**one).address for segment, one in kit.items()} == worn
    assert kit["pelvis"]["serial"] == "SIM-PELVIS"
    # One person wore all sensors: their clocks are mapped onto one another.
    recording = imuhip.open(tmp_path / "a.h5")
    starts_s = [series.time_s[0] for series in recording.sensors.values()]
    assert np.ptp(starts_s) < 0.1


def test_replay_in_another_process(tmp_path: Path) -> None:
    made = run_cli("simulate", "--minutes", "0.2", "--seed", "3", "--out", "s.h5", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    arguments = ("--listen", "tcp-server:127.0.0.1:0", "--replay", "s.h5", "--stop", "2")
    with CliProcess("simulate", "radio", *arguments, cwd=tmp_path) as sensors:
        words = sensors.until("listening on tcp-server:").split(";")[0].split()
        radio = "hci:" + words[-1].replace("tcp-server", "tcp-client")
        worn = [line for line in sensors.lines if "=" in line]
        options = [option for one in worn for option in ("--assign", one)]
        done = run_cli(
            "record",
            "--radio",
            radio,
            "--duration",
            "3",
            *options,
            "--out",
            "a.h5",
            cwd=tmp_path,
            IMUHIP_SETTINGS_DIR=str(tmp_path),
        )
        assert done.returncode == 0, done.stderr
    source, recorded = imuhip.open(tmp_path / "s.h5"), imuhip.open(tmp_path / "a.h5")
    for segment in SEGMENTS:
        # The last pose is held after the motion, with the gyroscope at rest.
        moving = np.flatnonzero(np.any(recorded.sensors[segment].gyr != 0.0, axis=1))
        last = recorded.sensors[segment].acc[moving[-1]]
        np.testing.assert_allclose(last, source.sensors[segment].acc[200], atol=0.01)


@POSIX_SIGNALS
def test_sensors_that_vanish_are_told_and_the_file_is_whole(tmp_path: Path) -> None:
    listen = (
        "--listen",
        "tcp-server:127.0.0.1:0",
        "--segment",
        "pelvis",
        "--segment",
        "thigh_left",
    )
    with CliProcess("simulate", "radio", *listen, cwd=tmp_path) as sensors:
        words = sensors.until("listening on tcp-server:").split(";")[0].split()
        radio = "hci:" + words[-1].replace("tcp-server", "tcp-client")
        worn = [option for line in sensors.lines if "=" in line for option in ("--assign", line)]
        options = ("--radio", radio, "--duration", "5", *worn, "--out", "a.h5")
        settings = {"IMUHIP_SETTINGS_DIR": str(tmp_path)}
        with CliProcess("record", *options, cwd=tmp_path, **settings) as recording:
            recording.until_recorded(2.0)
            sensors.signal(signal.SIGKILL)
            told = recording.until_recorded(3.5, " X pelvis")
            assert recording.wait() == 0, recording.text
    assert "streaming" not in told
    assert "pelvis: " in recording.text
    assert "SILENT for the last " in recording.text
    assert "Traceback" not in recording.text
    stored = imuhip.open(tmp_path / "a.h5")
    assert stored.state == "complete"
    assert {e.kind for e in stored.events} >= {"lost", "silent_at_stop"}
    for series in stored.sensors.values():
        assert 190 <= len(series) <= 300
        assert series.valid.all()
    checked = run_cli("check", "a.h5", cwd=tmp_path)
    assert "  - pelvis: no packet for the last" in checked.stdout


def test_simulate_radio_refuses_other_models(tmp_path: Path) -> None:
    done = run_cli("simulate", "radio", "--sensor", "abacus", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error[E101] --sensor abacus: not a model")
