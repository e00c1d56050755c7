"""The space between virtual controllers: one bumble link, with the faults real air has.

What the stock link lacks is added here: supervision time-outs, fading, connection intervals. What
operating systems do to notifications can be asked for by address; see
`imuhip.radio.disturbances`.
"""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from bumble import core, link, ll

from imuhip.radio.disturbances import Disturbance, Losing, Repeating
from imuhip.radio.virtual_controller import VirtualController

__all__ = ["Air"]

_CONNECTION_TIMEOUT: Final = 0x08
_ATT_NOTIFICATION: Final = 0x1B
_NOTIFICATION_HEAD: Final = struct.Struct("<HHBH")
"""L2CAP length and channel, ATT operation and handle."""
_ATT_CHANNEL: Final = 4
_ATT_HEAD_BYTES: Final = 3


class Air(link.LocalLink):  # type: ignore[misc]  # bumble is untyped here
    """A link that fades, breaks and keeps time.

    Parameters
    ----------
    connection_interval_s : float
        Data crosses only at multiples of it, as on a real link; 0 delivers at once.
    """

    def __init__(self, *, connection_interval_s: float = 0.0) -> None:
        super().__init__()
        self.connection_interval_s = connection_interval_s
        self._by_address: dict[Any, VirtualController] = {}
        self._silent: set[VirtualController] = set()
        self._timers: dict[VirtualController, list[asyncio.TimerHandle]] = {}
        self._supervision_s: dict[frozenset[str], float] = {}
        self._rssi_dbm: dict[str, int] = {}
        self._disturbances: defaultdict[str, list[Disturbance]] = defaultdict(list)
        self._in_flight: defaultdict[Any, deque[Callable[[], None]]] = defaultdict(deque)

    # ---- faults -----------------------------------------------------------------------------

    def lose(self, address: str) -> None:
        """Let a peripheral vanish: silence now, a broken link after the supervision time-out.

        Until then packets wait in the senders' buffers, which is what a short fade looks like.
        """
        silent = self._controller(address)
        if silent in self._silent:
            return
        self._silent.add(silent)
        loop = asyncio.get_running_loop()
        self._timers[silent] = [
            loop.call_later(self._supervision(acl), self._break, silent, acl)
            for acl in silent.le_connections.values()
        ]

    def regain(self, address: str) -> None:
        """Let it come back; packets that waited are delivered."""
        back = self._controller(address)
        self._silent.discard(back)
        for timer in self._timers.pop(back, []):
            timer.cancel()
        for acl in list(back.le_connections.values()):
            if not self._peer_holds(acl):
                back.on_le_disconnected(acl, _CONNECTION_TIMEOUT)
        for other in self.controllers:
            other.resume()

    def disturb(self, address: str, disturbance: Disturbance) -> None:
        """Let every notification from a peripheral pass through a disturbance, from now on."""
        self._disturbances[address.upper()].append(disturbance)

    def calm(self, address: str) -> None:
        """End all disturbances of a peripheral's notifications."""
        self._disturbances.pop(address.upper(), None)

    def drop_notifications(self, address: str, count: int) -> None:
        """Let the next notifications from a peripheral vanish, as a busy host's stack does."""
        self.disturb(address, Losing(1.0, count=count))

    def repeat_notifications(self, address: str, count: int) -> None:
        """Deliver the next notifications twice, as BlueZ does after a link loss."""
        self.disturb(address, Repeating(1.0, count=count))

    def set_rssi(self, address: str, rssi_dbm: int) -> None:
        """Set how strongly a peripheral is received."""
        self._rssi_dbm[address.upper()] = rssi_dbm

    # ---- what controllers ask ---------------------------------------------------------------

    def rssi_dbm(self, address: Any) -> int:
        """Return how strongly an advertiser is received."""
        return self._rssi_dbm.get(_text(address), -50)

    def scan_response(self, address: Any) -> bytes:
        """Return the scan response of the advertiser at `address`."""
        advertiser = self.find_le_controller(address)
        return (
            b"" if advertiser is None else bytes(advertiser.le_legacy_advertiser.scan_response_data)
        )

    def is_broken(self, acl: Any) -> bool:
        """Return whether either end of a connection cannot be reached."""
        return bool(self._silent) and (
            acl.controller in self._silent
            or self.find_le_controller(acl.peer_address) in self._silent
        )

    # ---- the link ---------------------------------------------------------------------------

    def on_address_changed(self, controller: Any) -> None:
        """Forget who had which address."""
        self._by_address.clear()

    def add_controller(self, controller: Any) -> None:
        """Put a controller on the air."""
        super().add_controller(controller)
        self._by_address.clear()

    def remove_controller(self, controller: Any) -> None:
        """Take a controller off the air."""
        super().remove_controller(controller)
        self._silent.discard(controller)
        for timer in self._timers.pop(controller, []):
            timer.cancel()
        self._by_address.clear()

    def find_le_controller(self, address: Any) -> VirtualController | None:
        """Return the controller with an address; asked for every packet, hence the table."""
        if not self._by_address:
            for each in self.controllers:
                self._by_address[each.public_address] = each
                self._by_address[each.random_address] = each
        return self._by_address.get(address)

    def send_advertising_pdu(self, sender_controller: Any, packet: Any) -> None:
        """Deliver an advertisement to those who listen, a connection request to its addressee."""
        if sender_controller in self._silent:
            return
        loop = asyncio.get_running_loop()
        if isinstance(packet, ll.ConnectInd):
            ends = frozenset((_text(packet.initiator_address), _text(packet.advertiser_address)))
            self._supervision_s[ends] = packet.timeout * 0.01
            addressee = self.find_le_controller(packet.advertiser_address)
            if addressee is not None and addressee not in self._silent:
                loop.call_soon(addressee.on_ll_advertising_pdu, packet)
            return
        for listener in self.controllers:
            wants = listener.le_scan_enable or listener.pending_le_connection
            if wants and listener is not sender_controller and listener not in self._silent:
                loop.call_soon(listener.on_ll_advertising_pdu, packet)

    def send_ll_control_pdu(self, sender_address: Any, receiver_address: Any, packet: Any) -> None:
        """Deliver a link-layer message; one to somebody gone is lost, as in reality."""
        receiver = self.find_le_controller(receiver_address)
        sender = self.find_le_controller(sender_address)
        if receiver is None or receiver in self._silent or sender in self._silent:
            return
        if sender_address in receiver.le_connections:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._deliver_control, receiver, sender_address, packet)

    def send_acl_data(
        self, sender_controller: Any, destination_address: Any, transport: Any, data: bytes
    ) -> None:
        """Deliver data under the address the connection was made with, in order."""
        receiver = self.find_le_controller(destination_address)
        acl = sender_controller.le_connections.get(destination_address)
        if receiver is None or acl is None or transport != core.PhysicalTransport.LE:
            return
        source = acl.self_address
        for arriving in self._arriving(source, data):

            def deliver(arriving: bytes = arriving) -> None:
                receiver.on_link_acl_data(source, transport, arriving)

            self._schedule(acl, deliver)

    def _arriving(self, source: Any, data: bytes) -> Sequence[bytes]:
        """Return what arrives in place of a packet; only notifications are disturbed."""
        disturbances = self._disturbances.get(_text(source)) if self._disturbances else None
        if not disturbances or len(data) < _NOTIFICATION_HEAD.size:
            return (data,)
        _length, channel, operation, handle = _NOTIFICATION_HEAD.unpack_from(data)
        if (channel, operation) != (_ATT_CHANNEL, _ATT_NOTIFICATION):
            return (data,)
        values = [bytes(data[_NOTIFICATION_HEAD.size :])]
        for disturbance in disturbances:
            values = [arriving for value in values for arriving in disturbance(value)]
        return [
            _NOTIFICATION_HEAD.pack(_ATT_HEAD_BYTES + len(value), channel, operation, handle)
            + value
            for value in values
        ]

    def _schedule(self, acl: Any, deliver: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        interval_s = self.connection_interval_s
        if interval_s <= 0:
            loop.call_soon(deliver)
            return
        queue = self._in_flight[id(acl)]
        queue.append(deliver)
        if len(queue) == 1:
            next_event = (loop.time() // interval_s + 1) * interval_s
            loop.call_at(next_event, self._connection_event, acl)

    def _connection_event(self, acl: Any) -> None:
        for deliver in self._in_flight.pop(id(acl), ()):
            deliver()

    @staticmethod
    def _deliver_control(receiver: Any, sender_address: Any, packet: Any) -> None:
        if sender_address in receiver.le_connections:
            receiver.on_ll_control_pdu(sender_address, packet)

    def _controller(self, address: str) -> VirtualController:
        wanted = address.upper()
        for candidate in self.controllers:
            if _text(candidate.random_address) == wanted:
                found: VirtualController = candidate
                return found
        raise ValueError(f"Expected the address of a peripheral on the air, got {address!r}")

    def _supervision(self, acl: Any) -> float:
        ends = frozenset((_text(acl.self_address), _text(acl.peer_address)))
        return self._supervision_s.get(ends, 2.0)

    def _peer_holds(self, acl: Any) -> bool:
        """Return whether the other end still has the connection: it may have given up meanwhile."""
        peer = self.find_le_controller(acl.peer_address)
        return peer is not None and acl.self_address in peer.le_connections

    def _break(self, silent: VirtualController, acl: Any) -> None:
        peer = self.find_le_controller(acl.peer_address)
        if peer is not None and acl.self_address in peer.le_connections:
            peer.on_le_disconnected(peer.le_connections[acl.self_address], _CONNECTION_TIMEOUT)
        silent.on_le_disconnected(acl, _CONNECTION_TIMEOUT)


def _text(address: Any) -> str:
    return str(address.to_string(with_type_qualifier=False)).upper()
