"""Exports a virtual controller as HCI, so that a host in another process can use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bumble.transport import open_transport
from bumble.transport.common import PacketParser

from imuhip.errors import BluetoothUnavailableError, ConfigError
from imuhip.radio.virtual_controller import VirtualController

__all__ = ["HciServer"]

_STREAM_KINDS: Final = ("tcp-server", "unix-server")
_PATIENCE_S: Final = 1.0


class HciServer:
    """One controller behind one listening transport; one host at a time.

    Make it with `HciServer.listen`.
    """

    def __init__(self, controller: VirtualController, listening: str) -> None:
        self.listening = listening
        """Where hosts connect to, with the port that was really taken."""
        self._controller = controller
        self._close: Callable[[], Any] = lambda: None

    @classmethod
    async def listen(cls, controller: VirtualController, spec: str) -> HciServer:
        """Start to listen.

        Parameters
        ----------
        controller : VirtualController
            Whose HCI to export.
        spec : str
            ``"tcp-server:HOST:PORT"`` (port 0 takes a free one), ``"unix-server:PATH"``, or any
            transport bumble can open (``"vhci"``, ``"pty"``, ...).

        Raises
        ------
        ConfigError
            When `spec` cannot be understood.
        BluetoothUnavailableError
            When the port or path is taken or may not be used.
        """
        server = cls(controller, spec)
        kind, _, place = spec.partition(":")
        try:
            if kind in _STREAM_KINDS:
                await server._listen_stream(kind, place)
            else:
                opened = await open_transport(spec)
                opened.source.set_packet_sink(controller)
                controller.host = opened.sink
                server._close = opened.close
        except ValueError as error:
            raise ConfigError(
                f"cannot listen on {spec!r}: {error}",
                hint="for example tcp-server:127.0.0.1:9000",
            ) from error
        except OSError as error:
            raise BluetoothUnavailableError(
                f"cannot listen on {spec}: {error.strerror or error}",
                hint="another program may listen there: choose another port",
            ) from error
        return server

    async def close(self) -> None:
        """Stop listening and drop the host."""
        self._controller.drop_connections()
        result = self._close()
        if asyncio.iscoroutine(result):
            await result

    async def _listen_stream(self, kind: str, place: str) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> _HostProtocol:
            return _HostProtocol(self._controller)

        if kind == "unix-server":
            server = await loop.create_unix_server(protocol, place)
        else:
            host, _, port = place.rpartition(":")
            if not host:
                raise ValueError("a host and a port are needed")
            server = await loop.create_server(protocol, None if host == "_" else host, int(port))
            taken = server.sockets[0].getsockname()[1]
            self.listening = f"tcp-server:{host}:{taken}"

        def close() -> None:
            server.close()
            transport = self._controller.host
            if isinstance(transport, _HostSink):
                transport.close()
            if kind == "unix-server":
                Path(place).unlink(missing_ok=True)

        self._close = close


class _HostSink:
    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def on_packet(self, packet: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(packet)

    def close(self) -> None:
        self._transport.close()


class _HostProtocol(asyncio.Protocol):
    """One host's connection; when it breaks, the controller drops its Bluetooth links.

    A host that comes while another is served waits a moment, because a program that was just
    restarted arrives before the end of its predecessor is noticed.
    """

    def __init__(self, controller: VirtualController) -> None:
        self._controller = controller
        self._parser = PacketParser(controller)
        self._transport: asyncio.WriteTransport | None = None
        self._serving = False
        self._early = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._claim(asyncio.get_running_loop().time() + _PATIENCE_S)

    def data_received(self, data: bytes) -> None:
        if self._serving:
            self._parser.feed_data(data)
        else:
            self._early += data

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._serving:
            self._controller.host = None
            self._controller.drop_connections()

    def _claim(self, deadline_s: float) -> None:
        if self._transport is None:
            return
        loop = asyncio.get_running_loop()
        if self._controller.host is None:
            self._serving = True
            self._controller.host = _HostSink(self._transport)
            self._parser.feed_data(bytes(self._early))
        elif loop.time() > deadline_s:
            self._transport.close()
        else:
            loop.call_later(0.02, self._claim, deadline_s)
