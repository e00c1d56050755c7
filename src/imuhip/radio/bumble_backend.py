"""Bleak's client and scanner backends over a `BumbleCentral`.

Bleak takes backend *classes*; `backends_of` binds a pair of them to one central.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import (
    AdvertisementData,
    AdvertisementDataCallback,
    BaseBleakScanner,
)
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att, core, hci

from imuhip.radio.bumble_bond import secure
from imuhip.radio.bumble_central import BumbleCentral
from imuhip.radio.cancellation import heeding_cancellation

__all__ = ["backends_of"]

_PROPERTIES: Final[dict[int, CharacteristicPropertyName]] = {
    0x01: "broadcast",
    0x02: "read",
    0x04: "write-without-response",
    0x08: "write",
    0x10: "notify",
    0x20: "indicate",
}
_CCCD: Final = "00002902-0000-1000-8000-00805f9b34fb"


def backends_of(
    central: BumbleCentral,
) -> tuple[type[BaseBleakClient], type[BaseBleakScanner]]:
    """Return client and scanner backend classes bound to `central`."""

    class BumbleClient(_BumbleClient):
        radio = central

    class BumbleScanner(_BumbleScanner):
        radio = central

    return BumbleClient, BumbleScanner


class _BumbleScanner(BaseBleakScanner):
    radio: BumbleCentral

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self.radio.device.on("advertisement", self._on_advertisement)
        try:
            with _bleak_errors():
                await self.radio.start_scanning()
        except BaseException:
            self.radio.device.remove_listener("advertisement", self._on_advertisement)
            raise

    async def stop(self) -> None:
        self.radio.device.remove_listener("advertisement", self._on_advertisement)
        with _bleak_errors():
            await self.radio.stop_scanning()

    def _on_advertisement(self, seen: Any) -> None:
        address = seen.address.to_string(with_type_qualifier=False)
        self.radio.known[address] = seen.address
        data = _advertisement_data(seen)
        if self.is_allowed_uuid(data.service_uuids):
            device = self.create_or_update_device(address, address, data.local_name, seen, data)
            self.call_detection_callbacks(device, data)


class _BumbleClient(BaseBleakClient):
    radio: BumbleCentral

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(address_or_ble_device, **kwargs)
        self._connection: Any = None
        self._subscriptions: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        return self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return 23 if self._connection is None else int(self._connection.att_mtu)

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        with _bleak_errors():
            async with asyncio.timeout(self._timeout):
                await self._connect()

    async def _connect(self) -> None:
        try:
            # A little less than the limit around, so that the controller's own ends it cleanly.
            connection = await self.radio.connect(self.address, 0.95 * self._timeout)
        except TimeoutError:
            if self.address.upper() not in self.radio.known:
                raise BleakDeviceNotFoundError(
                    self.address, f"{self.address} was never seen"
                ) from None
            raise
        self._connection = connection
        self._subscriptions.clear()
        connection.on("disconnection", lambda _reason: self._on_disconnection(connection))
        try:
            with heeding_cancellation():
                self.services = await _discover(connection.gatt_client, self)
        except BaseException:
            self._connection = None
            await self.radio.hang_up(connection)
            raise

    async def disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with _bleak_errors():
            await connection.disconnect()
        self._ended()

    async def pair(self, *args: Any, serial: str = "", **kwargs: Any) -> None:
        """Encrypt with the bond kept under a serial number, or make one; see `bumble_bond`."""
        with _bleak_errors():
            await secure(self._gatt().connection, serial or self.address, self.radio.bonds)

    async def unpair(self) -> None:
        raise NotImplementedError("bonds are kept by serial number: BondStore.forget")

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return await self._read(characteristic.handle)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return await self._read(descriptor.handle)

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        with _bleak_errors():
            await self._gatt().write_value(characteristic.handle, bytes(data), response)

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        with _bleak_errors():
            await self._gatt().write_value(descriptor.handle, bytes(data), True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        gatt = self._gatt()
        if not {"notify", "indicate"} & set(characteristic.properties):
            raise BleakError(f"{characteristic.uuid} can neither notify nor indicate")
        notifies = "notify" in characteristic.properties
        listeners = gatt.notification_subscribers if notifies else gatt.indication_subscribers

        def deliver(value: bytes) -> None:
            callback(bytearray(value))

        listeners[characteristic.handle] = {deliver}
        self._subscriptions[characteristic.handle] = deliver
        with _bleak_errors():
            await gatt.write_value(_cccd(characteristic), b"\1\0" if notifies else b"\2\0", True)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        gatt = self._gatt()
        with _bleak_errors():
            await gatt.write_value(_cccd(characteristic), b"\0\0", True)
        # Kept until here: what was on its way while unsubscribing still finds a listener.
        gatt.notification_subscribers.pop(characteristic.handle, None)
        gatt.indication_subscribers.pop(characteristic.handle, None)
        self._subscriptions.pop(characteristic.handle, None)

    async def _read(self, handle: int) -> bytearray:
        with _bleak_errors():
            return bytearray(await self._gatt().read_value(handle))

    def _gatt(self) -> Any:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection.gatt_client

    def _on_disconnection(self, connection: Any) -> None:
        if self._connection is connection:
            self._connection = None
            self._ended()

    def _ended(self) -> None:
        self.services = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()


async def _discover(gatt: Any, client: _BumbleClient) -> BleakGATTServiceCollection:
    found = BleakGATTServiceCollection()
    for service in await gatt.discover_services():
        its = BleakGATTService(service, service.handle, _uuid(service.uuid))
        found.add_service(its)
        for characteristic in await service.discover_characteristics():
            made = BleakGATTCharacteristic(
                characteristic,
                characteristic.handle,
                _uuid(characteristic.uuid),
                [name for bit, name in _PROPERTIES.items() if characteristic.properties & bit],
                lambda: client.mtu_size - 3,
                its,
            )
            found.add_characteristic(made)
            if not {"notify", "indicate"} & set(made.properties):
                continue  # no subscription to write, and nothing else is read from descriptors
            for descriptor in await characteristic.discover_descriptors():
                uuid = _uuid(descriptor.type)
                found.add_descriptor(BleakGATTDescriptor(descriptor, descriptor.handle, uuid, made))
    return found


def _cccd(characteristic: BleakGATTCharacteristic) -> int:
    descriptor = characteristic.get_descriptor(_CCCD)
    if descriptor is None:
        raise BleakError(f"{characteristic.uuid} has no client configuration descriptor")
    return descriptor.handle


def _advertisement_data(seen: Any) -> AdvertisementData:
    kinds = core.AdvertisingData
    uuids: list[str] = []
    manufacturers: dict[int, bytes] = {}
    name: str | None = None
    for kind, value in seen.data.ad_structures:
        if kind in (kinds.COMPLETE_LOCAL_NAME, kinds.SHORTENED_LOCAL_NAME):
            name = value.decode("utf-8", "replace")
        elif kind == kinds.MANUFACTURER_SPECIFIC_DATA and len(value) >= 2:
            manufacturers[int.from_bytes(value[:2], "little")] = bytes(value[2:])
        elif kind in _UUID_LISTS:
            size = _UUID_LISTS[kind]
            whole = len(value) - len(value) % size
            uuids += [
                _uuid(core.UUID.from_bytes(value[i : i + size])) for i in range(0, whole, size)
            ]
    return AdvertisementData(name, manufacturers, {}, uuids, None, int(seen.rssi), (seen,))


_UUID_LISTS: Final = {
    core.AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    core.AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    core.AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
    core.AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
}


def _uuid(uuid: Any) -> str:
    """Return the 128-bit form in lower case."""
    return (
        str(cast("str", uuid.to_hex_str("-"))).lower()
        if len(uuid.uuid_bytes) == 16
        else (f"{int.from_bytes(uuid.uuid_bytes, 'little'):08x}-0000-1000-8000-00805f9b34fb")
    )


@contextmanager
def _bleak_errors() -> Iterator[None]:
    """Turn bumble's errors into those Bleak's own backends raise."""
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        with heeding_cancellation():
            yield
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(int(error.error_code)) from error
    except (hci.HCI_Error, core.BaseBumbleError) as error:
        raise BleakError(str(error)) from error
    except asyncio.CancelledError:
        # bumble cancels pending requests when a link breaks; a real cancellation passes through.
        if task is not None and task.cancelling() > before:
            raise
        raise BleakError("disconnected") from None
