"""The space between virtual controllers: one bumble link, with the faults real air has.

What the stock link lacks is added here: supervision time-outs, fading, connection intervals,
cancelling a connection attempt, scan responses, flow control that follows delivery. What operating
systems do to notifications (losing some, repeating some) can be asked for by address.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, Final

from bumble import controller, core, hci, link, ll

__all__ = ["Air", "VirtualController"]

_CONNECTION_TIMEOUT: Final = 0x08
_UNKNOWN_CONNECTION: Final = 0x02
_REMOTE_USER_TERMINATED: Final = 0x13
_ATT_NOTIFICATION: Final = 0x1B
_L2CAP_HEADER_BYTES: Final = 4
_UNSUPPORTED: Final = (
    hci.LeFeatureMask.LL_PRIVACY
    | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
)


class VirtualController(controller.Controller):  # type: ignore[misc]  # bumble is untyped here
    """A controller whose radio is an `Air`."""

    le_acl_data_packet_length = 251
    total_num_le_acl_data_packets = 12
    supported_max_tx_octets = 251
    supported_max_rx_octets = 251
    suggested_max_tx_octets = 251
    pending_le_connection: Any
    # Legacy advertising only: the emulation of the extended one never sends the enhanced connection
    # event that hosts then wait for.
    le_features = controller.Controller.le_features & ~_UNSUPPORTED

    def __init__(self, name: str, air: Air, address: str) -> None:
        super().__init__(name, link=air, public_address=hci.Address(f"{address}/P"))
        self.random_address = hci.Address(address)
        self._air = air
        self._waiting: defaultdict[int, deque[Any]] = defaultdict(deque)

    # The stock methods format every packet for a debug log, which costs more than handling it.
    def on_hci_packet(self, packet: Any) -> None:
        """Handle a packet from the host."""
        if isinstance(packet, hci.HCI_Command):
            self.on_hci_command_packet(packet)
        elif isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)

    def send_hci_packet(self, packet: Any) -> None:
        """Send a packet to the host."""
        if self.host:
            asyncio.get_running_loop().call_soon(self.host.on_packet, bytes(packet))

    def on_hci_acl_data_packet(self, packet: Any) -> None:
        """Transmit, or keep the packet (and its buffer) while the peer cannot be reached."""
        acl = self.find_le_connection_by_handle(packet.connection_handle)
        if acl is None:
            return
        if self._waiting.get(acl.handle) or self._air.is_broken(acl):
            self._waiting[acl.handle].append(packet)
        else:
            acl.on_hci_acl_data_packet(packet)

    def resume(self) -> None:
        """Transmit what waited for the peer to come back."""
        waiting, self._waiting = self._waiting, defaultdict(deque)
        for packets in waiting.values():
            for packet in packets:
                self.on_hci_acl_data_packet(packet)

    def on_le_disconnected(self, connection: Any, reason: int) -> None:
        """Tell the host that a connection is gone, once."""
        if self.le_connections.get(connection.peer_address) is connection:
            self._waiting.pop(connection.handle, None)
            super().on_le_disconnected(connection, reason)

    def on_link_acl_data(self, sender_address: Any, transport: Any, data: bytes) -> None:
        """Hand arriving data to the host; data for a connection just gone is dropped."""
        acl = self.le_connections.get(sender_address)
        if acl is not None:
            packet = hci.HCI_AclDataPacket(acl.handle, 2, 0, len(data), data)
            self.send_hci_packet(packet)

    def on_hci_le_create_connection_cancel_command(self, _command: Any) -> Any:
        """Give up the pending connection; stock bumble leaves it pending for ever."""
        pending: Any = self.pending_le_connection
        self.pending_le_connection = None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        event = hci.HCI_LE_Connection_Complete_Event(
            status=_UNKNOWN_CONNECTION,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_reset_command(self, command: Any) -> Any:
        """Forget all connections: the host starts anew, perhaps as another process."""
        self.drop_connections()
        return super().on_hci_reset_command(command)

    def drop_connections(self) -> None:
        """Close every connection and stop scanning, as a controller does that loses its host."""
        for acl in list(self.le_connections.values()):
            acl.send_ll_control_pdu(ll.TerminateInd(_REMOTE_USER_TERMINATED))
            del self.le_connections[acl.peer_address]
        self._waiting.clear()
        self.pending_le_connection = None
        self.le_scan_enable = False

    def on_advertising_pdu(self, pdu: Any) -> None:
        """Report an advertisement and its scan response, and connect when asked to."""
        if self.le_scan_enable:
            kinds = hci.HCI_LE_Advertising_Report_Event.EventType
            response = self._air.scan_response(pdu.advertiser_address)
            for kind, data in ((kinds.ADV_IND, pdu.data), (kinds.SCAN_RSP, response)):
                report = hci.HCI_LE_Advertising_Report_Event.Report(
                    event_type=kind,
                    address_type=pdu.advertiser_address.address_type,
                    address=pdu.advertiser_address,
                    data=data,
                    rssi=self._air.rssi_dbm(pdu.advertiser_address),
                )
                self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))
        pending = self.pending_le_connection
        if pending and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)


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
        self._to_drop: defaultdict[str, int] = defaultdict(int)
        self._to_repeat: defaultdict[str, int] = defaultdict(int)
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

    def drop_notifications(self, address: str, count: int) -> None:
        """Let the next notifications from a peripheral vanish, as a busy host's stack does."""
        self._to_drop[address.upper()] += count

    def repeat_notifications(self, address: str, count: int) -> None:
        """Deliver the next notifications twice, as BlueZ does after a link loss."""
        self._to_repeat[address.upper()] += count

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
        for _ in range(self._copies(source, data)):

            def deliver() -> None:
                receiver.on_link_acl_data(source, transport, data)

            self._schedule(acl, deliver)

    def _copies(self, source: Any, data: bytes) -> int:
        if not (self._to_drop or self._to_repeat):
            return 1
        if len(data) <= _L2CAP_HEADER_BYTES or data[_L2CAP_HEADER_BYTES] != _ATT_NOTIFICATION:
            return 1
        address = _text(source)
        if self._to_drop[address]:
            self._to_drop[address] -= 1
            return 0
        if self._to_repeat[address]:
            self._to_repeat[address] -= 1
            return 2
        return 1

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
