"""Bytes to samples on a clock that goes on; what cannot be read is told, a copy dropped."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from imuhip.acquisition.clock_wrap import WrapContinuation
from imuhip.acquisition.counted_clock import TwinWatch
from imuhip.acquisition.leaps import LeapGuard, Step
from imuhip.core.sensor import SampleBlock, StreamConfig
from imuhip.errors import ProtocolError
from imuhip.sensors.driver import StreamDecoder

__all__ = ["FindsFrames", "PacketReader"]

_log = logging.getLogger(__name__)


@runtime_checkable
class FindsFrames(Protocol):
    """A decoder that has to find where frames begin in a stream of bytes."""

    @property
    def n_resyncs(self) -> int:
        """Return how often it skipped bytes to find the next one."""
        ...


class PacketReader:
    """Decodes one sensor's packets, with a fresh decoder for every start of its stream.

    Parameters
    ----------
    config : StreamConfig
        What the sensor was asked to stream.
    make_decoder : callable
        Returns a fresh decoder.
    on_bad : callable
        Told why a packet could not be decoded.
    on_copy : callable
        Told the samples of a packet that was delivered a second time.
    on_leap : callable
        Told that the sensor's clock is another one from the packet on that is about to be returned.
    """

    def __init__(
        self,
        config: StreamConfig,
        make_decoder: Callable[[StreamConfig], StreamDecoder],
        *,
        on_bad: Callable[[str], None],
        on_copy: Callable[[int], None],
        on_leap: Callable[[], None],
    ) -> None:
        self._config = config
        self._make_decoder = make_decoder
        self._on_bad = on_bad
        self._on_copy = on_copy
        self._on_leap = on_leap
        self._decoder = make_decoder(config)
        self._wraps = WrapContinuation()
        self._twins = TwinWatch(1.0 / config.rate_hz)
        self._leaps = LeapGuard(1.0 / config.rate_hz)
        self._is_counted = False
        self._n_latest = 0
        self._framed = _framed(self._decoder)
        self._resyncs_told = 0

    def restarted(self) -> None:
        """Note that the stream was told to start: what follows may count anew."""
        self._decoder = self._make_decoder(self._config)
        self._framed = _framed(self._decoder)
        self._resyncs_told = 0
        self._wraps.restarted()
        self._twins.started()
        self._leaps.restarted()

    def take_resyncs(self) -> int:
        """Return how often the decoder lost its place among the bytes since this was last asked."""
        if self._framed is None:
            return 0
        n_before, self._resyncs_told = self._resyncs_told, self._framed.n_resyncs
        return self._resyncs_told - n_before

    def read(self, arrival_s: float, packet: bytes) -> SampleBlock | None:
        """Return the samples of a packet, None where there are none to be had.

        Parameters
        ----------
        arrival_s : float, s
            When the packet came, on the host's clock.
        packet : bytes
            As it came.
        """
        if self._is_counted and self._twins.is_copy(packet, arrival_s):
            self._on_copy(self._n_latest)
            return None
        try:
            block = self._decoder.decode(packet)
        except ProtocolError as error:
            self._on_bad(str(error))
            return None
        except Exception as error:
            # A fault of a driver must not end the recording of the bytes it could not read.
            _log.exception("the driver failed on a packet of %d bytes", len(packet))
            self._on_bad(f"{type(error).__name__}: {error}")
            return None
        self._n_latest = len(block)
        if not len(block):
            return None
        self._is_counted = self._is_counted or block.is_counted
        block = self._wraps.continued(block, arrival_s, self._decoder)
        step = self._leaps.step(block, arrival_s)
        if step is Step.SUSPECT:
            self._on_bad(f"sample {block.first_seq} at {block.device_time_s[0]:.3f} s cannot be")
            return None
        if step is Step.LEAP:
            self._on_leap()
        return block


def _framed(decoder: StreamDecoder) -> FindsFrames | None:
    return decoder if isinstance(decoder, FindsFrames) else None
