"""What a calibration is worth so far: asked of a worker, learnt without waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from imuhip.analysis.strap_check import Judgement
from imuhip.app.models.calibration_watch import CalibrationWatch
from imuhip.app.models.mounting_memory import MountingMemory
from imuhip.app.models.worker import told
from imuhip.core.series import Marker

__all__ = ["CalibrationJudge"]


class CalibrationJudge:
    """The newest judgement of a calibration.

    Parameters
    ----------
    memory : MountingMemory
        How sensors were worn before.
    """

    def __init__(self, memory: MountingMemory) -> None:
        self.judgement: Judgement | None = None
        self.error = ("", "")
        self._memory = memory
        self._asked: Future[Judgement] | None = None

    @property
    def is_busy(self) -> bool:
        """Return whether the worker judges."""
        return self._asked is not None

    def ask(
        self, watch: CalibrationWatch, markers: Sequence[Marker], serials: Mapping[str, str]
    ) -> None:
        """Ask what all that is marked is worth; sensors without a serial number have no past."""
        self._asked = watch.judge(tuple(markers), self._memory.usual(serials))

    def learn(self) -> bool:
        """Take what the worker found; return whether it found anything, or failed."""
        if self._asked is None or not self._asked.done():
            return False
        future, self._asked = self._asked, None
        error = future.exception()
        if error is None:
            self.judgement, self.error = future.result(), ("", "")
        else:
            self.error = told(error)
        return True

    def forget(self) -> None:
        """Forget what was judged, and what is being judged."""
        self.judgement, self.error, self._asked = None, ("", ""), None

    def remember(self, serials: Mapping[str, str]) -> None:
        """Keep how the sensors are worn for the next time."""
        if self.judgement is not None:
            self._memory.remember(serials, self.judgement.up_S or {})
