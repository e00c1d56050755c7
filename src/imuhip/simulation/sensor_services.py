"""The GATT table of a virtual sensor, as ``firmware_protocol/specification.md`` lays it out."""

from __future__ import annotations

from collections.abc import Callable

from imuhip.radio.gatt_model import GattCharacteristic, GattService, Property
from imuhip.sensors.imuhip_v1 import profile

__all__ = ["services"]


def services(
    *,
    read_info: Callable[[], bytes],
    on_control: Callable[[bytes], None],
    battery: Callable[[], bytes],
    serial: str,
    firmware: str,
    back_fills: bool = False,
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
                ),
                GattCharacteristic(profile.STREAM_UUID, Property.NOTIFY),
                *(
                    [GattCharacteristic(profile.BACK_FILL_UUID, Property.NOTIFY)]
                    if back_fills
                    else []
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
