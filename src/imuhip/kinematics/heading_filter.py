"""The heading between two sensors' worlds as a state that blocks of gait measure.

The state: the heading's drift δ since the anchor and its rate; a constant c that holds the true
offset between the two worlds together with whatever bias soft tissue puts on the coupling, and how
much more that bias is in running; and the scale and axis errors of both gyroscopes, which explain
most of the drift (`imuhip.kinematics.drift_exposure`). A block measures ``δ + c``; δ is zero at the
anchor, the end of a static pose. So the level comes from the pose and the coupling only ever
measures drift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.kinematics.drift_exposure import N_EXPOSURES, HeadingSteps
from imuhip.kinematics.heading_blocks import wrap

__all__ = [
    "DRIFT",
    "N_STATES",
    "OFFSET",
    "RATE",
    "RUNNING",
    "STANCE_ROW",
    "UNKNOWN_SD_RAD",
    "WALKING_ROW",
    "DriftModel",
    "HeadingFilter",
    "HeadingUpdate",
]

UNKNOWN_SD_RAD = float(np.radians(30.0))
"""A heading known no better than that is not known."""

DRIFT, RATE, OFFSET, RUNNING = range(4)
"""Where the state holds δ, its rate, c, and what running adds to c."""

_SCALE = slice(4, 4 + N_EXPOSURES)
N_STATES = 4 + N_EXPOSURES


def _row(*ones: int) -> FloatArray:
    row = np.zeros(N_STATES)
    row[list(ones)] = 1.0
    return row


WALKING_ROW = _row(DRIFT, OFFSET)
_RUNNING_ROW = _row(DRIFT, OFFSET, RUNNING)
STANCE_ROW = _row(DRIFT)


@dataclass(frozen=True, slots=True)
class DriftModel:
    """How fast the heading may wander, and what is thought of a chip before it is seen moving."""

    wander_rad_per_sqrt_s: float = np.radians(0.02)
    other_wander_rad_per_sqrt_s: float = np.radians(0.2)
    """In movement that is not gait: a bias taken from a swaying person is 0.03°/s off."""
    rate_wander_rad_s_per_sqrt_s: float = np.radians(0.003)
    bias_wander_rad_per_sqrt_s: float = np.radians(0.005)
    start_sd_rad: float = np.radians(0.1)
    """The pose is zero by definition; what a person's pose is worth stands elsewhere."""
    start_rate_sd_rad_s: float = np.radians(0.05)
    start_offset_sd_rad: float = np.pi
    running_bias_sd_rad: float = np.radians(3.0)
    """Soft tissue pulls the coupling to another side in running than in walking."""
    scale_sd: float = 0.01
    cross_axis_sd: float = 0.005
    gate: float = 9.0

    def start_covariance(self) -> FloatArray:
        """Return the (22, 22) covariance at the anchor."""
        chip = np.where(np.eye(3) > 0, self.scale_sd, self.cross_axis_sd).ravel()
        first = (
            self.start_sd_rad,
            self.start_rate_sd_rad_s,
            self.start_offset_sd_rad,
            self.running_bias_sd_rad,
        )
        return np.diag(np.concatenate([first, chip, chip]) ** 2)

    def noise(self, steps: HeadingSteps, k: int) -> tuple[float, float, float]:
        """Return the variances that drift, rate and offset gain on the way to block k."""
        if steps.still[k]:
            return float(steps.unseen_rad2[k]), 0.0, 0.0
        wander = self.wander_rad_per_sqrt_s if steps.gait[k] else self.other_wander_rad_per_sqrt_s
        return (
            wander**2 * steps.length_s + float(steps.unseen_rad2[k]),
            self.rate_wander_rad_s_per_sqrt_s**2 * steps.length_s,
            self.bias_wander_rad_per_sqrt_s**2 * steps.length_s,
        )


@dataclass(frozen=True, slots=True)
class HeadingUpdate:
    """One measurement as it was taken in: all that the way back needs of it.

    Parameters
    ----------
    row, gain : (22,) arrays
    innovation : float, rad
        Measurement minus its prediction.
    spread : float, rad²
        Variance the innovation was taken to have.
    expected_rad2 : float, rad²
        Variance it was expected to have before it was seen and doubted.
    """

    row: FloatArray
    gain: FloatArray
    innovation: float
    spread: float
    expected_rad2: float


class HeadingFilter:
    """Kalman filter over blocks, forwards; starts at the anchor with δ = 0."""

    def __init__(self, model: DriftModel | None = None) -> None:
        self.model = model or DriftModel()
        self.state: FloatArray = np.zeros(N_STATES)
        self.covariance: FloatArray = self.model.start_covariance()

    @property
    def heading_rad(self) -> float:
        """Return δ + c: from the thigh's to the pelvis' world."""
        return float(self.state[DRIFT] + self.state[OFFSET])

    @property
    def offset_rad(self) -> float:
        """Return c: the heading at the anchor."""
        return float(self.state[OFFSET])

    @property
    def drift_sd_rad(self) -> float:
        """Return one sigma of the drift since the anchor."""
        return float(np.sqrt(max(self.covariance[DRIFT, DRIFT], 0.0)))

    @property
    def rate_rad_s(self) -> float:
        """Return the drift rate in gait that the chips' errors do not explain."""
        return float(self.state[RATE])

    @property
    def chip_errors(self) -> FloatArray:
        """Return (18,) scale and axis errors of the thigh's and the pelvis' gyroscope."""
        return self.state[_SCALE]

    def predict(self, steps: HeadingSteps, k: int) -> FloatArray | None:
        """Move on to block k; returns what drift is made of, (22,), or None when nobody moved.

        A still person's heading does not drift.
        """
        noise = self.model.noise(steps, k)
        makeup = None
        if not steps.still[k]:
            makeup = STANCE_ROW.copy()
            makeup[RATE] = steps.gait_s[k]
            makeup[_SCALE] = steps.exposure[k]
            self.state = self.state.copy()
            self.state[DRIFT] = makeup @ self.state
            across = self.covariance @ makeup
            variance = float(makeup @ across)
            self.covariance = self.covariance.copy()
            self.covariance[DRIFT, :] = self.covariance[:, DRIFT] = across
            self.covariance[DRIFT, DRIFT] = variance
        elif noise[0] > 0.0:
            self.covariance = self.covariance.copy()
        if noise[0] > 0.0:
            for at, variance in zip((DRIFT, RATE, OFFSET), noise, strict=True):
                self.covariance[at, at] += variance
        return makeup

    def measure(
        self, heading_rad: float, variance_rad2: float, *, running: bool = False
    ) -> HeadingUpdate | None:
        """Take in one block of gait; returns None when there is nothing to take in."""
        if not np.isfinite(variance_rad2):
            return None
        row = _RUNNING_ROW if running else WALKING_ROW
        innovation = float(wrap(np.asarray(heading_rad - row @ self.state)))
        spread = float(row @ self.covariance @ row) + variance_rad2
        if innovation**2 > self.model.gate * spread:
            # doubtful: believe it less, do not drop it
            variance_rad2 += innovation**2 / self.model.gate
        return replace(self._update(row, innovation, variance_rad2), expected_rad2=spread)

    def forget(self) -> None:
        """Lose the heading: a sensor was gone and came back in a world of its own."""
        self.covariance = self.covariance.copy()
        self.covariance[DRIFT, DRIFT] += np.pi**2

    def anchor(self, drift_rad: float, variance_rad2: float) -> HeadingUpdate | None:
        """Take in the drift seen at another stance; returns None when it was not believed.

        A person who stands differently than in the pose must not pass for drift: what is farther
        off than drift can explain is left out altogether.
        """
        if not np.isfinite(variance_rad2):
            return None
        innovation = float(wrap(np.asarray(drift_rad - STANCE_ROW @ self.state)))
        spread = float(STANCE_ROW @ self.covariance @ STANCE_ROW) + variance_rad2
        if innovation**2 > self.model.gate * spread:
            return None
        return self._update(STANCE_ROW, innovation, variance_rad2)

    def _update(self, row: FloatArray, innovation: float, variance_rad2: float) -> HeadingUpdate:
        """Joseph's form, which keeps the covariance positive."""
        across = self.covariance @ row
        spread = float(row @ across) + variance_rad2
        gain = across / spread
        self.state = self.state + gain * innovation
        kept = self.covariance - np.outer(gain, across)
        self.covariance = kept - np.outer(kept @ row, gain) + np.outer(gain, gain) * variance_rad2
        self.covariance = 0.5 * (self.covariance + self.covariance.T)
        return HeadingUpdate(row, gain, innovation, spread, spread)
