"""``imuhip record`` with a remembered kit: sensors that moved, and one that is another."""

from __future__ import annotations

import json
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

        assert run_cli("forget", "MY-PELVIS", cwd=tmp_path, **settings).returncode == 0
        named = [f"{segment}={address}" for segment, address in worn.items()]
        options = [word for one in named for word in ("--assign", one)]
        again = run_cli("record", *common, *options, "--out", "again.h5", cwd=tmp_path, **settings)
        assert again.returncode == 0, again.stderr
        air.signal()
        assert air.wait() == 130
    assert json.loads(kit_file.read_text())["sensors"]["pelvis"]["serial"] == "SIM-PELVIS"
    recording = imuhip.open(tmp_path / "again.h5")
    assert recording.devices["pelvis"].identity.serial == "SIM-PELVIS"
