"""What the window needs of an acquisition, and nothing more of it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol

from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import AcquisitionStatus, RecordingResult

__all__ = ["AcquisitionSource", "LiveSource"]


class LiveSource(Protocol):
    """Sensors that stream; no method but `close` ever waits."""

    subject: str | None
    """Code of the person, noted in recordings that begin from now on."""

    def status(self) -> AcquisitionStatus:
        """Return the newest status."""
        ...

    def ring(self, segment: str) -> SampleRing:
        """Return the newest samples of a sensor; KeyError when it is not connected."""
        ...

    def begin_recording(self, path: Path) -> Future[None]:
        """Start to record, from the instant at which every sensor delivers."""
        ...

    def end_recording(self) -> Future[RecordingResult]:
        """Finish the file."""
        ...

    def mark(
        self, name: str, start_s: float | None = None, end_s: float | None = None
    ) -> Future[None]:
        """Mark a stretch of the recording, on its clock; by default the present instant."""
        ...

    def close(self) -> None:
        """Let go of the sensors; returns when that is done."""
        ...


class AcquisitionSource:
    """A running acquisition as the window sees it.

    Parameters
    ----------
    acquisition : Acquisition
        Closed by `close`.
    subject : str, optional
        Noted in every file.
    settings : mapping, optional
        Noted in every file.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        *,
        subject: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._acquisition = acquisition
        self.subject = subject
        self._settings = dict(settings or {})

    def status(self) -> AcquisitionStatus:
        """Return the newest status."""
        return self._acquisition.status()

    def ring(self, segment: str) -> SampleRing:
        """Return the newest samples of a sensor; KeyError when it is not connected."""
        return self._acquisition.ring(segment)

    def begin_recording(self, path: Path) -> Future[None]:
        """Start to record, from the instant at which every sensor delivers."""
        engine = self._acquisition.engine
        return self._acquisition.submit(
            engine.start_recording(path, subject=self.subject, settings=self._settings)
        )

    def end_recording(self) -> Future[RecordingResult]:
        """Finish the file."""
        return self._acquisition.submit(self._acquisition.engine.stop_recording())

    def mark(
        self, name: str, start_s: float | None = None, end_s: float | None = None
    ) -> Future[None]:
        """Mark a stretch of the recording, on its clock; by default the present instant."""

        async def add() -> None:
            self._acquisition.engine.add_marker(name, start_s, end_s)

        return self._acquisition.submit(add())

    def close(self) -> None:
        """Let go of the sensors and end the acquisition's thread."""
        self._acquisition.close()
