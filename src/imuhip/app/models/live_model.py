"""All the live window shows, pulled from a running acquisition some thirty times a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
from imuhip.analysis.live_angles import LiveAngles
from imuhip.app.models import wording
from imuhip.app.models.angle_history import AngleHistory
from imuhip.app.models.guidance import Guidance, guidance_for
from imuhip.app.models.live_source import LiveSource
from imuhip.app.models.recent_loss import RecentLoss
from imuhip.app.models.recording_control import FilePlan, RecordingControl, RecordingState
from imuhip.app.models.sample_feed import AngleFeed
from imuhip.app.models.sensor_cards import SensorCard, cards_of

__all__ = ["SPAN_S", "LiveModel"]

SPAN_S = 10.0

MARKER_NAME = "mark"


class LiveModel:
    """Reads a source and keeps what is shown of it. No Qt, no threads, no waiting.

    Parameters
    ----------
    source : LiveSource
        Closed by `close`.
    out : Path, optional
        Of the first recording; by default named by date in ``recordings``.
    expected : sequence of str
        Segments that are to have a sensor; a card says so while one has none.
    simulated : bool
        Whether the sensors are virtual.
    span_s : float, s
        How far curves look back.
    on_recorded : callable, optional
        Told of every finished recording.
    """

    def __init__(
        self,
        source: LiveSource,
        *,
        out: Path | None = None,
        expected: Sequence[str] = (),
        simulated: bool = False,
        span_s: float = SPAN_S,
        on_recorded: Callable[[RecordingResult], None] | None = None,
    ) -> None:
        self.simulated = simulated
        self.history = AngleHistory(rate_hz=100.0, span_s=span_s)
        self.cards: list[SensorCard] = []
        self.control = RecordingControl(source, FilePlan(out), on_recorded)
        self.guidance = Guidance(*wording.NO_SENSORS)
        self.status = AcquisitionStatus(0.0, {}, None)
        self.rings: dict[str, SampleRing] = {}
        self.newest: LiveAngles | None = None
        """The angles of the last pull; None without sensors that suffice for some."""
        self._source = source
        self.expected = tuple(expected)
        self._feed: AngleFeed | None = None
        self._closed = False
        self._loss = RecentLoss()

    @property
    def subject(self) -> str | None:
        """Return the code that the next recording gets."""
        return self._source.subject

    @subject.setter
    def subject(self, code: str | None) -> None:
        self._source.subject = code

    @property
    def recording(self) -> RecordingState:
        """Return how the recording is."""
        return self.control.state

    @property
    def n_missed(self) -> int:
        """Return how many samples the view never saw, because it was held up; the file has them."""
        return 0 if self._feed is None else self._feed.n_missed

    def pull(self) -> None:
        """Bring everything up to date."""
        if self._closed:
            return
        status = self.status = self._source.status()
        self._follow_sensors(status)
        self.newest = None
        if self._feed is not None:
            self.newest = self._feed.new_angles()
            self.history.append(self.newest)
        self.history.move_to(status.at_s)
        losing = self._loss.losing(status.at_s, status.sensors)
        self.cards = cards_of(status.sensors, self.expected, losing)
        self.control.pull(status)
        pipeline = None if self._feed is None else self._feed.pipeline
        self.guidance = guidance_for(self.cards, pipeline, self.recording)

    def toggle_recording(self) -> None:
        """Start or stop."""
        self.control.toggle()

    def mark(self) -> None:
        """Mark the present instant of the recording."""
        self.control.mark(MARKER_NAME)

    def close(self) -> None:
        """Finish a running recording, then let go of the source."""
        if self._closed:
            return
        self._closed = True
        try:
            self.control.close()
        finally:
            self._feed = None
            self._source.close()

    def _follow_sensors(self, status: AcquisitionStatus) -> None:
        """Begin the analysis anew when sensors or rate are others than before."""
        rings: dict[str, SampleRing] = {}
        for segment in status.sensors:
            try:
                rings[segment] = self._source.ring(segment)
            except KeyError:
                return  # on its way in or out; the next pull knows
        self.rings = rings
        rates = [sensor.nominal_rate_hz for sensor in status.sensors.values()]
        if not _suffice(rings) or not rates:
            self._feed = None
            return
        if self._feed is None or not self._feed.reads(rings, rates[0]):
            serials = {segment: sensor.serial for segment, sensor in status.sensors.items()}
            self._feed = AngleFeed(rings, rates[0], serials)
            self.history = AngleHistory(rates[0], self.history.span_s)


def _suffice(rings: dict[str, SampleRing]) -> bool:
    """Return whether hip angles can be had from these segments."""
    return "pelvis" in rings and bool({"thigh_left", "thigh_right"} & rings.keys())
