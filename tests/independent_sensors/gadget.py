"""A peripheral on stock bumble: advertises, has characteristics, feels what can be compared."""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from bumble import att, core, hci
from bumble.controller import Controller
from bumble.device import Device, DeviceConfiguration
from bumble.gatt import Characteristic, Service
from bumble.host import Host
from bumble.link import LocalLink

__all__ = ["Gadget", "company", "full_name", "services_128"]

PROPERTIES = {
    "read": Characteristic.Properties.READ,
    "write": Characteristic.Properties.WRITE,
    "command": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Characteristic.Properties.NOTIFY,
    "indicate": Characteristic.Properties.INDICATE,
}
AD = core.AdvertisingData
N_TRUTH = 20_000
"""More samples than a test lasts."""


def full_name(text: str) -> tuple[int, bytes]:
    return AD.COMPLETE_LOCAL_NAME, text.encode()


def company(number: int, data: bytes) -> tuple[int, bytes]:
    return AD.MANUFACTURER_SPECIFIC_DATA, struct.pack("<H", number) + data


def services_128(*uuids: str) -> tuple[int, bytes]:
    data = b"".join(core.UUID(uuid).to_bytes() for uuid in uuids)
    return AD.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, data


class Gadget:
    """What all of these sensors have.

    Subclasses fill `advertised`, `answered` (the scan response) and `table`, and call `feel` for
    the next motion: every number differs, so that a lost or a swapped one cannot hide.
    """

    address = "C0:FF:EE:00:00:01"
    mtu = 247
    battery: int | None = 73
    information: ClassVar[dict[int, str]] = {}
    rate_error = 0.0

    def __init__(self, **differences: object) -> None:
        for name, value in differences.items():
            if not hasattr(self, name):
                raise ValueError(f"Expected an attribute of {type(self).__name__}, got {name!r}")
            setattr(self, name, value)
        self.told: list[tuple[str, bytes]] = []
        """What was written to it."""
        self._characteristics: dict[str, Characteristic] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._connection = None
        self._anchor_s = 0.0
        rng = np.random.default_rng(int(self.address[-2:], 16))
        self.acc = rng.uniform(-35, 35, (N_TRUTH, 3))
        self.gyr = rng.uniform(-15, 15, (N_TRUTH, 3))
        """What it feels, m/s² and rad/s."""

    # -- to be said by each model -----------------------------------------------------------------

    def advertised(self) -> list[tuple[int, bytes]]:
        return []

    def answered(self) -> list[tuple[int, bytes]]:
        return []

    def table(self) -> list[Service]:
        return []

    def connected(self) -> None:
        """Somebody is there."""

    def gone(self) -> None:
        self.stop_all()

    # -- GATT -------------------------------------------------------------------------------------

    def has(
        self,
        uuid: str,
        properties: str,
        read: Callable[[], bytes] | None = None,
        write: Callable[[bytes], None] | None = None,
        listened: Callable[[bool], None] | None = None,
    ) -> Characteristic:
        flags = Characteristic.Properties(0)
        for word in properties.split():
            flags |= PROPERTIES[word]

        def on_read(_connection: object) -> bytes:
            assert read is not None
            return read()

        def on_write(_connection: object, value: bytes) -> None:
            self.told.append((uuid, bytes(value)))
            if write is not None:
                write(bytes(value))

        characteristic = Characteristic(
            core.UUID(uuid),
            flags,
            Characteristic.READABLE | Characteristic.WRITEABLE,
            att.AttributeValue(read=on_read if read else None, write=on_write),
        )
        if listened is not None:
            characteristic.on(
                characteristic.EVENT_SUBSCRIPTION,
                lambda _bearer, notify, indicate: listened(bool(notify or indicate)),
            )
        self._characteristics[uuid] = characteristic
        return characteristic

    def say(self, uuid: str, data: bytes) -> None:
        """Notify; nothing happens while nobody listens."""
        if self._connection is None:
            return
        assert len(data) <= self._connection.att_mtu - 3, "longer than the MTU"
        server = self.device.gatt_server
        listeners = server.subscribers.get(self._connection, {})
        if any(listeners.get(self._characteristics[uuid].handle, b"")):
            self._spawn(
                server.notify_subscriber(self._connection, self._characteristics[uuid], data)
            )

    def indicate(self, uuid: str, data: bytes, after_s: float = 0.0) -> None:
        connection = self._connection

        async def send() -> None:
            await asyncio.sleep(after_s)
            await self.device.gatt_server.indicate_subscriber(
                connection, self._characteristics[uuid], data
            )

        self._spawn(send())

    def later(self, after_s: float, call: Callable[..., None], *arguments: object) -> None:
        asyncio.get_running_loop().call_later(after_s, call, *arguments)

    def refuse(self, code: int = 0x13) -> None:
        """Answer a write with an error."""
        raise att.ATT_Error(code)

    # -- motion -----------------------------------------------------------------------------------

    def feel(self, first: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, 3) m/s² and rad/s."""
        return self.acc[first : first + n], self.gyr[first : first + n]

    def sampling(self, rate_hz: float, batch: int, take: Callable[[int, float], None]) -> None:
        """Call `take` with the number of the first of `batch` samples, and its loop time.

        All streams sample on one grid, which begins with the first.
        """

        async def run() -> None:
            loop = asyncio.get_running_loop()
            period_s = 1 / (rate_hz * (1 + self.rate_error))
            self._anchor_s = self._anchor_s or loop.time()
            first = math.ceil((loop.time() - self._anchor_s) / period_s - 1e-6)
            while True:
                first_s = self._anchor_s + first * period_s
                wait_s = first_s + (batch - 1) * period_s - loop.time()
                await asyncio.sleep(max(0.0, wait_s))
                take(first, first_s)
                first += batch

        self._tasks.append(asyncio.create_task(run()))

    def stop_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    # -- life -------------------------------------------------------------------------------------

    async def switch_on(self, link: LocalLink) -> None:
        self.controller = Controller(self.address, link=link)
        config = DeviceConfiguration(
            name="",
            address=hci.Address(self.address),
            advertising_data=bytes(AD([(AD.FLAGS, b"\x06"), *self.advertised()])),
            scan_response_data=bytes(AD(self.answered())),
            advertising_interval_min=100.0,
            advertising_interval_max=100.0,
        )
        self.device = Device(config=config, host=Host())
        self.device.host.set_packet_sink(self.controller)
        self.controller.host = self.device.host
        self.device.gatt_server.max_mtu = self.mtu
        for service in [*self.table(), *self._standard()]:
            self.device.add_service(service)
        self.device.on("connection", self._on_connection)
        await self.device.power_on()
        await self.device.start_advertising()

    def switch_off(self) -> None:
        self.stop_all()
        self.controller.le_legacy_advertiser.stop()
        for each in self.controller.advertising_sets.values():
            each.stop()

    def _standard(self) -> list[Service]:
        services = []
        if self.battery is not None:
            level = self.has("2A19", "read notify", lambda: bytes((self.battery or 0,)))
            services.append(Service(core.UUID("180F"), [level]))
        if self.information:
            texts = [
                self.has(f"{number:04X}", "read", lambda text=text: text.encode())
                for number, text in self.information.items()
            ]
            services.append(Service(core.UUID("180A"), texts))
        return services

    def _on_connection(self, connection: object) -> None:
        self._connection = connection
        connection.on("disconnection", lambda _reason: self._on_disconnection())
        self.connected()

    def _on_disconnection(self) -> None:
        self._connection = None
        self.gone()
        self._spawn(self.device.start_advertising())

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
