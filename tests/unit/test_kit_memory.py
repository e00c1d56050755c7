"""The remembered kit: sensors by serial number, and forgetting them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imuhip.acquisition.assignment import WantedSensor
from imuhip.cli.commands import build
from imuhip.cli.kit_memory import (
    RememberedSensor,
    bond_file,
    forget_sensor,
    kit_file,
    recall_kit,
    remember_kit,
)
from imuhip.cli.worn_kit import wanted_kit
from imuhip.radio.bond_store import BondStore

KIT = {
    "pelvis": RememberedSensor("C0:00:00:00:00:01", "SN1", "imuhip 0001", "imuhip"),
    "thigh_left": RememberedSensor("C0:00:00:00:00:02", "SN2", "imuhip 0002", "imuhip"),
}


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(tmp_path / "settings"))


def test_what_is_wanted_is_a_serial_number() -> None:
    remember_kit(KIT)
    assert wanted_kit(None, "auto") == {
        "pelvis": WantedSensor("C0:00:00:00:00:01", "SN1", "imuhip"),
        "thigh_left": WantedSensor("C0:00:00:00:00:02", "SN2", "imuhip"),
    }
    # A sensor named by a remembered address has to be the one remembered, wherever it is worn now.
    typed = ["trunk=c0:00:00:00:00:02", "pelvis=C0:00:00:00:00:99"]
    assert wanted_kit(typed, "auto") == {
        "trunk": WantedSensor("c0:00:00:00:00:02", "SN2", "imuhip"),
        "pelvis": WantedSensor("C0:00:00:00:00:99"),
    }
    assert wanted_kit(None, "sim") == {}


def test_kits_of_before_are_understood() -> None:
    kit_file().parent.mkdir(parents=True)
    old = {"sensors": {"pelvis": {"address": "C0:01", "serial": "SN1", "name": "imuhip 1"}}}
    kit_file().write_text(json.dumps(old))
    assert recall_kit() == {"pelvis": RememberedSensor("C0:01", "SN1", "imuhip 1", "")}


@pytest.mark.parametrize("name", ["sn2", "c0:00:00:00:00:02"])
def test_a_sensor_is_forgotten_with_its_bond(name: str) -> None:
    remember_kit(KIT)
    BondStore(bond_file()).remember("SN2", "C0:00:00:00:00:02", {"ltk": {"value": "00" * 16}})
    BondStore(bond_file()).remember("SN3", "C0:00:00:00:00:03")
    assert forget_sensor(name) == ["SN2: worn on thigh_left", "SN2: the bond"]
    assert recall_kit() == {"pelvis": KIT["pelvis"]}
    assert BondStore(bond_file()).serials() == ("SN3",)
    assert forget_sensor(name) == []


def test_forgetting_from_the_command_line() -> None:
    remember_kit(KIT)
    done = CliRunner().invoke(build(), ["forget", "SN1", "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout) == ["SN1: worn on pelvis"]
    done = CliRunner().invoke(build(), ["forget", "SN1"])
    assert done.exit_code == 1
    assert done.stderr.startswith("error[E105] nothing is known of a sensor SN1")
