"""``imuhip record`` with a remembered kit: sensors that moved, and one that is another."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import imuhip
from cli_process import CliProcess, run_cli

pytestmark = pytest.mark.realtime

MODEL = "imuhip"


def test_the_kit_is_serial_numbers(tmp_path: Path) -> None:
    settings = {"IMUHIP_SETTINGS_DIR": str(tmp_path / "settings")}
    kit_file = tmp_path / "settings" / "kit.json"
    with CliProcess("simulate", "radio", "--listen", "tcp-server:127.0.0.1:0", cwd=tmp_path) as air:
        words = air.until("listening on tcp-server:").split(";")[0].split()
        radio = "hci:" + words[-1].replace("tcp-server", "tcp-client")
        worn = dict(line.split("=") for line in air.lines if "=" in line)
        common = ("--radio", radio, "--duration", "1")

        def remember(**changes: dict[str, str]) -> None:
            sensors = {
                segment: {
                    "address": address,
                    "serial": "SIM-" + segment.upper().replace("_", "-"),
                    "name": "imuhip",
                    "model": MODEL,
                }
                | changes.get(segment, {})
                for segment, address in worn.items()
            }
            kit_file.parent.mkdir(exist_ok=True)
            kit_file.write_text(json.dumps({"sensors": sensors}))

        # Its address is another one here, as on a Mac: the serial number finds it.
        remember(thigh_left={"address": "C4:5C:4E:00:99:99"})
        moved = run_cli("record", *common, "--out", "moved.h5", cwd=tmp_path, **settings)
        assert moved.returncode == 0, moved.stderr
        now = json.loads(kit_file.read_text())["sensors"]["thigh_left"]
        assert (now["address"], now["model"]) == (worn["thigh_left"], MODEL)

        # Somebody else has its address.
        remember(pelvis={"serial": "MY-PELVIS"})
        wrong = run_cli("record", *common, "--out", "wrong.h5", cwd=tmp_path, **settings)
        assert wrong.returncode == 1 and not (tmp_path / "wrong.h5").exists()
        assert wrong.stderr.splitlines()[-2].startswith(
            f"error[E206] pelvis: {worn['pelvis']} answered with serial number SIM-PELVIS"
        ), wrong.stderr
        assert "imuhip forget MY-PELVIS" in wrong.stderr
        air.signal()
        assert air.wait() == 130
    recording = imuhip.open(tmp_path / "moved.h5")
    assert recording.devices["thigh_left"].identity.serial == "SIM-THIGH-LEFT"


def test_bonds_outlive_a_program_run_and_imitations_do_not_pass(tmp_path: Path) -> None:
    """The second kit of virtual sensors is the same in all but its keys: it forgot them."""
    settings = {"IMUHIP_SETTINGS_DIR": str(tmp_path / "settings")}
    bonds = tmp_path / "settings" / "bonds.json"

    def run(name: str, radio: str, *assign: str) -> subprocess.CompletedProcess[str]:
        common = ("--radio", radio, "--duration", "1", "--out", name)
        return run_cli("record", *common, *assign, cwd=tmp_path, **settings)

    with bonded_sensor(tmp_path) as (radio, address):
        first = run("first.h5", radio, "--assign", f"pelvis={address}")
        assert first.returncode == 0, first.stderr
        stored = bonds.read_text()
        assert set(json.loads(stored)["bonds"]) == {"SIM-PELVIS"}
        again = run("again.h5", radio)
        assert again.returncode == 0, again.stderr
        assert bonds.read_text() == stored
    with bonded_sensor(tmp_path) as (radio, address):
        imitated = run("imitated.h5", radio)
        assert imitated.returncode == 1 and not (tmp_path / "imitated.h5").exists()
        assert "error[E207] pelvis: SIM-PELVIS at " in imitated.stderr
        assert "does not hold the key" in imitated.stderr
        forgotten = run_cli("forget", "SIM-PELVIS", "--json", cwd=tmp_path, **settings)
        assert json.loads(forgotten.stdout) == [
            "SIM-PELVIS: worn on pelvis", "SIM-PELVIS: the bond"
        ]  # fmt: skip
        anew = run("anew.h5", radio, "--assign", f"pelvis={address}")
        assert anew.returncode == 0, anew.stderr
    assert bonds.read_text() != stored


@contextmanager
def bonded_sensor(folder: Path) -> Iterator[tuple[str, str]]:
    options = ("--listen", "tcp-server:127.0.0.1:0", "--segment", "pelvis", "--bond")
    with CliProcess("simulate", "radio", *options, cwd=folder) as air:
        words = air.until("listening on tcp-server:").split(";")[0].split()
        address = next(line.split("=")[1] for line in air.lines if line.startswith("pelvis="))
        yield "hci:" + words[-1].replace("tcp-server", "tcp-client"), address
        air.signal()
        assert air.wait() == 130
