"""The virtual radio from outside: hang sensors on it, break it, get a `Radio` or export it.

No bumble type appears in its signatures, so that simulations can use it.
"""

from __future__ import annotations

from imuhip.radio.air import Air
from imuhip.radio.bleak_radio import BleakRadio
from imuhip.radio.bond_store import BondStore
from imuhip.radio.bumble_backend import backends_of
from imuhip.radio.bumble_central import BumbleCentral
from imuhip.radio.disturbances import Disturbance
from imuhip.radio.gatt_model import GattModel
from imuhip.radio.hci_server import HciServer
from imuhip.radio.virtual_controller import VirtualController
from imuhip.radio.virtual_peripheral import VirtualPeripheral

__all__ = ["VirtualAir"]

_EXPORTED_ADDRESS = "F0:1D:0A:0B:0C:0E"


class VirtualAir:
    """Virtual Bluetooth in this process.

    Parameters
    ----------
    connection_interval_s : float
        Grid on which data crosses; 0 delivers at once.
    """

    def __init__(self, *, connection_interval_s: float = 0.0) -> None:
        self._air = Air(connection_interval_s=connection_interval_s)
        self._peripherals: list[VirtualPeripheral] = []
        self._servers: list[HciServer] = []

    async def hang(self, model: GattModel) -> None:
        """Put a sensor on the air; it advertises until somebody connects."""
        self._peripherals.append(await VirtualPeripheral.start(self._air, model))

    async def take_off(self, address: str) -> None:
        """Take a sensor off the air for good, so that another may have its address."""
        peripheral = self._peripheral(address)
        self._peripherals.remove(peripheral)
        await peripheral.vanish()

    async def forget_bonds(self, address: str) -> None:
        """Let a sensor forget all its bonds, as after a reset to factory settings."""
        await self._peripheral(address).forget_bonds()

    async def radio(
        self, name: str = "sim", *, bonds: BondStore | None = None, number: int = 0
    ) -> BleakRadio:
        """Return a radio on this air: Bleak over a bumble central over HCI.

        Several of them at once need a `number` each.
        """
        store = bonds or BondStore()
        central = await BumbleCentral.on_air(self._air, store, number)
        client, scanner = backends_of(central)
        return BleakRadio(client, scanner, name=name, on_close=central.close, bonds=store)

    async def serve_hci(self, listen: str) -> str:
        """Export a controller on this air; returns where it listens, with the port taken.

        Raises
        ------
        ConfigError, BluetoothUnavailableError
            When it cannot listen there; see `HciServer.listen`.
        """
        controller = VirtualController("exported", self._air, _EXPORTED_ADDRESS)
        try:
            server = await HciServer.listen(controller, listen)
        except BaseException:
            self._air.remove_controller(controller)
            raise
        self._servers.append(server)
        return server.listening

    def lose(self, address: str) -> None:
        """Let a sensor vanish; its link breaks after the supervision time-out of 2 s."""
        self._air.lose(address)

    def regain(self, address: str) -> None:
        """Let it come back."""
        self._air.regain(address)

    def disturb(self, address: str, disturbance: Disturbance) -> None:
        """Let every notification from a sensor pass through a disturbance, from now on."""
        self._air.disturb(address, disturbance)

    def calm(self, address: str) -> None:
        """End all disturbances of a sensor's notifications."""
        self._air.calm(address)

    def drop_notifications(self, address: str, count: int) -> None:
        """Let the next notifications from a sensor vanish, as a busy host's stack does."""
        self._air.drop_notifications(address, count)

    def repeat_notifications(self, address: str, count: int) -> None:
        """Deliver the next notifications twice, as BlueZ does after a link loss."""
        self._air.repeat_notifications(address, count)

    def set_rssi(self, address: str, rssi_dbm: int) -> None:
        """Set how strongly a sensor is received."""
        self._air.set_rssi(address, rssi_dbm)

    def _peripheral(self, address: str) -> VirtualPeripheral:
        for peripheral in self._peripherals:
            if peripheral.address.casefold() == address.casefold():
                return peripheral
        raise ValueError(f"Expected the address of a sensor on the air, got {address!r}")

    async def close(self) -> None:
        """Take everything off the air."""
        for server in self._servers:
            await server.close()
        for peripheral in self._peripherals:
            await peripheral.close()
        self._servers.clear()
        self._peripherals.clear()
