"""What a virtual sensor is to the virtual radio: services, handlers, an advertisement.

Free of any radio library, so that sensor models in `imuhip.simulation` need none either. A model
offers `GattModel`; once on the air it is handed a `PeripheralPort` to speak through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Protocol, runtime_checkable

__all__ = [
    "AttributeRefusedError",
    "AttributeStatus",
    "Beacon",
    "GattCharacteristic",
    "GattModel",
    "GattService",
    "OffersBonds",
    "PeripheralPort",
    "Property",
    "SwitchesOff",
]


class Property(IntFlag):
    """What a characteristic allows, in the bits Bluetooth uses."""

    READ = 0x02
    WRITE_WITHOUT_RESPONSE = 0x04
    WRITE = 0x08
    NOTIFY = 0x10
    INDICATE = 0x20


class AttributeStatus(IntEnum):
    """Attribute protocol errors a model may answer with."""

    INSUFFICIENT_AUTHENTICATION = 0x05
    INVALID_LENGTH = 0x0D
    UNLIKELY = 0x0E
    VALUE_NOT_ALLOWED = 0x13
    NOT_CONFIGURED = 0xFD
    BUSY = 0xFE


class AttributeRefusedError(Exception):
    """Raised by a handler: the peer receives an error response with this status."""

    def __init__(self, status: AttributeStatus) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True)
class GattCharacteristic:
    """One characteristic.

    Parameters
    ----------
    uuid : str
        128-bit, lower case.
    properties : Property
        What is allowed; subscriptions are kept by the radio.
    read : callable, optional
        Returns the value.
    write : callable, optional
        Takes the value; may raise `AttributeRefusedError`.
    subscribed : callable, optional
        Told whether the peer now listens.
    protected : bool
        Whether writing, and listening, need a link encrypted with a bond; the model is then an
        `OffersBonds`.
    """

    uuid: str
    properties: Property
    read: Callable[[], bytes] | None = None
    write: Callable[[bytes], None] | None = None
    subscribed: Callable[[bool], None] | None = None
    protected: bool = False


@dataclass(frozen=True)
class GattService:
    """One primary service."""

    uuid: str
    characteristics: tuple[GattCharacteristic, ...]


@dataclass(frozen=True)
class Beacon:
    """What a peripheral advertises while nobody is connected."""

    name: str
    service_uuids: tuple[str, ...] = ()
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    interval_s: float = 0.1


class PeripheralPort(Protocol):
    """How a model on the air reaches its peer."""

    @property
    def mtu(self) -> int:
        """Return the ATT MTU in bytes; 23 without a connection."""
        ...

    @property
    def is_connected(self) -> bool:
        """Return whether a peer is connected."""
        ...

    @property
    def is_protected(self) -> bool:
        """Return whether the link is encrypted with a bond."""
        ...

    @property
    def queued_packets(self) -> int:
        """Return how many packets the controller has taken but not delivered."""
        ...

    def is_subscribed(self, uuid: str) -> bool:
        """Return whether the peer listens to a characteristic."""
        ...

    def notify(self, uuid: str, data: bytes) -> bool:
        """Send a notification.

        Returns False, and sends nothing, without a listener or with the controller's queue full.

        Raises
        ------
        ValueError
            When `data` does not fit the MTU.
        """
        ...

    def indicate(self, uuid: str, data: bytes) -> None:
        """Queue an indication; indications leave one after the other, each after its confirmation.

        Nothing is sent without a listener.
        """
        ...

    def disconnect(self) -> None:
        """Close the connection from the sensor's side."""
        ...


@runtime_checkable
class OffersBonds(Protocol):
    """A model with protected characteristics. Its stack keeps the keys, it decides on new ones."""

    def accepts_pairing(self, n_bonds: int) -> bool:
        """Return whether a peer may pair now, `n_bonds` being kept already."""
        ...


class GattModel(Protocol):
    """A sensor as the radio sees it. All methods run on the radio's event loop."""

    @property
    def address(self) -> str:
        """Return the static random address, ``"C0:..."`` to ``"FF:..."``."""
        ...

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise."""
        ...

    @property
    def largest_mtu(self) -> int:
        """Return the largest ATT MTU the sensor agrees to."""
        ...

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the services to offer."""
        ...

    def on_air(self, port: PeripheralPort) -> None:
        """Take the port to speak through."""
        ...

    def on_connected(self) -> None:
        """Learn that a peer connected."""
        ...

    def on_disconnected(self) -> None:
        """Learn that the link is gone."""
        ...


@runtime_checkable
class SwitchesOff(Protocol):
    """A model that may be off, and then does not advertise."""

    @property
    def is_off(self) -> bool:
        """Return whether it is off."""
        ...
