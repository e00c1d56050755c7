"""What a sensor driver and the acquisition may ask of a radio, in words free of any library.

``radio/`` implements these Protocols on Bleak; ``sensors/`` drivers only ever see a `Link`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Advertisement", "Link", "NotifyCallback", "Radio"]

NotifyCallback = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Advertisement:
    """One sensor's newest advertisement, as seen while scanning.

    Parameters
    ----------
    address : str
        What to connect to: a MAC address, or the operating system's own identifier on macOS.
    name : str
        Local name, empty when not advertised.
    rssi_dbm : int
        Received signal strength.
    service_uuids : tuple of str
        128-bit UUIDs in lower case.
    manufacturer_data : mapping of int to bytes
        By Bluetooth company identifier.
    """

    address: str
    name: str
    rssi_dbm: int
    service_uuids: tuple[str, ...] = ()
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)


class Link(Protocol):
    """A GATT connection to one sensor, which may come and go.

    Every method raises `imuhip.errors.DeviceError` (or a child) and nothing of the library below.
    UUIDs are 128-bit strings.
    """

    @property
    def address(self) -> str:
        """Return the address this link connects to."""
        ...

    @property
    def is_connected(self) -> bool:
        """Return whether the radio believes the link to be up."""
        ...

    @property
    def mtu(self) -> int:
        """Return the negotiated ATT MTU in bytes; 23 while unknown."""
        ...

    async def connect(self, timeout_s: float) -> None:
        """Connect and discover services; may be called again after a loss."""
        ...

    async def disconnect(self) -> None:
        """Close the connection; does nothing when there is none."""
        ...

    def has_bond(self, serial: str) -> bool:
        """Return whether a bond with the sensor of this serial number was made before."""
        ...

    async def secure(self, serial: str) -> None:
        """Encrypt the connection with the sensor's bond; make the bond when there is none.

        A bond is made once. A sensor that does not hold the key of the bond made with its serial
        number is refused with `imuhip.errors.BondError`, and never paired with anew by itself.
        """
        ...

    async def read(self, uuid: str) -> bytes:
        """Read a characteristic."""
        ...

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        """Write a characteristic."""
        ...

    async def subscribe(self, uuid: str, callback: NotifyCallback) -> None:
        """Enable notifications or indications; the callback runs on the loop's thread."""
        ...

    async def unsubscribe(self, uuid: str) -> None:
        """Disable them again."""
        ...


class Radio(Protocol):
    """A Bluetooth adapter: scans, and makes links."""

    @property
    def name(self) -> str:
        """Return a short description for people, such as ``"hci:tcp-client:127.0.0.1:9000"``."""
        ...

    async def scan(
        self,
        timeout_s: float,
        *,
        on_seen: Callable[[Advertisement], None] | None = None,
        stop_when: Callable[[Mapping[str, Advertisement]], bool] | None = None,
    ) -> dict[str, Advertisement]:
        """Listen for advertisements and return the newest of each address.

        `stop_when` is asked after each advertisement and ends the scan early.
        """
        ...

    def link(self, address: str, on_lost: Callable[[], None]) -> Link:
        """Return an unconnected link; `on_lost` runs when an established one breaks unasked."""
        ...

    async def close(self) -> None:
        """Release the adapter."""
        ...
