"""Identifiers of the Polar Measurement Data service."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = [
    "ADVERTISED_NAMES",
    "CONTROL_UUID",
    "DATA_UUID",
    "OTHER_MEASUREMENTS",
    "REPLY",
    "Measurement",
    "Operation",
    "Setting",
    "Status",
]

CONTROL_UUID: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA_UUID: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

ADVERTISED_NAMES: Final = ("Polar Sense", "Polar Verity Sense")
"""Followed by the eight digits printed on the sensor. Other Polar models have no gyroscope."""

REPLY: Final = 0xF0
"""First byte of a reply of the control point; no data frame begins with it."""


class Operation(IntEnum):
    """First byte of a write to the control point."""

    GET_SETTINGS = 1
    START = 2
    STOP = 3


class Measurement(IntEnum):
    """What is measured; SDK_MODE is started and stopped like a measurement and widens settings."""

    ACC = 2
    GYRO = 5
    MAG = 6
    SDK_MODE = 9


OTHER_MEASUREMENTS: Final = frozenset((0, 1, 3, 7, 8, 10, 11, 12, 13, 14))
"""Numbers of what other programs may have started: electrocardiogram, light, pulse intervals..."""


class Setting(IntEnum):
    """Kinds of settings."""

    RATE = 0
    RESOLUTION = 1
    RANGE = 2
    RANGE_MILLIUNIT = 3
    CHANNELS = 4
    FACTOR = 5
    SECURITY = 6


class Status(IntEnum):
    """Fourth byte of a reply: 0, or why the request was refused."""

    OK = 0
    INVALID_OPERATION = 1
    INVALID_MEASUREMENT = 2
    NOT_SUPPORTED = 3
    INVALID_LENGTH = 4
    INVALID_PARAMETER = 5
    ALREADY_IN_STATE = 6
    INVALID_RESOLUTION = 7
    INVALID_RATE = 8
    INVALID_RANGE = 9
    INVALID_MTU = 10
    INVALID_CHANNELS = 11
    INVALID_STATE = 12
    IN_CHARGER = 13
    DISK_FULL = 14
