"""Hangs a sensor model on the air: a virtual controller, a bumble device, the model's GATT."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any, Final

from bumble import att, core, gatt, hci
from bumble.device import Device, DeviceConfiguration
from bumble.keys import MemoryKeyStore

from imuhip.radio.air import Air
from imuhip.radio.bumble_bond import pair_securely
from imuhip.radio.gatt_model import (
    AttributeRefusedError,
    Beacon,
    GattCharacteristic,
    GattModel,
    OffersBonds,
    Property,
    SwitchesOff,
)
from imuhip.radio.quiet_host import QuietHost
from imuhip.radio.virtual_controller import VirtualController

__all__ = ["VirtualPeripheral"]

_DEFAULT_MTU: Final = 23
_ATT_HEADER_BYTES: Final = 3
_QUEUE_PACKETS: Final = VirtualController.total_num_le_acl_data_packets
_NOTIFICATION: Final = struct.Struct("<BH")


class VirtualPeripheral:
    """One sensor on the air, and the `PeripheralPort` of its model.

    Make it with `VirtualPeripheral.start`.
    """

    def __init__(self, air: Air, model: GattModel) -> None:
        self._model = model
        self._characteristics: dict[str, Any] = {}
        self._connection: Any = None
        self._indications: asyncio.Queue[tuple[Any, bytes]] = asyncio.Queue()
        self._air = air
        self._controller = VirtualController(model.beacon.name, air, model.address)
        config = DeviceConfiguration(
            name=model.beacon.name,
            address=hci.Address(model.address),
            advertising_data=_advertising_data(model.beacon),
            scan_response_data=_scan_response(model.beacon),
            advertising_interval_min=model.beacon.interval_s * 1000,
            advertising_interval_max=model.beacon.interval_s * 1000,
        )
        self._device = Device(config=config, host=QuietHost())
        self._device.host.set_packet_sink(self._controller)
        self._controller.host = self._device.host
        self._device.gatt_server.max_mtu = model.largest_mtu
        self._bonds = MemoryKeyStore()
        self._device.keystore = self._bonds
        pair_securely(self._device, self._accepts_pairing)
        self._device.on("connection", self._on_connection)
        for service in model.services:
            attributes = [self._attribute(c) for c in service.characteristics]
            self._device.add_service(gatt.Service(core.UUID(service.uuid), attributes))
        self._indicating: asyncio.Task[None] | None = None
        self._advertising: asyncio.Task[None] | None = None
        self._is_closing = False

    @classmethod
    async def start(cls, air: Air, model: GattModel) -> VirtualPeripheral:
        """Put a model on the air and advertise it."""
        peripheral = cls(air, model)
        model.on_air(peripheral)
        await peripheral._device.power_on()
        await peripheral._device.start_advertising()
        peripheral._indicating = asyncio.create_task(peripheral._send_indications())
        return peripheral

    async def close(self) -> None:
        """Take the sensor off the air."""
        self._is_closing = True
        self._controller.drop_connections()
        tasks = [task for task in (self._indicating, self._advertising) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._controller.le_legacy_advertiser.stop()
        self._air.remove_controller(self._controller)

    async def vanish(self) -> None:
        """Take the sensor off the air and let its model know that the link is gone."""
        connection = self._connection
        await self.close()
        if connection is not None:
            self._on_disconnection(connection)

    @property
    def address(self) -> str:
        """Return the model's address."""
        return self._model.address

    async def forget_bonds(self) -> None:
        """Forget the keys of all peers."""
        await self._bonds.delete_all()

    # ---- PeripheralPort ---------------------------------------------------------------------

    @property
    def mtu(self) -> int:
        """Return the ATT MTU in bytes; 23 without a connection."""
        return _DEFAULT_MTU if self._connection is None else int(self._connection.att_mtu)

    @property
    def is_connected(self) -> bool:
        """Return whether a peer is connected."""
        return self._connection is not None

    @property
    def is_protected(self) -> bool:
        """Return whether the link is encrypted with a bond."""
        return self._connection is not None and bool(self._connection.encryption)

    @property
    def queued_packets(self) -> int:
        """Return how many packets the controller has taken but not delivered."""
        queue = self._device.host.le_acl_packet_queue
        return 0 if queue is None else int(queue.pending)

    def is_subscribed(self, uuid: str) -> bool:
        """Return whether the peer listens to a characteristic."""
        if self._connection is None:
            return False
        listeners = self._device.gatt_server.subscribers.get(self._connection, {})
        return any(listeners.get(self._characteristics[uuid].handle, b""))

    def notify(self, uuid: str, data: bytes) -> bool:
        """Send a notification unless nobody listens or the controller's queue is full.

        Raises
        ------
        ValueError
            When `data` does not fit the MTU; the stack below would truncate it silently.
        """
        if not self.is_subscribed(uuid) or self.queued_packets >= _QUEUE_PACKETS:
            return False
        if len(data) > self.mtu - _ATT_HEADER_BYTES:
            raise ValueError(f"Expected at most {self.mtu - _ATT_HEADER_BYTES} B, got {len(data)}")
        head = _NOTIFICATION.pack(
            att.Opcode.ATT_HANDLE_VALUE_NOTIFICATION, self._characteristics[uuid].handle
        )
        self._device.send_l2cap_pdu(self._connection.handle, att.ATT_CID, head + data)
        return True

    def indicate(self, uuid: str, data: bytes) -> None:
        """Queue an indication; each leaves after the confirmation of the one before."""
        self._indications.put_nowait((self._characteristics[uuid], data))

    def disconnect(self) -> None:
        """Close the connection from the sensor's side."""
        if self._connection is not None:
            self._controller.on_hci_packet(
                hci.HCI_Disconnect_Command(
                    connection_handle=self._connection.handle,
                    reason=hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR,
                )
            )

    # ---- inside -----------------------------------------------------------------------------

    async def _send_indications(self) -> None:
        while True:
            characteristic, data = await self._indications.get()
            connection = self._connection
            if connection is None:
                continue
            sending = asyncio.ensure_future(
                self._device.gatt_server.indicate_subscriber(connection, characteristic, data)
            )
            # A peer that vanished will never confirm: its disconnection ends the wait.
            connection.once("disconnection", lambda _reason, task=sending: task.cancel())
            await asyncio.wait((sending,))
            if not sending.cancelled():
                sending.exception()

    def _on_connection(self, connection: Any) -> None:
        self._connection = connection
        connection.on("disconnection", lambda _reason: self._on_disconnection(connection))
        self._model.on_connected()

    def _accepts_pairing(self) -> bool:
        model = self._model
        return isinstance(model, OffersBonds) and model.accepts_pairing(len(self._bonds.all_keys))

    def _on_disconnection(self, connection: Any) -> None:
        if self._connection is connection:
            self._connection = None
            self._model.on_disconnected()
            is_off = isinstance(self._model, SwitchesOff) and self._model.is_off
            if not self._is_closing and not is_off:
                self._advertising = asyncio.create_task(self._device.start_advertising())

    def _attribute(self, model: GattCharacteristic) -> Any:
        permissions = gatt.Characteristic.Permissions(0)
        if Property.READ in model.properties:
            permissions |= gatt.Characteristic.READABLE
        if model.properties & (Property.WRITE | Property.WRITE_WITHOUT_RESPONSE):
            permissions |= gatt.Characteristic.WRITEABLE
        attribute: Any = gatt.Characteristic(
            core.UUID(model.uuid),
            gatt.Characteristic.Properties(int(model.properties)),
            permissions,
            att.AttributeValue(read=_reader(model), write=_writer(model)),
        )
        if model.protected:
            permissions = attribute.permissions | gatt.Characteristic.WRITE_REQUIRES_AUTHENTICATION
            attribute.permissions = permissions
            if model.properties & (Property.NOTIFY | Property.INDICATE):
                # The stack's own descriptor would let anybody listen.
                listening = gatt.Descriptor(
                    gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
                    gatt.Descriptor.READABLE
                    | gatt.Descriptor.WRITEABLE
                    | gatt.Descriptor.WRITE_REQUIRES_AUTHENTICATION,
                    self._device.gatt_server.make_descriptor_value(attribute),
                )
                attribute.descriptors = (*attribute.descriptors, listening)
        if model.subscribed is not None:
            told = model.subscribed
            attribute.on(
                attribute.EVENT_SUBSCRIPTION,
                lambda _bearer, notify, indicate: told(bool(notify or indicate)),
            )
        self._characteristics[model.uuid] = attribute
        return attribute


def _reader(model: GattCharacteristic) -> Callable[[Any], bytes]:
    def read(_connection: Any) -> bytes:
        if model.read is None:
            raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)
        return model.read()

    return read


def _writer(model: GattCharacteristic) -> Callable[[Any, bytes], None]:
    def write(_connection: Any, value: bytes) -> None:
        if model.write is None:
            raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR)
        try:
            model.write(bytes(value))
        except AttributeRefusedError as refusal:
            raise att.ATT_Error(int(refusal.status)) from refusal

    return write


def _advertising_data(beacon: Beacon) -> bytes:
    kinds = core.AdvertisingData
    structures = [(kinds.FLAGS, bytes((0x06,)))]
    structures += [
        (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, core.UUID(u).to_bytes())
        for u in beacon.service_uuids
    ]
    return bytes(kinds(structures))


def _scan_response(beacon: Beacon) -> bytes:
    kinds = core.AdvertisingData
    structures = [(kinds.COMPLETE_LOCAL_NAME, beacon.name.encode())]
    structures += [
        (kinds.MANUFACTURER_SPECIFIC_DATA, struct.pack("<H", company) + data)
        for company, data in beacon.manufacturer_data.items()
    ]
    return bytes(kinds(structures))
