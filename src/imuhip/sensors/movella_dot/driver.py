"""Driver of Movella (Xsens) DOT sensors: configure, start, stop, decode.

Protocol-verified, not hardware-verified: every exchange is tested over real GATT against a virtual
sensor written from the specification.
"""

from __future__ import annotations

import struct
from typing import Final

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import ConnectError, ProtocolError
from imuhip.sensors.driver import nearest_of
from imuhip.sensors.movella_dot.payloads import DotStreamDecoder, PayloadMode, decode_info
from imuhip.sensors.standard_services import percent_of

__all__ = ["RATES_HZ", "MovellaDotDriver"]

RATES_HZ: Final = (1, 4, 10, 12, 15, 20, 30, 60)
"""Live output rates; 120 Hz exists for recording on the sensor only."""

_BASE: Final = "1517{}-4947-11e9-8646-d663bd873d93"
_CONFIGURATION_SERVICE: Final = _BASE.format("1000")
_INFO: Final = _BASE.format("1001")
_DEVICE_CONTROL: Final = _BASE.format("1002")
_MEASUREMENT_CONTROL: Final = _BASE.format("2001")
_MEDIUM_PAYLOAD: Final = _BASE.format("2003")
_BATTERY: Final = _BASE.format("3001")
_COMPANY_ID: Final = 0x0886
_NAMES: Final = ("Xsens DOT", "Movella DOT")

_DEVICE_CONTROL_BYTES: Final = 32
_RATE_OFFSET: Final = 24
_VISIT_IDENTIFY: Final = 0x01
_VISIT_RATE: Final = 0x10
_MEASUREMENT: Final = 1
_STOP, _START = 0, 1
_RANGES: Final = (16, 2000)
_CLOCK_HZ: Final = 1e6


class MovellaDotDriver:
    """Sensors of "Xsens DOT BLE Services Specifications", XD0506P revision F.

    Parameters
    ----------
    mode : PayloadMode
        Which payload to stream; one with acceleration and angular rate as measured.
    """

    def __init__(self, mode: PayloadMode = PayloadMode.RATE) -> None:
        self._mode = mode

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        return "Movella DOT"

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement carries the name, the service, or only the maker's id.

        Other products of the maker advertise its id beside a name of their own.
        """
        if advertisement.name.startswith(_NAMES):
            return True
        if _CONFIGURATION_SERVICE in advertisement.service_uuids:
            return True
        return not advertisement.name and _COMPANY_ID in advertisement.manufacturer_data

    async def identify(self, link: Link) -> SensorIdentity:
        """Read serial number and firmware.

        Raises
        ------
        ProtocolError
            When the device information cannot be read.
        """
        info = decode_info(await link.read(_INFO))
        return SensorIdentity(
            model=f"{self.model} {info.product_code}".strip(),
            serial=info.serial,
            firmware=info.firmware,
            clock_hz=_CLOCK_HZ,
        )

    async def battery_percent(self, link: Link) -> int | None:
        """Read the battery level."""
        return percent_of(await link.read(_BATTERY))

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Set the rate; a measurement that still runs is stopped first.

        Raises
        ------
        ConnectError
            When rate or ranges are not the sensor's, or it does not take the rate.
        """
        if config.rate_hz not in RATES_HZ:
            raise ConnectError(
                f"{link.address}: sample rate of {config.rate_hz} Hz refused",
                hint=f"a DOT streams at {', '.join(map(str, RATES_HZ))} Hz; record with --rate 60",
            )
        if (config.acc_range_g, config.gyr_range_dps) != _RANGES:
            raise ConnectError(
                f"{link.address}: ranges of {config.acc_range_g} g and {config.gyr_range_dps} °/s"
                " refused",
                hint=f"those of a DOT are {_RANGES[0]} g and {_RANGES[1]} °/s, always",
            )
        running = await self._running(link)
        if len(running) >= 3 and running[1] == _START:
            await link.write(_MEASUREMENT_CONTROL, bytes((_MEASUREMENT, _STOP, running[2])))
        wanted = bytearray(_DEVICE_CONTROL_BYTES)
        wanted[0] = _VISIT_RATE
        struct.pack_into("<H", wanted, _RATE_OFFSET, config.rate_hz)
        await link.write(_DEVICE_CONTROL, bytes(wanted))
        await self._require_rate(link, config.rate_hz)

    async def _running(self, link: Link) -> bytes:
        """Return kind, action and mode of the measurement, nothing where that cannot be read."""
        try:
            return await link.read(_MEASUREMENT_CONTROL)
        except ConnectError:
            return b""

    async def _require_rate(self, link: Link, rate_hz: int) -> None:
        settings = await link.read(_DEVICE_CONTROL)
        if len(settings) < _RATE_OFFSET + 2:
            raise ProtocolError(
                f"DOT device control of {len(settings)} bytes, expected {_DEVICE_CONTROL_BYTES}"
            )
        (set_hz,) = struct.unpack_from("<H", settings, _RATE_OFFSET)
        if set_hz != rate_hz:
            raise ConnectError(
                f"{link.address}: sample rate of {rate_hz} Hz refused, it stays at {set_hz} Hz",
                hint="end a recording or synchronisation that runs on the sensor, then try again;"
                f" or record with --rate {set_hz}",
            )

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Subscribe to the medium payload, then start the measurement.

        Raises
        ------
        ConnectError
            When the sensor does not measure then: firmware differs in the payloads it has.
        """
        await link.subscribe(_MEDIUM_PAYLOAD, on_packet)
        await link.write(_MEASUREMENT_CONTROL, bytes((_MEASUREMENT, _START, self._mode)))
        running = await self._running(link)
        if len(running) >= 3 and running[1:3] != bytes((_START, self._mode)):
            raise ConnectError(
                f"{link.address}: payload mode {int(self._mode)} was not started",
                hint="update the sensor's firmware, take it off its charger, and end a recording or"
                " synchronisation that runs on it",
            )

    async def stop(self, link: Link) -> None:
        """Stop the measurement and unsubscribe."""
        await link.write(_MEASUREMENT_CONTROL, bytes((_MEASUREMENT, _STOP, self._mode)))
        await link.unsubscribe(_MEDIUM_PAYLOAD)

    async def blink(self, link: Link) -> None:
        """Make the sensor show itself: its light blinks for some seconds."""
        request = bytearray(_DEVICE_CONTROL_BYTES)
        request[0] = _VISIT_IDENTIFY
        request[1] = 1
        await link.write(_DEVICE_CONTROL, bytes(request))

    def nearest(self, config: StreamConfig) -> StreamConfig:
        """Return what the model offers and is nearest to what is asked for."""
        return StreamConfig(nearest_of(config.rate_hz, RATES_HZ), *_RANGES)

    def decoder(self, config: StreamConfig) -> DotStreamDecoder:
        """Return a fresh decoder for one connection epoch."""
        return DotStreamDecoder(config.rate_hz, self._mode)
