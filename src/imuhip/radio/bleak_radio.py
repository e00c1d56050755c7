"""`imuhip.core.link.Radio` on Bleak, over the operating system's stack or any other backend."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from bleak import BleakClient, BleakScanner
from bleak.args.bluez import BlueZClientArgs, BlueZScannerArgs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner

from imuhip.core.link import Advertisement, NotifyCallback
from imuhip.errors import BondError, SensorLostError
from imuhip.radio.bond_store import BondStore
from imuhip.radio.faults import bond_refusals, translated

__all__ = ["BleakLink", "BleakRadio"]

_SMALLEST_MTU = 23
_ATT_HEADER_BYTES = 3
_LATE_S = 5.0
"""How long a backend may overrun the time-out it was given before it is cut off."""


class BleakRadio:
    """An adapter that scans and makes links through Bleak.

    Parameters
    ----------
    client_backend, scanner_backend : type, optional
        Bleak backends; the operating system's by default.
    name : str
        A short description for people.
    on_close : callable, optional
        Awaited by `close`, to release what the backends stand on.
    bonds : BondStore, optional
        Remembers with which sensors there is a bond; in memory by default.
    adapter : str, optional
        Which of the system's adapters, such as ``"hci1"``; BlueZ alone lets choose.
    """

    def __init__(
        self,
        client_backend: type[BaseBleakClient] | None = None,
        scanner_backend: type[BaseBleakScanner] | None = None,
        *,
        name: str = "auto",
        on_close: Callable[[], Awaitable[None]] | None = None,
        bonds: BondStore | None = None,
        adapter: str | None = None,
    ) -> None:
        self.bonds = bonds or BondStore()
        self._scanner_bluez: BlueZScannerArgs = {} if adapter is None else {"adapter": adapter}
        self._client_bluez: BlueZClientArgs = {} if adapter is None else {"adapter": adapter}
        self._client_backend = client_backend
        self._scanner_backend = scanner_backend
        self._name = name
        self._on_close = on_close
        # Scanning while connecting, or connecting twice at once, fails on several stacks.
        self._busy = asyncio.Lock()
        self._devices: dict[str, BLEDevice] = {}

    @property
    def name(self) -> str:
        """Return a short description for people."""
        return self._name

    async def scan(
        self,
        timeout_s: float,
        *,
        on_seen: Callable[[Advertisement], None] | None = None,
        stop_when: Callable[[Mapping[str, Advertisement]], bool] | None = None,
    ) -> dict[str, Advertisement]:
        """Listen for advertisements and return the newest of each address.

        Raises
        ------
        BluetoothUnavailableError
            When there is no usable adapter.
        """
        seen: dict[str, Advertisement] = {}
        enough = asyncio.Event()

        def on_detection(device: BLEDevice, data: AdvertisementData) -> None:
            advertisement = _advertisement(device, data)
            self._devices[device.address.upper()] = device
            seen[device.address] = advertisement
            if on_seen is not None:
                on_seen(advertisement)
            if stop_when is not None and stop_when(seen):
                enough.set()

        async with self._busy:
            with translated("scanning"):
                scanner = BleakScanner(
                    on_detection, bluez=self._scanner_bluez, backend=self._scanner_backend
                )
                await scanner.start()
                try:
                    await _wait(enough, timeout_s)
                finally:
                    await scanner.stop()
        return seen

    def link(self, address: str, on_lost: Callable[[], None]) -> BleakLink:
        """Return an unconnected link; `on_lost` runs when an established one breaks unasked."""
        return BleakLink(self, address, on_lost)

    async def close(self) -> None:
        """Release the adapter."""
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            await on_close()

    async def connect_client(
        self, address: str, timeout_s: float, on_disconnected: Callable[[BleakClient], None]
    ) -> BleakClient:
        """Return a connected client; one at a time, for `BleakLink`."""
        async with self._busy:
            with translated(f"connecting to {address}"):
                client = BleakClient(
                    self._devices.get(address.upper(), address),
                    on_disconnected,
                    timeout=timeout_s,
                    bluez=self._client_bluez,
                    backend=self._client_backend,
                )
                async with asyncio.timeout(timeout_s + _LATE_S):
                    await client.connect()
        return client


class BleakLink:
    """A GATT connection to one sensor; see `imuhip.core.link.Link`."""

    def __init__(self, radio: BleakRadio, address: str, on_lost: Callable[[], None]) -> None:
        self._radio = radio
        self._address = address
        self._on_lost = on_lost
        self._client: BleakClient | None = None

    @property
    def address(self) -> str:
        """Return the address this link connects to."""
        return self._address

    @property
    def is_connected(self) -> bool:
        """Return whether the radio believes the link to be up."""
        return self._client is not None and self._client.is_connected

    @property
    def mtu(self) -> int:
        """Return the negotiated ATT MTU in bytes; 23 while unknown."""
        if self._client is None or not self._client.is_connected:
            return _SMALLEST_MTU
        # BlueZ answers `mtu_size` with 23 always, but knows what fits a write.
        largest = max(
            (
                characteristic.max_write_without_response_size
                for characteristic in self._client.services.characteristics.values()
            ),
            default=0,
        )
        return max(_SMALLEST_MTU, largest + _ATT_HEADER_BYTES)

    async def connect(self, timeout_s: float) -> None:
        """Connect and discover services; may be called again after a loss.

        Raises
        ------
        SensorNotFoundError
            When no sensor with this address was ever seen.
        ConnectError
            When it does not answer in time or refuses.
        BluetoothUnavailableError
            When there is no usable adapter.
        """
        if self.is_connected:
            return
        self._client = await self._radio.connect_client(
            self._address, timeout_s, self._on_disconnected
        )

    async def disconnect(self) -> None:
        """Close the connection; does nothing when there is none."""
        client, self._client = self._client, None
        if client is not None:
            with translated(f"disconnecting from {self._address}"):
                await client.disconnect()

    def has_bond(self, serial: str) -> bool:
        """Return whether a bond with the sensor of this serial number was made before."""
        return serial in self._radio.bonds

    async def secure(self, serial: str) -> None:
        """Encrypt the connection with the sensor's bond; make the bond when there is none.

        Operating systems keep keys themselves and encrypt a bonded link by themselves; asked to
        pair with a sensor they know, they do nothing.

        Raises
        ------
        BondError
            When the sensor does not hold the key of its bond, or refuses to pair.
        """
        client = self._connected()
        bonds = self._radio.bonds
        elsewhere = bonds.address(serial)
        if elsewhere.casefold() not in ("", self._address.casefold()) and not bonds.keys(serial):
            # The system knows bonds by address, and would pair with a stranger as with anybody.
            raise BondError(
                f"{serial} at {self._address}: the bond with this serial number was made at"
                f" {elsewhere}; nothing of it is recorded",
                hint=f"a stranger may imitate it. If it is your sensor, imuhip forget {serial}",
            )
        with (
            translated(f"bonding with {self._address}"),
            bond_refusals(serial, self._address),
            suppress(NotImplementedError),  # macOS pairs at the first protected access
        ):
            await client.pair(serial=serial)
        if serial not in bonds:
            bonds.remember(serial, self._address)

    async def read(self, uuid: str) -> bytes:
        """Read a characteristic."""
        with translated(f"reading from {self._address}"):
            return bytes(await self._connected().read_gatt_char(uuid))

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        """Write a characteristic; in the one way it can be written, where it offers but one."""
        with translated(f"writing to {self._address}"):
            client = self._connected()
            offered = client.services.get_characteristic(uuid)
            ways = set() if offered is None else set(offered.properties)
            ways &= {"write", "write-without-response"}
            if len(ways) == 1:
                response = ways == {"write"}
            await client.write_gatt_char(uuid, data, response=response)

    async def subscribe(self, uuid: str, callback: NotifyCallback) -> None:
        """Enable notifications or indications; the callback runs on the loop's thread."""

        def on_value(_characteristic: BleakGATTCharacteristic, value: bytearray) -> None:
            callback(bytes(value))

        with translated(f"subscribing to {self._address}"):
            await self._connected().start_notify(uuid, on_value)

    async def unsubscribe(self, uuid: str) -> None:
        """Disable them again."""
        with translated(f"unsubscribing from {self._address}"):
            await self._connected().stop_notify(uuid)

    def _connected(self) -> BleakClient:
        if self._client is None or not self._client.is_connected:
            raise SensorLostError(
                f"{self._address}: not connected",
                hint="bring the sensor nearer; imuhip reconnects by itself while recording",
            )
        return self._client

    def _on_disconnected(self, client: BleakClient) -> None:
        if client is self._client:
            self._client = None
            self._on_lost()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return


def _advertisement(device: BLEDevice, data: AdvertisementData) -> Advertisement:
    return Advertisement(
        address=device.address,
        name=data.local_name or device.name or "",
        rssi_dbm=data.rssi,
        service_uuids=tuple(uuid.lower() for uuid in data.service_uuids),
        manufacturer_data=dict(data.manufacturer_data),
    )
