"""A virtual controller whose radio is an `Air`; mends what the stock one lacks.

Cancelling a connection attempt, flow control that follows delivery, scan responses, a reset that
forgets connections.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

from bumble import controller, hci, ll

if TYPE_CHECKING:
    from imuhip.radio.air import Air

__all__ = ["VirtualController"]

_UNKNOWN_CONNECTION: Final = 0x02
_REMOTE_USER_TERMINATED: Final = 0x13
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
