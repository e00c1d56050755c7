"""What is drawn of a movement while it is done: cycles over the own band, figure, limit, tones."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Final

import numpy as np

from imuhip.analysis.live_angles import LiveAngles
from imuhip.app.models import wording_move
from imuhip.app.models.angle_history import AngleHistory
from imuhip.app.models.feedback import Feedback
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.own_band import Band, Bands, Earlier, last_session
from imuhip.app.models.sounds import Sounds
from imuhip.app.models.stick_figure import Figure, figure_of
from imuhip.app.models.stride_watch import PresentStride, StrideWatch
from imuhip.app.models.worker import told
from imuhip.core.segments import HIP_ANGLES, SIDES, Side

__all__ = ["CYCLE_ANGLES", "MovementModel", "full_name"]

CYCLE_ANGLES: Final = ("hip_rotation", "hip_flexion", "pelvis_obliquity", "pelvis_rotation")
"""What is shown over the stride, hips of both sides and the pelvis over the strides of both."""


class MovementModel:
    """Follows the angles of a `LiveModel`. No Qt; what takes long is the worker's.

    Parameters
    ----------
    live : LiveModel
        Pulled before this is.
    reader : Executor
        Reads the person's earlier session.
    sounds : Sounds
        Closed by `close`.
    """

    def __init__(self, live: LiveModel, reader: Executor, sounds: Sounds) -> None:
        self.feedback = Feedback()
        self.sounds = sounds
        self.figure = Figure()
        self.earlier: Earlier | None = None
        self.n_changes = 0
        """Rises when the bands did, so that views draw them anew only then."""
        self.problem = ""
        self._live = live
        self._reader = reader
        self._strides = StrideWatch(live.history.rate_hz)
        self._own: Bands = {}
        self._code: str | None = None
        self._reading: Future[Earlier | None] | None = None
        self._n_counted = 0

    # -- what is shown ----------------------------------------------------------------------------

    @property
    def history(self) -> AngleHistory:
        """Return the last seconds of every angle."""
        return self._live.history

    def band(self, angle: str, side: Side) -> Band | None:
        """Return the own band of an angle of `CYCLE_ANGLES` over a leg's cycle."""
        return self._bands.get((full_name(angle, side), side))

    def present(self, angle: str, side: Side) -> PresentStride | None:
        """Return the stride a leg is in."""
        return self._strides.present(full_name(angle, side), side)

    @property
    def _bands(self) -> Bands:
        """Return the bands of this session, or of an earlier one until there are enough strides."""
        if self._own or self.earlier is None:
            return self._own
        return self.earlier.bands

    @property
    def band_words(self) -> str:
        """Return whose band it is, of how many strides."""
        bands = self._bands
        if not bands:
            looking = wording_move.OWN_BAND_LOOKING if self._reading is not None else ""
            return looking or self.problem or wording_move.OWN_BAND_NONE
        n = {
            side: max((band.n for (_, one), band in bands.items() if one == side), default=0)
            for side in SIDES
        }
        if self._own or self.earlier is None:
            return wording_move.OWN_BAND_HERE.format(**n)
        return wording_move.OWN_BAND_EARLIER.format(file=self.earlier.path.name, **n)

    # -- as time goes by --------------------------------------------------------------------------

    def pull(self, *, sounds: bool = True) -> None:
        """Take in the newest angles; never waits.

        Parameters
        ----------
        sounds : bool
            Whether something is being done that the limit is for.
        """
        angles = self._live.newest
        if angles is not None:
            self._follow(angles)
        self._look_for_earlier()
        self.sounds.pull()
        before = self.feedback.state.state
        state = self.feedback.look(self._live.history)
        self.sounds.hold(state.is_wrong and sounds)
        if sounds and (before, state.state) == ("short", "good"):
            self.sounds.count(is_last=False)  # reached

    def count(self, n_done: int, n_wanted: int) -> None:
        """Let repetitions be heard that were counted since the last call; 0 begins anew."""
        if n_done > self._n_counted:
            self.sounds.count(is_last=n_done == n_wanted)
        self._n_counted = n_done

    def close(self) -> None:
        """Let go of the computer's sound."""
        self.sounds.close()

    def _follow(self, angles: LiveAngles) -> None:
        if self._live.history.rate_hz != self._strides.rate_hz:
            self._strides, self._own = StrideWatch(self._live.history.rate_hz), {}
            self.n_changes += 1
        if len(angles.time_s) == 0:
            return
        self._strides.append(angles)
        if self._strides.look():
            self._own = self._strides.store.bands()
            self.n_changes += 1
        newest = {segment: q[-1] for segment, q in angles.q_WB.items()}
        direction_rad = float(angles.direction_rad[-1])
        self.figure = figure_of(newest, direction_rad if np.isfinite(direction_rad) else np.nan)

    def _look_for_earlier(self) -> None:
        """Ask for the newest session of whoever is chosen, once for each person."""
        if self._reading is not None and self._reading.done():
            reading, self._reading = self._reading, None
            error = reading.exception()
            if error is None:
                self.earlier = reading.result()
            else:
                self.problem = wording_move.EARLIER_NOT_READ.format(why=told(error)[0])
            self.n_changes += 1
        code = self._live.subject
        if code == self._code or self._reading is not None:
            return
        self._code, self.earlier, self.problem = code, None, ""
        self._strides, self._own = StrideWatch(self._live.history.rate_hz), {}
        self.n_changes += 1
        if code:
            besides = self._live.recording.path
            folder = self._live.control.folder
            self._reading = self._reader.submit(last_session, folder, code, besides)


def full_name(angle: str, side: Side) -> str:
    """Return the angle's own name: hips have one for each side, the pelvis has not."""
    sided = f"{angle}_{side}"
    return sided if sided in HIP_ANGLES else angle
