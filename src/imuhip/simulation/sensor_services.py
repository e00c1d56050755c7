"""The GATT table of a virtual sensor, as ``firmware_protocol/specification.md`` lays it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from imuhip.radio.gatt_model import GattCharacteristic, GattService, Property
from imuhip.sensors.imuhip_v1 import control, profile
from imuhip.sensors.imuhip_v1.control import Info, Settings
from imuhip.sensors.imuhip_v1.profile import Capability, Status
from imuhip.simulation.sensor_spec import SensorSpec

__all__ = ["FIRMWARE", "RATES_HZ", "accepts_pairing", "capabilities", "info", "refusal", "services"]

RATES_HZ: Final = (25, 50, 60, 100, 120, 200, 400)
FIRMWARE: Final = 0x0100
_CLOCK_HZ: Final = 1_000_000
_PAIRING_WINDOW_S: Final = 60.0


def capabilities(spec: SensorSpec) -> Capability:
    """Return what a sensor can do."""
    offered = Capability.GYRO | Capability.ACC | Capability.DITHER
    for has, capability in (
        (spec.back_fills, Capability.BACKFILL),
        (spec.tells_clock, Capability.SYNC),
        (spec.switches_off, Capability.OFF),
        (spec.bonds, Capability.BOND),
    ):
        if has:
            offered |= capability
    return offered


def info(spec: SensorSpec, settings: Settings) -> bytes:
    """Return the bytes of the info characteristic."""
    return control.encode_info(
        Info(
            major=profile.PROTOCOL_MAJOR,
            minor=profile.PROTOCOL_MINOR,
            firmware=FIRMWARE,
            unique_id=spec.serial.encode().ljust(8, b"\0")[-8:],
            capabilities=capabilities(spec),
            clock_hz=_CLOCK_HZ,
            acc_range_g=settings.acc_range_g,
            gyr_range_dps=settings.gyr_range_dps,
            rates_hz=RATES_HZ,
        )
    )


def accepts_pairing(spec: SensorSpec, n_bonds: int, since_on_s: float) -> bool:
    """Return whether a peer may pair: the first one, and whoever just switched the sensor on."""
    return spec.bonds and (n_bonds == 0 or since_on_s < _PAIRING_WINDOW_S)


def refusal(wanted: Settings, capacity: int, *, is_idle: bool) -> Status:
    """Return why a configuration is refused, or that it is fine.

    Parameters
    ----------
    wanted : Settings
        What the host asks for.
    capacity : int
        Samples that fit a packet of this connection.
    is_idle : bool
        Whether no session runs.
    """
    checks = (
        (is_idle, Status.WRONG_STATE),
        (wanted.rate_hz in RATES_HZ, Status.BAD_RATE),
        (wanted.acc_range_g in profile.ACC_RANGES_G, Status.BAD_ACC_RANGE),
        (wanted.gyr_range_dps in profile.GYRO_RANGES_DPS, Status.BAD_GYRO_RANGE),
        (wanted.fields == profile.Field.ACC | profile.Field.GYRO, Status.BAD_FIELDS),
        (wanted.batch_samples <= max(capacity, 1), Status.BAD_BATCH),
    )
    return next((status for fine, status in checks if not fine), Status.OK)


def services(
    *,
    read_info: Callable[[], bytes],
    on_control: Callable[[bytes], None],
    battery: Callable[[], bytes],
    serial: str,
    firmware: str,
    back_fills: bool = False,
    on_sync: Callable[[bytes], None] | None = None,
    bonds: bool = False,
) -> tuple[GattService, ...]:
    """Return the imuhip, battery and device-information services.

    Parameters
    ----------
    read_info, on_control, battery : callable
        Answer reads of the information and of the battery level, and writes to the control point.
    serial, firmware : str
        As device information.
    back_fills : bool
        Whether to offer the back-fill characteristic.
    on_sync : callable, optional
        Takes a question for the clock; without it the characteristic is not there.
    bonds : bool
        Whether control, stream, back-fill and sync need a link encrypted with a bond.
    """
    return (
        GattService(
            profile.SERVICE_UUID,
            (
                GattCharacteristic(profile.INFO_UUID, Property.READ, read=read_info),
                GattCharacteristic(
                    profile.CONTROL_UUID,
                    Property.WRITE | Property.INDICATE,
                    write=on_control,
                    protected=bonds,
                ),
                GattCharacteristic(profile.STREAM_UUID, Property.NOTIFY, protected=bonds),
                *(
                    [GattCharacteristic(profile.BACK_FILL_UUID, Property.NOTIFY, protected=bonds)]
                    if back_fills
                    else []
                ),
                *(
                    []
                    if on_sync is None
                    else [
                        GattCharacteristic(
                            profile.SYNC_UUID,
                            Property.WRITE | Property.NOTIFY,
                            write=on_sync,
                            protected=bonds,
                        )
                    ]
                ),
            ),
        ),
        GattService(
            profile.BATTERY_SERVICE_UUID,
            (
                GattCharacteristic(
                    profile.BATTERY_LEVEL_UUID,
                    Property.READ | Property.NOTIFY,
                    read=battery,
                ),
            ),
        ),
        GattService(
            profile.DEVICE_INFORMATION_SERVICE_UUID,
            tuple(
                GattCharacteristic(uuid, Property.READ, read=_constant(text))
                for uuid, text in (
                    (profile.MANUFACTURER_UUID, "imuhip"),
                    (profile.MODEL_UUID, "imuhip virtual sensor"),
                    (profile.SERIAL_UUID, serial),
                    (profile.FIRMWARE_UUID, firmware),
                )
            ),
        ),
    )


def _constant(text: str) -> Callable[[], bytes]:
    return lambda: text.encode()
