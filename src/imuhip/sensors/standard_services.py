"""The battery and device-information services of the Bluetooth SIG, which most models have."""

from __future__ import annotations

from typing import Final

from imuhip.core.link import Link
from imuhip.errors import NotOfferedError, ProtocolError

__all__ = [
    "BATTERY_LEVEL_UUID",
    "BATTERY_SERVICE_UUID",
    "DEVICE_INFORMATION_SERVICE_UUID",
    "FIRMWARE_UUID",
    "MANUFACTURER_UUID",
    "MODEL_UUID",
    "SERIAL_UUID",
    "percent_of",
    "read_battery_percent",
    "read_text",
    "text_of",
]

BATTERY_SERVICE_UUID: Final = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL_UUID: Final = "00002a19-0000-1000-8000-00805f9b34fb"
DEVICE_INFORMATION_SERVICE_UUID: Final = "0000180a-0000-1000-8000-00805f9b34fb"
MODEL_UUID: Final = "00002a24-0000-1000-8000-00805f9b34fb"
SERIAL_UUID: Final = "00002a25-0000-1000-8000-00805f9b34fb"
FIRMWARE_UUID: Final = "00002a26-0000-1000-8000-00805f9b34fb"
MANUFACTURER_UUID: Final = "00002a29-0000-1000-8000-00805f9b34fb"


async def read_battery_percent(link: Link) -> int | None:
    """Read the battery level, None where the sensor has none.

    Raises
    ------
    ProtocolError
        When it is not one byte from 0 to 100.
    """
    try:
        data = await link.read(BATTERY_LEVEL_UUID)
    except NotOfferedError:
        return None
    if len(data) != 1:
        raise _no_level(data)
    return percent_of(data)


def percent_of(data: bytes) -> int:
    """Return the battery level that a value begins with.

    Raises
    ------
    ProtocolError
        When it is none.
    """
    if not data or data[0] > 100:
        raise _no_level(data)
    return data[0]


def _no_level(data: bytes) -> ProtocolError:
    return ProtocolError(f"battery level {data.hex()!r}, expected one byte from 0 to 100")


async def read_text(link: Link, uuid: str) -> str:
    """Read a characteristic of the device information, nothing where the sensor has none.

    A sensor that does not answer has not said so: taken for one without a serial number it would
    be somebody else when it answers the next time.

    Raises
    ------
    DeviceError
        When it does not answer.
    """
    try:
        return text_of(await link.read(uuid))
    except NotOfferedError:
        return ""


def text_of(data: bytes) -> str:
    """Return a text without what fills it up."""
    return data.decode("utf-8", "replace").rstrip("\0").strip()
