"""The frame of the command line: errors, exit codes, printing, options, memory, signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from imuhip.cli.commands import build
from imuhip.cli.kit_memory import RememberedSensor, kit_file, recall_kit, remember_kit
from imuhip.cli.marker_keys import KeysToMarkers, Marks
from imuhip.cli.options import OptionError, free_path, parsed_assignment, session_path
from imuhip.cli.output import json_safe, print_table
from imuhip.cli.stop_signals import StopSignals
from imuhip.errors import ConfigError, DiskError

HEAVY = ("PySide6", "pyqtgraph", "matplotlib", "pandas", "dask", "bumble", "h5py", "scipy", "bleak")


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(tmp_path / "settings"))


def cli(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


# -- start-up -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "import imuhip",
        "import sys; sys.argv = ['imuhip', '--help']\n"
        "from imuhip.cli.main import run\n"
        "try: run()\n"
        "except SystemExit as end: assert not end.code",
        "import sys; sys.argv = ['imuhip', 'record', '--help']\n"
        "from imuhip.cli.main import run\n"
        "try: run()\n"
        "except SystemExit as end: assert not end.code",
    ],
    ids=["import", "help", "record help"],
)
def test_start_up_loads_nothing_heavy(statement: str) -> None:
    probe = f"{statement}\nimport sys\nprint([n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version() -> None:
    import imuhip

    assert cli("--version").output == f"imuhip {imuhip.__version__}\n"


def test_without_a_command_the_window_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PySide6")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    opened = []
    monkeypatch.setattr(
        "imuhip.app.window.run_session_window", lambda *_, **given: opened.append(given) or 0
    )
    for arguments in ((), ("app",), ("app", "--radio", "sim", "--dark")):
        assert cli(*arguments).exit_code == 0, arguments
    assert [given["radio"] for given in opened] == ["auto", "auto", "sim"]
    assert [given["dark"] for given in opened] == [False, False, True]
    result = cli("live")
    assert result.exit_code == 1
    assert result.stderr.startswith("error[E102] no kit is remembered yet\n")


def test_every_command_has_help() -> None:
    names = [
        "demo",
        "scan",
        "record",
        "live",
        "app",
        "analyze",
        "report",
        "check",
        "calibrate-sensor",
        "recover",
        "finalise",
        "kit",
        "simulate",
        "doctor",
    ]
    for name in names:
        assert cli(name, "--help").exit_code == 0
    assert cli("simulate", "radio", "--help").exit_code == 0
    listed = cli("--help").stdout
    assert all(f" {name} " in listed for name in names)
    assert "imuhip[app]" in cli("demo", "--help").stdout, "brackets are not taken for markup"


# -- errors and exit codes ----------------------------------------------------------------------


def test_an_unknown_option_is_a_usage_error() -> None:
    result = cli("scan", "--bogus")
    assert result.exit_code == 2
    assert "No such option: --bogus" in result.stderr
    assert result.stdout == ""


def test_an_unknown_command_is_a_usage_error() -> None:
    assert cli("dance").exit_code == 2


def test_a_missing_file() -> None:
    result = cli("analyze", "none.h5")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "error[E400] none.h5: there is no such file\nhint: check the name and folder\n"
    )


def test_a_file_that_is_no_session(tmp_path: Path) -> None:
    path = tmp_path / "letter.h5"
    path.write_text("dear reader, this is not a recording")
    for command in ("analyze", "report", "check", "recover", "finalise"):
        result = cli(command, path)
        assert result.exit_code == 1, command
        told = f"error[E402] {path}: is not an HDF5 file (36 bytes)\nhint: "
        assert result.stderr.startswith(told), command
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_traceback_is_shown_only_with_debug(place: str) -> None:
    arguments = ["analyze", "none.h5"]
    arguments.insert(0 if place == "before" else 2, "--debug")
    result = cli(*arguments)
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-2].startswith("error[E400]")


def test_an_unforeseen_error_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    import imuhip

    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(imuhip, "open", broken, raising=False)
    result = cli("analyze", "any.h5")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == (
        "error[E999] unforeseen ZeroDivisionError: division by zero"
    )
    assert "Traceback" not in result.stderr
    assert "ZeroDivisionError" in cli("--debug", "analyze", "any.h5").stderr


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    import imuhip

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(imuhip, "open", interrupted, raising=False)
    result = cli("analyze", "any.h5")
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")


def test_unknown_radio() -> None:
    result = cli("scan", "--radio", "telepathy")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "error[E100] unknown radio 'telepathy'\nhint: use auto, auto:hci1, sim,"
    )


def test_an_unreachable_controller() -> None:
    result = cli("scan", "--radio", "hci:tcp-client:127.0.0.1:1")
    assert result.exit_code == 1
    assert result.stderr.startswith("error[E201] no Bluetooth controller at tcp-client:127.0.0.1:1")


# -- assignments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["pelvis"], "--assign pelvis: expected SEGMENT=ADDRESS"),
        (["=C0:00"], "--assign =C0:00: expected SEGMENT=ADDRESS"),
        (["nose=C0:00"], "unknown segment 'nose'"),
        (["pelvis=C0:01", "pelvis=C0:02"], "pelvis: two sensors assigned, C0:01 and C0:02"),
        (
            ["pelvis=C0:0A", "thigh_left=c0:0a"],
            "c0:0a: assigned to pelvis and to thigh_left",
        ),
    ],
)
def test_assignments_that_cannot_be(typed: list[str], told: str, tmp_path: Path) -> None:
    options = [part for item in typed for part in ("--assign", item)]
    result = cli("record", "--radio", "sim", *options, "--out", tmp_path / "a.h5")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error[E101] {told}\nhint: ")
    assert list(tmp_path.iterdir()) == []


def test_an_assignment() -> None:
    assert parsed_assignment(["pelvis=C0:01", " thigh_left = C0:02 "]) == {
        "pelvis": "C0:01",
        "thigh_left": "C0:02",
    }
    with pytest.raises(OptionError):
        parsed_assignment([""])


# -- where files go -----------------------------------------------------------------------------


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kept.h5"
    path.write_bytes(b"precious")
    for command in (("record", "--radio", "sim"), ("simulate", "--minutes", "0.5")):
        result = cli(*command, "--out", path)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"error[E403] {path}: exists already")
    assert path.read_bytes() == b"precious"


def test_session_names_are_free_and_dated(tmp_path: Path) -> None:
    now = datetime(2026, 3, 1, 9, 5, 7).astimezone()
    first = session_path(tmp_path, now)
    assert first.name == "session-2026-03-01_09-05-07.h5"
    first.touch()
    assert session_path(tmp_path, now).name == "session-2026-03-01_09-05-07_2.h5"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="the folder cannot be made"):
        free_path(tmp_path / "file" / "below" / "a.h5")


# -- the remembered kit -------------------------------------------------------------------------


def test_no_kit_is_remembered_at_first(tmp_path: Path) -> None:
    result = cli("record", "--out", tmp_path / "a.h5")
    assert result.exit_code == 1
    assert result.stderr.startswith("error[E102] no kit is remembered yet\nhint: name the sensors")


def test_the_kit_is_remembered() -> None:
    kit = {"pelvis": RememberedSensor("C0:01", "SN1", "imuhip 1"), "thigh_left": _other()}
    remember_kit(kit)
    assert recall_kit() == kit
    remember_kit({"pelvis": _other()})
    assert recall_kit() == {"pelvis": _other()}


def _other() -> RememberedSensor:
    return RememberedSensor("C0:02", "SN2", "imuhip 2")


@pytest.mark.parametrize("content", ["", "[]", '{"sensors": {"pelvis": {}}}', '{"sensors": [1]}'])
def test_a_damaged_kit_file(content: str) -> None:
    kit_file().parent.mkdir(parents=True)
    kit_file().write_text(content)
    with pytest.raises(ConfigError, match="is not a remembered kit"):
        recall_kit()


# -- printing -----------------------------------------------------------------------------------


def test_json_is_strict() -> None:
    value = {"a": np.float64("nan"), "b": (1, np.arange(2)), 3: Path("x"), "c": np.bool_(True)}
    assert json.loads(json.dumps(json_safe(value), allow_nan=False)) == {
        "a": None,
        "b": [1, [0, 1]],
        "3": "x",
        "c": True,
    }


def test_tables_align(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "n", "s"), [("a", 5, 1.25), ("long", 10, float("nan"))])
    assert capsys.readouterr().out == "name   n    s\na      5  1.2\nlong  10    -\n"


# -- marks and signals --------------------------------------------------------------------------


def test_a_key_begins_and_ends_a_mark() -> None:
    marked: list[tuple[str, float, float]] = []
    told: list[str] = []
    marks = Marks(lambda *mark: marked.append(mark), told.append)
    marks.press("n_pose", 1.0)
    marks.press("mark", 2.0)
    marks.press("n_pose", 6.0)
    marks.press("gait", 8.0)
    marks.end(20.0)
    assert marked == [("mark", 2.0, 2.0), ("n_pose", 1.0, 6.0), ("gait", 8.0, 20.0)]
    assert len(told) == 5


def test_signals_are_requests_while_recording() -> None:
    before = signal.getsignal(signal.SIGINT)
    for number in (signal.SIGINT, signal.SIGTERM):
        with StopSignals() as stop:
            assert not stop.requested.is_set()
            signal.raise_signal(number)
            assert stop.requested.is_set()
    assert signal.getsignal(signal.SIGINT) is before


def test_keys_name_tests_one_after_the_other_and_pain_with_its_side() -> None:
    told: list[str] = []
    keys = KeysToMarkers(["knee_to_chest_left", "hinge"], told.append)
    assert "keys e knee_to_chest_left" in keys.told
    assert keys.names("ne") == ["n_pose", "knee_to_chest_left"]
    assert keys.names("e") == ["knee_to_chest_left"]
    assert "keys e hinge" in keys.told
    longest = KeysToMarkers(["internal_rotation_hinge_right"])
    assert max(len(one.told) for one in (keys, longest, KeysToMarkers())) <= 78, "on 80 columns"
    assert keys.names("eee") == ["hinge", "hinge", "knee_to_chest_left"]
    assert keys.names("p") == []
    assert told == ["pain: l or r for its side or neither, then 0 to 9, or + for 10"]
    assert keys.names("l") == []
    assert keys.names("4p2PR+") == ["pain_left_4", "pain_2", "pain_right_10"]
    assert keys.names("plg4") == ["gait"]
    assert KeysToMarkers().names("e") == []


def test_pain_is_an_instant() -> None:
    marked: list[tuple[str, float, float]] = []
    marks = Marks(lambda *mark: marked.append(mark), lambda _: None)
    marks.press("pain_left_4", 3.0)
    marks.press("hinge", 4.0)
    marks.end(9.0)
    assert marked == [("pain_left_4", 3.0, 3.0), ("hinge", 4.0, 9.0)]
