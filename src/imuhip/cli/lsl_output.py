"""``--lsl``: what sensors send and what is computed of it goes to Lab Streaming Layer, live.

A thread of its own reads the sensors' rings, so that neither a slow terminal nor the window delays
a sample, and nothing here can delay a packet.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Final

import typer

from imuhip.cli.output import note

if TYPE_CHECKING:
    from imuhip.acquisition.blocking import Acquisition
    from imuhip.acquisition.ring import RingView, SampleRing
    from imuhip.acquisition.status import AcquisitionStatus
    from imuhip.exchange.lsl_streams import LslStreams

__all__ = ["LslFeed", "LslOption", "lsl_output", "require_lsl"]

_log = logging.getLogger(__name__)

LslOption = Annotated[
    bool,
    typer.Option("--lsl", help="Stream to Lab Streaming Layer: raw, orientations and angles."),
]
_INTERVAL_S: Final = 0.025


def require_lsl(*, wanted: bool) -> None:
    """Refuse at once, before anybody has put sensors on, when LSL is wanted and not installed."""
    if wanted:
        from imuhip.exchange.lsl_streams import pylsl

        pylsl()


@contextmanager
def lsl_output(acquisition: Acquisition, *, wanted: bool) -> Iterator[None]:
    """Stream while the block runs, when that is wanted.

    Parameters
    ----------
    acquisition : Acquisition
        Its sensors stream; those that come later are left out.
    wanted : bool
    """
    if not wanted:
        yield
        return
    feed = LslFeed(acquisition)
    note(f"streaming to LSL: {feed.told}")
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(feed, stop), name="imuhip-lsl", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        feed.streams.close()


def _run(feed: LslFeed, stop: threading.Event) -> None:
    try:
        while not stop.wait(_INTERVAL_S):
            feed.send_new()
    except Exception as error:
        # The recording goes on whatever becomes of who listens.
        _log.exception("streaming to LSL ended")
        note(f"streaming to LSL ended ({type(error).__name__}: {error}); the sensors go on")


class LslFeed:
    """Reads the rings of an acquisition and sends what is new.

    Parameters
    ----------
    acquisition : Acquisition
    """

    def __init__(self, acquisition: Acquisition) -> None:
        from imuhip.app.models.sample_feed import AngleFeed
        from imuhip.exchange.lsl_streams import LslClock, LslStreams, SensorFacts, pylsl

        sensors = acquisition.submit(_status(acquisition)).result().sensors
        rings = _rings(acquisition, sensors)
        rates_hz = {segment: sensors[segment].nominal_rate_hz for segment in rings}
        facts = {
            segment: SensorFacts(
                sensors[segment].serial,
                sensors[segment].model,
                rates_hz[segment],
            )
            for segment in rings
        }
        thighs = [s for s in ("thigh_left", "thigh_right") if s in rings]
        angles_of = ["pelvis", *thighs] if "pelvis" in rings and thighs else []
        self.told = f"raw of {', '.join(rings)}"
        """What is streamed, in words."""
        if angles_of:
            self.told += "; orientations and angles"
        self._angles: AngleFeed | None = None
        if angles_of:
            serials = {segment: one.serial for segment, one in facts.items() if one.serial}
            own = {segment: rings[segment] for segment in angles_of}
            self._angles = AngleFeed(own, rates_hz["pelvis"], serials)
        self._readers = {segment: _NewRows(ring) for segment, ring in rings.items()}
        clock = LslClock(acquisition.engine.host_time, pylsl().local_clock)
        self.streams: LslStreams = LslStreams(
            clock, facts, angles_of, max(rates_hz.values(), default=0.0)
        )

    def send_new(self) -> None:
        """Send what came since the last call."""
        for segment, reader in self._readers.items():
            view = reader.take()
            if len(view):
                self.streams.push_raw(segment, view)
        if self._angles is not None:
            self.streams.push_angles(self._angles.new_angles())


async def _status(acquisition: Acquisition) -> AcquisitionStatus:
    """Return how sensors are now: the newest snapshot may be from before they were connected."""
    return acquisition.engine.status()


def _rings(acquisition: Acquisition, segments: Iterable[str]) -> dict[str, SampleRing]:
    """Return the rings of those that are connected."""
    rings = {}
    for segment in segments:
        with suppress(KeyError):
            rings[segment] = acquisition.ring(segment)
    return rings


class _NewRows:
    """Every row of a ring once, from now on, late ones included: their numbers tell."""

    def __init__(self, ring: SampleRing) -> None:
        self._ring = ring
        self._next = ring.n_written

    def take(self) -> RingView:
        view = self._ring.since(self._next)
        self._next = view.next_index
        return view
