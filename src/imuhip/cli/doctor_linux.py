"""What stands between imuhip and Bluetooth on Linux, looked up in files: nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from imuhip.cli.examination import Examination

__all__ = ["examine_linux", "kernel_bluetooth", "system_bus"]

_BUS: Final = ("run/dbus/system_bus_socket", "var/run/dbus/system_bus_socket")
_DAEMON: Final = (
    "usr/libexec/bluetooth/bluetoothd",
    "usr/lib/bluetooth/bluetoothd",
    "usr/sbin/bluetoothd",
)
_GROUPS: Final = ("bluetooth", "lp")


def examine_linux(
    root: Path = Path("/"), groups: frozenset[str] | None = None
) -> list[Examination]:
    """Look at kernel, adapters, blocking, D-Bus, BlueZ and groups.

    Parameters
    ----------
    root : Path
        Where the file system begins.
    groups : frozenset of str, optional
        Those this user is in; by default those of this process.
    """
    kernel = kernel_bluetooth(root)
    found = [kernel]
    if kernel.fine:
        found += [_adapters(root), *_blocked(root)]
    return [*found, system_bus(root), _service(root), _groups(root, groups)]


def kernel_bluetooth(root: Path) -> Examination:
    """Look for the kernel's Bluetooth."""
    if (root / "sys/class/bluetooth").exists() or (root / "sys/module/bluetooth").exists():
        return Examination("kernel", True, "Bluetooth is in the kernel")
    release = _text(root / "proc/sys/kernel/osrelease")
    modules = root / "lib/modules" / release / "kernel/net/bluetooth"
    if release and modules.exists():
        return Examination(
            "kernel", False, "the module bluetooth is not loaded", "sudo modprobe bluetooth btusb"
        )
    return Examination(
        "kernel",
        False,
        f"this kernel ({release or 'unknown'}) has no Bluetooth: a container, a virtual machine"
        " or a server",
        "run imuhip where the adapter is, or give it an adapter of its own: --radio hci:usb:0;"
        " without any: --radio sim",
    )


def _adapters(root: Path) -> Examination:
    names = sorted(p.name for p in (root / "sys/class/bluetooth").glob("hci*") if ":" not in p.name)
    if names:
        return Examination("adapter", True, ", ".join(names))
    return Examination(
        "adapter",
        False,
        "the kernel knows no Bluetooth adapter",
        "plug one in, or switch it on in the firmware settings; lsusb shows what is plugged in",
    )


def _blocked(root: Path) -> list[Examination]:
    """Return a finding for each radio switch that is off."""
    found = []
    for switch in sorted((root / "sys/class/rfkill").glob("rfkill*")):
        if _text(switch / "type") != "bluetooth":
            continue
        name = _text(switch / "name") or switch.name
        if _text(switch / "hard") == "1":
            advice = "use the computer's switch or key for radio"
            found.append(Examination("radio switch", False, f"{name} is off by a switch", advice))
        elif _text(switch / "soft") == "1":
            advice = "sudo rfkill unblock bluetooth"
            found.append(Examination("radio switch", False, f"{name} is switched off", advice))
        else:
            found.append(Examination("radio switch", True, f"{name} is on"))
    return found


def system_bus(root: Path) -> Examination:
    """Look for D-Bus, over which BlueZ is spoken to."""
    if any((root / place).exists() for place in _BUS):
        return Examination("D-Bus", True, "the system bus is there")
    return Examination(
        "D-Bus",
        False,
        "there is no system bus",
        "start it: sudo systemctl start dbus; in a container hand the host's in:"
        " -v /run/dbus:/run/dbus",
    )


def _service(root: Path) -> Examination:
    running = any(_text(p) == "bluetoothd" for p in (root / "proc").glob("[0-9]*/comm"))
    if running:
        return Examination("BlueZ", True, "bluetoothd runs")
    if any((root / place).exists() for place in _DAEMON):
        advice = "sudo systemctl enable --now bluetooth"
        return Examination("BlueZ", False, "installed, but bluetoothd does not run", advice)
    return Examination(
        "BlueZ",
        False,
        "the Bluetooth service is not installed",
        "sudo apt install bluez (or your distribution's package), then sudo systemctl enable"
        " --now bluetooth",
    )


def _groups(root: Path, groups: frozenset[str] | None) -> Examination:
    listed = {line.split(":")[0] for line in _text(root / "etc/group").splitlines()}
    known = [group for group in _GROUPS if group in listed]
    mine = _own_groups() if groups is None else groups
    if "root" in mine or not known:
        return Examination("groups", True, "no group is needed")
    member = [group for group in known if group in mine]
    if member:
        return Examination("groups", True, f"member of {', '.join(member)}")
    return Examination(
        "groups",
        True,
        f"not a member of {' or '.join(known)}; needed only where Bluetooth refuses you"
        f" (sudo usermod -aG {known[0]} $USER, then log in again)",
    )


def _own_groups() -> frozenset[str]:  # pragma: no cover  # depends on who runs it
    import grp
    import os

    names = set()
    for number in {*os.getgroups(), os.getegid()}:
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:
            continue
    return frozenset(names)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
