"""What every orientation filter promises, and how one is chosen by name.

The world has z up: an accelerometer at rest reads +g along it. Without a magnetometer the heading
is arbitrary and free to drift; with one, the world is east-north-up of the magnetic field (x
magnetic east, y magnetic north) whatever the filter's authors preferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from imuhip.core.series import BoolArray, FloatArray, read_only
from imuhip.errors import ConfigError

__all__ = [
    "FILTERS",
    "OrientationBlock",
    "OrientationFilter",
    "check_block",
    "make_filter",
    "offline_orientation",
]

FILTERS: Final = ("vqf", "madgwick", "mahony", "ekf", "aqua")
"""Every name `make_filter` knows; the first is the default everywhere."""


@dataclass(frozen=True, slots=True)
class OrientationBlock:
    """Orientations of one sensor, a row per sample handed in.

    Parameters
    ----------
    q_WS : (n, 4) array
        Orientation of the sensor S in the world W (z up), scalar first; row k holds after sample k.
    bias_rad_s : (n, 3) array, rad/s
        Gyroscope bias the filter takes off its input, sensor frame: ``gyr - bias_rad_s`` is the
        corrected rate. Zero for filters that estimate none.
    bias_sd_rad_s : (n,) array, rad/s
        One-sigma uncertainty of each component of that bias; NaN where the filter claims none.
    rest : (n,) bool array
        True where the filter found the sensor at rest; always False for filters that do not look.
    """

    q_WS: FloatArray
    bias_rad_s: FloatArray
    bias_sd_rad_s: FloatArray
    rest: BoolArray

    def __post_init__(self) -> None:
        n_samples = len(self.q_WS)
        shapes = {"q_WS": (n_samples, 4), "bias_rad_s": (n_samples, 3)}
        for name in ("q_WS", "bias_rad_s", "bias_sd_rad_s", "rest"):
            array = read_only(getattr(self, name), np.bool_ if name == "rest" else np.float64)
            expected = shapes.get(name, (n_samples,))
            if array.shape != expected:
                raise ValueError(f"Expected {name} of shape {expected}, got {array.shape}")
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.q_WS)


class OrientationFilter(Protocol):
    """The causal filter of one sensor; it remembers everything it was given."""

    @property
    def name(self) -> str:
        """Return the name it was chosen by, one of `FILTERS`."""
        ...

    def update(
        self, gyr: FloatArray, acc: FloatArray, mag: FloatArray | None = None
    ) -> OrientationBlock:
        """Take in the next samples, in blocks of any length, with the same result.

        Parameters
        ----------
        gyr : (n, 3) array, rad/s
            Angular rate, sensor frame.
        acc : (n, 3) array, m/s²
            Specific force, sensor frame.
        mag : (n, 3) array, µT, optional
            Magnetic field, sensor frame; given with every block or with none.

        Raises
        ------
        ValueError
            On wrong shapes, on values that are not finite (mask and fill gaps before), or when
            `mag` comes or goes between blocks.
        ConfigError
            When `mag` is given and the filter cannot use it.
        """
        ...


def make_filter(name: str, rate_hz: float) -> OrientationFilter:
    """Return a fresh causal filter.

    Parameters
    ----------
    name : str
        One of `FILTERS`.
    rate_hz : float, Hz
        Sampling rate; rows are taken to be equally spaced.

    Raises
    ------
    ConfigError
        For an unknown name.
    ValueError
        For a rate that is not positive.
    """
    _check_choice(name, rate_hz)
    if name == "vqf":
        from imuhip.fusion.vqf_filter import VqfFilter

        return VqfFilter(rate_hz)
    from imuhip.fusion.ahrs_filters import AhrsFilter

    return AhrsFilter(name, rate_hz)


def offline_orientation(
    name: str,
    gyr: FloatArray,
    acc: FloatArray,
    rate_hz: float,
    mag: FloatArray | None = None,
) -> OrientationBlock:
    """Return the best orientations a filter gives when the whole series is known.

    VQF runs its acausal form (forwards, backwards and with zero-phase low-passes); the others have
    none, so their causal result is returned. Parameters, and errors, as for `make_filter` and
    `OrientationFilter.update`.
    """
    _check_choice(name, rate_hz)
    if name == "vqf":
        from imuhip.fusion.vqf_filter import offline_vqf

        return offline_vqf(gyr, acc, rate_hz, mag)
    return make_filter(name, rate_hz).update(gyr, acc, mag)


def check_block(
    gyr: FloatArray, acc: FloatArray, mag: FloatArray | None = None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Return the inputs as contiguous float arrays, or raise ValueError naming the bad row."""
    checked_gyr = _checked("gyr", gyr, None)
    n_samples = len(checked_gyr)
    checked_mag = None if mag is None else _checked("mag", mag, n_samples)
    return checked_gyr, _checked("acc", acc, n_samples), checked_mag


def _checked(name: str, values: FloatArray, n_samples: int | None) -> FloatArray:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 3 or n_samples not in (None, len(array)):
        rows = "n" if n_samples is None else n_samples
        raise ValueError(f"Expected {name} of shape ({rows}, 3), got {array.shape}")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(f"Expected {name} to be finite, got {array[row].tolist()} at row {row}")
    return array


def _check_choice(name: str, rate_hz: float) -> None:
    if name not in FILTERS:
        raise ConfigError(
            f"unknown orientation filter {name!r}",
            hint=f"choose one of: {', '.join(FILTERS)}",
        )
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise ValueError(f"Expected rate_hz to be positive, got {rate_hz}")
