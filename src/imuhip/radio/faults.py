"""What Bleak and the operating system raise, in imuhip's words, with what to do next."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from imuhip.errors import (
    BluetoothUnavailableError,
    BondError,
    ConnectError,
    DeviceError,
    NotOfferedError,
    SensorLostError,
    SensorNotFoundError,
)

__all__ = ["bond_refusals", "translated", "translation"]

_Reason = BleakBluetoothNotAvailableReason
_UNLIKELY: Final = 0x0E
"""What BlueZ reports, too, when the link breaks while it waits for an answer."""
_SIMULATE: Final = "to try imuhip without Bluetooth use --radio sim"
_HINTS: Final = {
    _Reason.NO_BLUETOOTH: f"plug in a Bluetooth LE adapter; {_SIMULATE}",
    _Reason.NO_BLE_CENTRAL_ROLE: f"use an adapter that supports Bluetooth Low Energy; {_SIMULATE}",
    _Reason.POWERED_OFF: "switch Bluetooth on in the system settings",
    _Reason.DENIED_BY_USER: "allow this program to use Bluetooth in the privacy settings",
    _Reason.DENIED_BY_SYSTEM: "ask the administrator of this computer to allow Bluetooth",
    _Reason.DENIED_BY_UNKNOWN: "allow this program to use Bluetooth in the privacy settings",
}
_PLATFORM_HINTS: Final = {
    "linux": f"start BlueZ (systemctl start bluetooth) and D-Bus; {_SIMULATE}",
    "darwin": f"check System Settings, Privacy, Bluetooth; {_SIMULATE}",
    "win32": f"check Settings, Bluetooth & devices; {_SIMULATE}",
}
_DBUS_HINTS: Final = {
    "org.bluez.Error.NotReady": "switch Bluetooth on: bluetoothctl power on",
    "org.freedesktop.DBus.Error.ServiceUnknown": "start BlueZ: systemctl start bluetooth",
    "org.freedesktop.DBus.Error.AccessDenied": "add this user to the group 'bluetooth'",
}
_UNPROTECTED: Final = (0x05, 0x08, 0x0C, 0x0F)
"""Insufficient authentication, authorisation, key size, encryption."""
_PAIRING_WORDS: Final = ("authentication", "pair", "bond", "key missing")
_NO_SLOT_WORDS: Final = ("limited resources", "connection limit", "slots", "le-connection-abort")


def translation(error: BaseException, doing: str, *, connected: bool = False) -> DeviceError:
    """Return imuhip's error for one that came from below.

    Parameters
    ----------
    error : BaseException
        From Bleak, D-Bus or the operating system.
    doing : str
        What was attempted and with whom, such as ``"connecting to C0:..."``.
    connected : bool
        Whether a connection existed when it happened.
    """
    if isinstance(error, BleakBluetoothNotAvailableError):
        hint = _HINTS.get(error.reason) or _platform_hint()
        return BluetoothUnavailableError(f"Bluetooth is not available: {error.args[0]}", hint=hint)
    if isinstance(error, BleakDBusError):
        hint = _DBUS_HINTS.get(error.dbus_error, "")
        if hint:
            return BluetoothUnavailableError(f"Bluetooth is not available: {error}", hint=hint)
    if isinstance(error, BleakDeviceNotFoundError):
        return SensorNotFoundError(
            f"{doing}: no sensor with this address was seen",
            hint="switch it on, bring it within 5 m, and check the address with: imuhip scan",
        )
    if isinstance(error, BleakCharacteristicNotFoundError):
        return NotOfferedError(
            f"{doing}: the sensor has no characteristic {error.char_specifier}",
            hint="this is another sensor model or another firmware; see: imuhip scan",
        )
    if isinstance(error, BleakGATTProtocolError) and int(error.code) in _UNPROTECTED:
        return BondError(
            f"{doing}: refused by the sensor, the link is not protected by a bond"
            f" (code {int(error.code):#04x})",
            hint="remove the sensor from the system's Bluetooth devices, switch it off and on, and"
            " connect within a minute",
        )
    if isinstance(error, BleakGATTProtocolError):
        is_final = int(error.code) != _UNLIKELY
        return (NotOfferedError if is_final else ConnectError)(
            f"{doing}: refused by the sensor ({error.args[1]}, code {int(error.code):#04x})",
            hint="switch the sensor off and on, then try again",
        )
    if isinstance(error, TimeoutError):
        return ConnectError(
            f"{doing}: no answer in time",
            hint="bring the sensor within 5 m, charge it, and disconnect other programs from it",
        )
    if isinstance(error, OSError):
        return BluetoothUnavailableError(
            "Bluetooth is not available: the system's Bluetooth service cannot be reached"
            f" ({type(error).__name__}: {error})",
            hint=_platform_hint(),
        )
    return _bleak_failure(error, doing, connected=connected)


def _bleak_failure(error: BaseException, doing: str, *, connected: bool) -> DeviceError:
    text = str(error) or type(error).__name__
    if connected or any(word in text.lower() for word in ("not connected", "disconnected")):
        return SensorLostError(
            f"{doing}: the connection broke ({text})",
            hint="bring the sensor nearer; imuhip reconnects by itself while recording",
        )
    if any(word in text.lower() for word in _NO_SLOT_WORDS):
        return ConnectError(
            f"{doing}: {text}",
            hint="the adapter has no connection left: disconnect other devices, or add an adapter",
        )
    return ConnectError(f"{doing}: {text}", hint="switch Bluetooth and the sensor off and on")


def _platform_hint() -> str:
    return _PLATFORM_HINTS.get(sys.platform, _SIMULATE)


@contextmanager
def translated(doing: str, *, connected: bool = False) -> Iterator[None]:
    """Raise imuhip's errors instead of those of Bleak, D-Bus and the operating system."""
    try:
        yield
    except (BleakError, TimeoutError, OSError, EOFError) as error:
        raise translation(error, doing, connected=connected) from error


@contextmanager
def bond_refusals(serial: str, address: str) -> Iterator[None]:
    """Raise `BondError` where the system says that pairing, and not the connection, failed."""
    try:
        yield
    except BleakError as error:
        text = str(error) or type(error).__name__
        if any(word in text.lower() for word in _PAIRING_WORDS):
            raise BondError(
                f"{serial} at {address}: the system could not pair ({text})",
                hint="remove the sensor from the system's Bluetooth devices, switch it off and on,"
                " and connect within a minute",
            ) from error
        raise
