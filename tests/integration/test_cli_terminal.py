"""Commands on a terminal, as a person sees them: lines that fit, keys, questions, colours."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import imuhip
from cli_process import CliProcess, run_cli
from imuhip.cli.kit_memory import RememberedSensor
from imuhip.cli.marker_keys import KEYS_TOLD

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from terminal import Screen, TerminalProcess

pytestmark = pytest.mark.realtime

PELVIS = "C4:5C:4E:00:1A:2B"
NOBODY = "C4:00:00:00:00:01"


def test_a_screen_shows_what_a_terminal_would() -> None:
    screen = Screen(10)
    screen.feed("one\r\ntwo\r\n\x1b[1A\x1b[2Kthree\r\n\x1b[31mred\x1b[0m\r\x1b[Kx12345")
    screen.feed("67890!")
    assert screen.text == "one\nthree\nx123456789\n0!"
    assert screen.wrapped == {3}
    assert screen.colours == {"31"}


def test_scan_draws_its_table_while_it_listens(tmp_path: Path) -> None:
    arguments = ("scan", "--radio", "sim", "--seconds", "2", "--read")
    with TerminalProcess(*arguments, cwd=tmp_path) as process:
        assert process.wait() == 0, process.screen.text
    assert any("listening for 2 s" in p and PELVIS in p for p in process.pictures)
    shown = process.screen.text
    assert "listening" not in shown
    assert "imuhip 1A2B  imuhip  " + PELVIS in shown
    assert "91 %     SIM-PELVIS" in shown
    assert "imuhip: protocol-verified, not hardware-verified" in shown
    assert "imuhip kit assign --radio sim" in shown


def test_identify_lets_one_sensor_blink(tmp_path: Path) -> None:
    done = run_cli("scan", "--radio", "sim", "--identify", PELVIS.lower(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{PELVIS.lower()}: was told to blink" in done.stdout
    done = run_cli("scan", "--radio", "sim", "--seconds", "1", "--identify", NOBODY, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error[E203] {NOBODY}: not heard")


def test_recording_shows_each_sensor_in_place_and_keys_set_markers(tmp_path: Path) -> None:
    name = "a folder with a long name for a study of many people/session number one.h5"
    arguments = ("record", "--radio", "sim", "--duration", "4", "--out", name)
    with TerminalProcess(*arguments, cwd=tmp_path) as process:
        process.until("streaming")
        process.type("n")
        process.until("n_pose begins at")
        process.type("n")
        assert process.wait() == 0, process.screen.text
    shown = process.screen.text
    rows = [line for line in shown.splitlines() if line.startswith("  thigh_left  streaming")]
    assert len(rows) == 1, "renewed in place"
    assert "sensor      state        age rate/asked   lost      %  dup  fill gap s  bat" in shown
    keys = f"  {KEYS_TOLD}\n"
    assert any(keys in picture for picture in process.pictures), "in full, on 80 columns"
    assert "next: imuhip check 'a folder" in shown
    long_lines = [line for line in shown.splitlines() if len(line) >= 80]
    assert all("imuhip check" in line for line in long_lines), "only what is to be copied is whole"
    (marker,) = imuhip.open(tmp_path / name).markers
    assert marker.name == "n_pose"


def test_colours_are_left_out_where_nobody_wants_them(tmp_path: Path) -> None:
    arguments = ("record", "--radio", "sim", "--duration", "1", "--out", "a.h5")
    with TerminalProcess(*arguments, cwd=tmp_path, NO_COLOR="1", columns=60) as process:
        assert process.wait() == 0, process.screen.text
    assert process.screen.colours <= {"1", "2", "3", "4"}, "bold and the like are no colours"
    done = run_cli(*arguments[:-1], "b.h5", cwd=tmp_path)
    assert "\x1b" not in done.stdout + done.stderr


def test_ctrl_c_on_the_keyboard_leaves_a_complete_file(tmp_path: Path) -> None:
    with TerminalProcess("record", "--radio", "sim", "--out", "a.h5", cwd=tmp_path) as process:
        process.until("streaming")
        process.type("\x03")
        assert process.wait() == 130, process.screen.text
    assert imuhip.open(tmp_path / "a.h5").state == "complete"
    assert "next: imuhip check a.h5" in process.screen.text


def test_a_missing_sensor_is_asked_about_and_left_out_only_when_told(tmp_path: Path) -> None:
    wanted = ("--assign", f"pelvis={PELVIS}", "--assign", f"thigh_left={NOBODY}")
    arguments = ("record", "--radio", "sim", *wanted, "--duration", "1", "--out")
    with TerminalProcess(*arguments, "a.h5", cwd=tmp_path) as process:
        shown = process.until("thigh_left: what now?")
        assert "w: record WITHOUT thigh_left" in shown
        process.type("w")
        assert process.wait() == 0, process.screen.text
    assert "missing from the start: thigh_left" in process.screen.text
    recording = imuhip.open(tmp_path / "a.h5")
    assert tuple(recording.sensors) == ("pelvis",)
    assert not (tmp_path / "settings" / "kit.json").exists()


@pytest.mark.slow  # looks in vain for 15 s, as the test above
def test_a_missing_sensor_is_left_out_where_that_is_allowed(tmp_path: Path) -> None:
    wanted = ("--assign", f"pelvis={PELVIS}", "--assign", f"thigh_left={NOBODY}")
    arguments = ("record", "--radio", "sim", *wanted, "--duration", "1", "--allow-missing")
    done = run_cli(*arguments, "--out", "b.h5", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing"] == ["thigh_left"]
    assert "WITHOUT thigh_left: thigh_left: not found" in done.stderr


def test_sensors_are_told_apart_by_taps_and_remembered(tmp_path: Path) -> None:
    listen = ("simulate", "radio", "--listen", "tcp-server:127.0.0.1:0", "--taps")
    with CliProcess(*listen, cwd=tmp_path, typed=True) as sensors:
        words = sensors.until("listening on tcp-server:").split(";")[0].split()
        radio = "hci:" + words[-1].replace("tcp-server", "tcp-client")
        worn = dict(line.split("=") for line in sensors.lines if "=" in line)
        arguments = ("kit", "assign", "--radio", radio, "--segment", "thigh_right", "--segment")
        with CliProcess(*arguments, "pelvis", cwd=tmp_path) as command:
            for spoken, tapped in (("right thigh", "thigh_right"), ("pelvis", "pelvis")):
                command.until(f"tap the {spoken} sensor twice")
                sensors.type(f"tap {tapped}\n")
                command.until(f"(SIM-{tapped.upper().replace('_', '-')}): {spoken}")
            assert command.wait() == 0, command.text
    kit = json.loads((tmp_path / "settings" / "kit.json").read_text())["sensors"]
    remembered = {segment: RememberedSensor(**one) for segment, one in kit.items()}
    assert {s: one.address for s, one in remembered.items()} == {
        "thigh_right": worn["thigh_right"],
        "pelvis": worn["pelvis"],
    }
    assert remembered["pelvis"].serial == "SIM-PELVIS"
    shown = run_cli("kit", cwd=tmp_path).stdout.splitlines()
    assert shown[1].split() == [
        "thigh_right", "SIM-THIGH-RIGHT", "imuhip", "3E4F", "imuhip", worn["thigh_right"],
    ]  # fmt: skip
    swapped = run_cli("kit", "swap", "pelvis", "trunk", cwd=tmp_path)
    assert swapped.stdout == "trunk: SIM-PELVIS\n"


def test_recording_after_taps(tmp_path: Path) -> None:
    done = run_cli(
        "record", "--radio", "sim", "--tap", "--duration", "1", "--out", "a.h5", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    recording = imuhip.open(tmp_path / "a.h5")
    for segment in ("pelvis", "thigh_left", "thigh_right"):
        serial = recording.devices[segment].identity.serial
        assert serial == "SIM-" + segment.upper().replace("_", "-")
