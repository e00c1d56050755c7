"""What ``imuhip doctor`` reads of a Linux computer, from made-up ones; and tables that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from imuhip.cli.doctor_linux import examine_linux
from imuhip.cli.tables import table_lines

NOBODY: frozenset[str] = frozenset()


def _computer(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


GOOD = {
    "sys/class/bluetooth/hci0/address": "C0:11",
    "sys/class/bluetooth/hci0:1/address": "a connection",
    "sys/class/rfkill/rfkill0/type": "bluetooth",
    "sys/class/rfkill/rfkill0/name": "hci0",
    "sys/class/rfkill/rfkill0/soft": "0",
    "sys/class/rfkill/rfkill0/hard": "0",
    "sys/class/rfkill/rfkill1/type": "wlan",
    "sys/class/rfkill/rfkill1/soft": "1",
    "run/dbus/system_bus_socket": "",
    "proc/812/comm": "bluetoothd",
    "etc/group": "root:x:0:\nbluetooth:x:112:",
}


def test_a_computer_with_everything(tmp_path: Path) -> None:
    found = examine_linux(_computer(tmp_path, GOOD), frozenset({"bluetooth"}))
    assert all(one.fine and not one.advice for one in found), found
    told = {one.subject: one.found for one in found}
    assert told["adapter"] == "hci0"
    assert told["groups"] == "member of bluetooth"


@pytest.mark.parametrize(
    ("change", "subject", "words", "advice"),
    [
        ({"sys/class/rfkill/rfkill0/soft": "1"}, "radio switch", "switched off", "rfkill unblock"),
        ({"sys/class/rfkill/rfkill0/hard": "1"}, "radio switch", "off by a switch", "key"),
        ({"run/dbus/system_bus_socket": None}, "D-Bus", "no system bus", "systemctl start dbus"),
        ({"proc/812/comm": "bash"}, "BlueZ", "not installed", "apt install bluez"),
        (
            {"proc/812/comm": "bash", "usr/libexec/bluetooth/bluetoothd": ""},
            "BlueZ",
            "does not run",
            "systemctl enable --now bluetooth",
        ),
        (
            {"sys/class/bluetooth/hci0/address": None, "sys/class/bluetooth/none": ""},
            "adapter",
            "no Bluetooth adapter",
            "plug one in",
        ),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(
    change: dict[str, str | None], subject: str, words: str, advice: str, tmp_path: Path
) -> None:
    files = {**GOOD, **change}
    if change.get("sys/class/bluetooth/hci0/address", "") is None:
        files["sys/class/bluetooth/hci0:1/address"] = None
    root = _computer(tmp_path, {name: text for name, text in files.items() if text is not None})
    (bad,) = [one for one in examine_linux(root, NOBODY) if not one.fine]
    assert bad.subject == subject
    assert words in bad.found
    assert advice in bad.advice


def test_a_kernel_without_bluetooth(tmp_path: Path) -> None:
    root = _computer(tmp_path, {"proc/sys/kernel/osrelease": "6.1.0-cloud\n"})
    kernel = examine_linux(root, NOBODY)[0]
    assert not kernel.fine
    assert "this kernel (6.1.0-cloud) has no Bluetooth" in kernel.found
    assert "--radio sim" in kernel.advice
    _computer(tmp_path, {"lib/modules/6.1.0-cloud/kernel/net/bluetooth/bluetooth.ko": ""})
    assert "modprobe bluetooth" in examine_linux(root, NOBODY)[0].advice


def test_a_table_gives_way_only_where_it_may() -> None:
    header = ("name", "address", "n")
    rows = [("a sensor with a long name", "C4:5C:4E:00:1A:2B", 5), ("b", "-", 10)]
    assert table_lines(header, rows)[1] == "a sensor with a long name  C4:5C:4E:00:1A:2B   5"
    fitted = table_lines(header, rows, shorten=("name",), width=40)
    assert max(map(len, fitted)) == 40
    assert fitted[1] == "a sensor with a …  C4:5C:4E:00:1A:2B   5"
    narrow = table_lines(header, rows, shorten=("name",), width=10)
    assert all("C4:5C:4E:00:1A:2B" in line for line in narrow[1:2]), "addresses stay whole"
