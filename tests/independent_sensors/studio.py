"""Gadgets behind a stock controller: in this loop, or in a thread of their own on a TCP port."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bumble import hci
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.tcp_server import open_tcp_server_transport_with_socket

from imuhip.radio.bleak_radio import BleakRadio
from imuhip.radio.bumble_backend import backends_of
from imuhip.radio.bumble_central import BumbleCentral
from independent_sensors.gadget import AD, Gadget

__all__ = ["Studio", "on_stage"]


class Listening(Controller):
    """A stock controller that hears scan responses: the stock one reports advertisements twice."""

    def __init__(self, gadgets: Sequence[Gadget], *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self._answers = {hci.Address(g.address): bytes(AD(g.answered())) for g in gadgets}

    def on_advertising_pdu(self, pdu: object) -> None:
        answer = self._answers.get(pdu.advertiser_address)
        is_scanning, self.le_scan_enable = self.le_scan_enable, False
        super().on_advertising_pdu(pdu)
        self.le_scan_enable = is_scanning
        if not is_scanning or answer is None:
            return
        report = hci.HCI_LE_Extended_Advertising_Report_Event
        for kind, data in ((0x13, pdu.data), (0x1B, answer)):
            one = report.Report(
                event_type=report.EventType(kind),
                address_type=pdu.advertiser_address.address_type,
                address=pdu.advertiser_address,
                primary_phy=hci.Phy.LE_1M,
                secondary_phy=0,
                advertising_sid=0xFF,
                tx_power=127,
                rssi=-63,
                periodic_advertising_interval=0,
                direct_address_type=0,
                direct_address=hci.Address.ANY,
                data=data,
            )
            self.send_hci_packet(report([one]))


@asynccontextmanager
async def on_stage(gadgets: Sequence[Gadget]) -> AsyncIterator[BleakRadio]:
    """Switch gadgets on in this loop, and give the radio that hears them."""
    logging.getLogger("bumble").setLevel(logging.CRITICAL)
    link = LocalLink()
    for gadget in gadgets:
        await gadget.switch_on(link)
    central = BumbleCentral("stage")
    controller = Listening(gadgets, "central", link=link)
    central.device.host.set_packet_sink(controller)
    controller.host = central.device.host
    await central.device.power_on()
    client, scanner = backends_of(central)
    try:
        yield BleakRadio(client, scanner, name="stage", on_close=central.close)
    finally:
        for gadget in gadgets:
            gadget.switch_off()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Studio:
    """``with Studio([gadget, ...]) as studio``: `studio.radio` is what ``--radio`` takes."""

    def __init__(self, gadgets: Sequence[Gadget]) -> None:
        self.gadgets = gadgets
        self.radio = ""
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Studio:
        logging.getLogger("bumble").setLevel(logging.CRITICAL)
        self._thread.start()
        assert self._ready.wait(20.0)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20.0)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._failure = error
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        link = LocalLink()
        for gadget in self.gadgets:
            await gadget.switch_on(link)
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        transport = await open_tcp_server_transport_with_socket(listening)
        Listening(self.gadgets, "exported", transport.source, transport.sink, link)
        self.radio = f"hci:tcp-client:127.0.0.1:{listening.getsockname()[1]}"
        self._ready.set()
        await self._end.wait()
        for gadget in self.gadgets:
            gadget.switch_off()
        transport.server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
