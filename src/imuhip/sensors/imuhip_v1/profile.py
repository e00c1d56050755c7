"""Identifiers of the protocol: UUIDs, operations, status codes, allowed values."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

from imuhip.sensors.standard_services import (
    BATTERY_LEVEL_UUID,
    BATTERY_SERVICE_UUID,
    DEVICE_INFORMATION_SERVICE_UUID,
    FIRMWARE_UUID,
    MANUFACTURER_UUID,
    MODEL_UUID,
    SERIAL_UUID,
)

__all__ = [
    "ACC_RANGES_G",
    "ADVERTISED_NAME_PREFIX",
    "BACK_FILL_UUID",
    "BATTERY_LEVEL_UUID",
    "BATTERY_SERVICE_UUID",
    "CONTROL_UUID",
    "DEVICE_INFORMATION_SERVICE_UUID",
    "FIRMWARE_UUID",
    "GYRO_RANGES_DPS",
    "INFO_UUID",
    "MANUFACTURER_UUID",
    "MODEL_UUID",
    "PROTOCOL_MAJOR",
    "PROTOCOL_MINOR",
    "REPLY_BIT",
    "SERIAL_UUID",
    "SERVICE_UUID",
    "STREAM_UUID",
    "SYNC_UUID",
    "Capability",
    "Field",
    "Operation",
    "Status",
]

PROTOCOL_MAJOR: Final = 1
PROTOCOL_MINOR: Final = 2

SERVICE_UUID: Final = "5c4e0001-83b6-4a1d-9d2f-7e61b0a9c34e"
INFO_UUID: Final = "5c4e0002-83b6-4a1d-9d2f-7e61b0a9c34e"
CONTROL_UUID: Final = "5c4e0003-83b6-4a1d-9d2f-7e61b0a9c34e"
STREAM_UUID: Final = "5c4e0004-83b6-4a1d-9d2f-7e61b0a9c34e"
BACK_FILL_UUID: Final = "5c4e0005-83b6-4a1d-9d2f-7e61b0a9c34e"
"""Offered by sensors with `Capability.BACKFILL`."""
SYNC_UUID: Final = "5c4e0006-83b6-4a1d-9d2f-7e61b0a9c34e"
"""Offered by sensors with `Capability.SYNC`."""

ADVERTISED_NAME_PREFIX: Final = "imuhip "

ACC_RANGES_G: Final = (2, 4, 8, 16)
GYRO_RANGES_DPS: Final = (125, 250, 500, 1000, 2000)

REPLY_BIT: Final = 0x80
"""Set in the operation byte of every reply."""


class Operation(IntEnum):
    """First byte of a write to the control characteristic."""

    GET_CONFIG = 1
    SET_CONFIG = 2
    START = 3
    STOP = 4
    IDENTIFY = 5
    OFF = 6
    BACKFILL = 7
    SET_TIME_HINT = 8


class Status(IntEnum):
    """Third byte of a reply: 0, or why the request was refused."""

    OK = 0
    UNKNOWN_OPERATION = 1
    BAD_LENGTH = 2
    BAD_RATE = 3
    BAD_ACC_RANGE = 4
    BAD_GYRO_RANGE = 5
    BAD_FIELDS = 6
    BAD_BATCH = 7
    MTU_TOO_SMALL = 8
    WRONG_STATE = 9
    NOT_SUPPORTED = 10
    NOT_SUBSCRIBED = 11
    HARDWARE_FAULT = 12


class Field(IntFlag):
    """Low four bits of a stream packet's first byte, and of a configuration: what is streamed."""

    ACC = 1
    GYRO = 2
    QUATERNION = 4
    MAG = 8


class Capability(IntFlag):
    """What a sensor can do, from its info characteristic."""

    GYRO = 1
    ACC = 2
    MAG = 4
    QUATERNION = 8
    BACKFILL = 16
    SYNC = 32
    DITHER = 64
    OFF = 128
    BOND = 256
    """Control, stream, back-fill and sync need a link encrypted with a bond."""
