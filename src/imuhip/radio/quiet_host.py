"""A bumble host without the stock one's habit of formatting every packet for a debug log.

With logging off that formatting still is more than half of the cost of a notification.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from bumble import hci
from bumble.host import Host

__all__ = ["QuietHost"]


class QuietHost(Host):  # type: ignore[misc]  # bumble is untyped here
    """Passes packets on, nothing more."""

    def send_hci_packet(self, packet: Any) -> None:
        """Send a packet to the controller."""
        if self.hci_sink:
            self.hci_sink.on_packet(bytes(packet))

    def on_hci_packet(self, packet: Any) -> None:
        """Handle a packet from the controller."""
        # An answer may come just after whoever asked was cancelled: nobody waits for it then.
        with suppress(asyncio.InvalidStateError):
            if isinstance(packet, hci.HCI_AclDataPacket):
                self.on_hci_acl_data_packet(packet)
            elif isinstance(packet, hci.HCI_Event):
                self.on_hci_event_packet(packet)
