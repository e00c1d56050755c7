"""A Bluetooth central in Python, on any HCI controller, virtual or real, with Bleak on top.

`BumbleCentral` owns the controller. Its `client_backend` and `scanner_backend` are classes to hand
to ``BleakClient(backend=...)`` and ``BleakScanner(backend=...)``, so that the code above is the one
that runs on the operating system's own stack.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from bumble import att, core, hci
from bumble.device import ConnectionParametersPreferences, Device, DeviceConfiguration
from bumble.transport import open_transport

from imuhip.radio.air import Air
from imuhip.radio.bond_store import BondStore
from imuhip.radio.bumble_bond import pair_securely
from imuhip.radio.cancellation import heeding_cancellation
from imuhip.radio.quiet_host import QuietHost
from imuhip.radio.virtual_controller import VirtualController

__all__ = ["BumbleCentral"]

_OWN_ADDRESS: Final = "F0:1D:0A:0B:0C:{:02X}"
_FIRST_NUMBER: Final = 0x0D
_OPEN_TIMEOUT_S: Final = 10.0
_COMMAND_TIMEOUT_S: Final = 5.0
_HANG_UP_TIMEOUT_S: Final = 1.0
_PREFERRED_MTU: Final = 247
_PARAMETERS: Final = {
    hci.HCI_LE_1M_PHY: ConnectionParametersPreferences(
        connection_interval_min=15.0,
        connection_interval_max=15.0,
        max_latency=0,
        supervision_timeout=2000,
        min_ce_length=0.0,
        max_ce_length=0.0,
    )
}
_NOTIFICATION_OPCODE: Final = 0x1B
_NOTIFICATION_HEAD_BYTES: Final = 3


class BumbleCentral:
    """A host on one controller, with what the Bleak backends need from it.

    Make it with `BumbleCentral.on_transport` or `BumbleCentral.on_air`.
    """

    def __init__(self, name: str, bonds: BondStore | None = None, number: int = 0) -> None:
        self.name = name
        self.address = _OWN_ADDRESS.format(_FIRST_NUMBER + 16 * number)
        self.bonds = bonds or BondStore()
        self.known: dict[str, Any] = {}
        """Addresses of peripherals seen or connected before, with their type."""
        self.connecting = asyncio.Lock()
        """A controller makes one connection at a time."""
        config = DeviceConfiguration(name="imuhip", address=hci.Address(self.address))
        self.device = Device(config=config, host=QuietHost())
        pair_securely(self.device)
        self.device.l2cap_channel_manager.register_fixed_channel(att.ATT_CID, self._on_att)
        self._scanners = 0
        self._closers: list[Callable[[], Any]] = []
        self._is_gone: Callable[[], bool] = lambda: False

    @classmethod
    async def on_transport(
        cls, transport: str, bonds: BondStore | None = None, number: int = 0
    ) -> BumbleCentral:
        """Open a controller that bumble can reach, such as ``"tcp-client:127.0.0.1:9000"``.

        Raises
        ------
        OSError, ValueError
            When the transport cannot be opened.
        BleakBluetoothNotAvailableError
            When nothing that speaks HCI answers there.
        """
        central = cls(f"hci:{transport}", bonds, number)
        async with asyncio.timeout(_OPEN_TIMEOUT_S):
            opened = await open_transport(transport)
        central._closers.append(opened.close)
        central._is_gone = lambda: bool(opened.source.terminated.done())
        central.device.host.set_packet_source(opened.source)
        central.device.host.set_packet_sink(opened.sink)
        await central._power_on()
        return central

    @classmethod
    async def on_air(
        cls, air: Air, bonds: BondStore | None = None, number: int = 0
    ) -> BumbleCentral:
        """Join virtual sensors in this process; `number` tells several centrals apart."""
        central = cls("sim", bonds, number)
        controller = VirtualController("central", air, central.address)
        central.device.host.set_packet_sink(controller)
        controller.host = central.device.host

        def leave() -> None:
            controller.drop_connections()
            air.remove_controller(controller)

        central._closers.append(leave)
        await central._power_on()
        return central

    async def close(self) -> None:
        """Close all connections and release the controller."""
        for connection in list(self.device.connections.values()):
            await self.hang_up(connection)
        for closer in self._closers:
            result = closer()
            if asyncio.iscoroutine(result):
                await result
        self._closers.clear()

    async def hang_up(self, connection: Any) -> None:
        """Close a connection, or give up soon when the controller does not answer."""
        if self._is_gone():
            return
        with suppress(TimeoutError, core.BaseBumbleError):
            async with asyncio.timeout(_HANG_UP_TIMEOUT_S):
                await connection.disconnect()

    async def start_scanning(self) -> None:
        """Start scanning, unless another scanner already did."""
        self._require_controller()
        self._scanners += 1
        if self._scanners > 1:
            return
        try:
            with heeding_cancellation():
                async with asyncio.timeout(_COMMAND_TIMEOUT_S):
                    await self.device.start_scanning(filter_duplicates=False)
        except BaseException:
            await self.stop_scanning()
            raise

    async def stop_scanning(self) -> None:
        """Stop scanning when the last scanner is done."""
        self._scanners -= 1
        if self._scanners == 0 and not self._is_gone():
            async with asyncio.timeout(_COMMAND_TIMEOUT_S):
                await self.device.stop_scanning()

    async def connect(self, address: str, timeout_s: float) -> Any:
        """Return a bumble connection with its MTU negotiated.

        Raises
        ------
        TimeoutError
            When the peripheral does not answer in time.
        """
        self._require_controller()
        peer = self.known.get(address.upper()) or _guess_type(address)
        async with self.connecting:
            connection = await self._connect(peer, address, timeout_s)
        self.known[address.upper()] = peer
        try:
            with heeding_cancellation():
                await connection.gatt_client.request_mtu(_PREFERRED_MTU)
        except BaseException:
            await self.hang_up(connection)
            raise
        return connection

    async def _connect(self, peer: Any, address: str, timeout_s: float) -> Any:
        try:
            return await self.device.connect_le(
                peer, connection_parameters_preferences=_PARAMETERS, timeout=timeout_s
            )
        except core.TimeoutError:
            raise TimeoutError(f"{address} did not answer within {timeout_s:g} s") from None
        except asyncio.CancelledError:
            # bumble's own cancellation looks at state that is gone by now.
            async with asyncio.timeout(_COMMAND_TIMEOUT_S):
                await self.device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            raise

    def _require_controller(self) -> None:
        """Raise when the transport broke: commands to it would never be answered."""
        if self._is_gone():
            raise BleakBluetoothNotAvailableError(
                f"{self.name}: the controller is gone", BleakBluetoothNotAvailableReason.UNKNOWN
            )

    async def _power_on(self) -> None:
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                await self.device.power_on()
        except (TimeoutError, core.BaseBumbleError) as error:
            await self.close()
            problem = (
                f"no answer to an HCI reset within {_OPEN_TIMEOUT_S:g} s"
                if isinstance(error, TimeoutError)
                else "the controller hung up; another program may be using it"
            )
            raise BleakBluetoothNotAvailableError(
                f"{self.name}: {problem}", BleakBluetoothNotAvailableReason.NO_BLUETOOTH
            ) from error

    def _on_att(self, connection_handle: int, pdu: bytes) -> None:
        """Deliver notifications the short way, everything else through bumble."""
        if not pdu or (pdu[0] == _NOTIFICATION_OPCODE and len(pdu) < _NOTIFICATION_HEAD_BYTES):
            return
        if pdu[0] != _NOTIFICATION_OPCODE:
            self.device.on_gatt_pdu(connection_handle, pdu)
            return
        connection = self.device.connections.get(connection_handle)
        if connection is None:
            return
        (attribute,) = struct.unpack_from("<H", pdu, 1)
        for subscriber in tuple(connection.gatt_client.notification_subscribers.get(attribute, ())):
            if callable(subscriber):
                subscriber(pdu[3:])


def _guess_type(address: str) -> Any:
    """Return an address never seen in a scan: static random ones have their top two bits set."""
    is_static = int(address[:2], 16) >= 0xC0
    return hci.Address(
        address,
        hci.Address.RANDOM_DEVICE_ADDRESS if is_static else hci.Address.PUBLIC_DEVICE_ADDRESS,
    )
