"""Numbers for the samples of sensors that stamp them and do not count them.

The acquisition accounts by sample numbers. Where a protocol has none, the stamps of a sensor's own
clock give them: as many periods as passed, as many samples were taken.
"""

from __future__ import annotations

from typing import Final

from imuhip.errors import ProtocolError

__all__ = ["StampCounter"]

_LARGEST_RATE_ERROR: Final = 0.05
"""Inertial sensors' own oscillators miss the nominal rate by a few percent."""
_RATE_GAIN: Final = 1 / 32


class StampCounter:
    """Unwraps a sensor's stamps and numbers its samples by them.

    Parameters
    ----------
    period_ticks : float
        Nominal time between samples, in ticks of the sensor's clock.
    modulus_ticks : int
        The stamp after which the clock shows 0 again.
    leap_ticks : int
        A stamp further than this from the newest is refused, unless the next one confirms it:
        packets without a checksum may be damaged, and one damaged stamp must not look like an
        hour's loss.
    off_grid : float
        So is a stamp further than this, in blocks, from where a block was due. Below a half, so
        that a damaged stamp that is believed cannot shift the numbers of the good ones.
    jitter_ticks : float
        How far stamps may be off besides, because the clock is coarse.

    Notes
    -----
    Numbers go on from the newest sample, not from the first, so that a rate that is a little off
    nominal does not add up to samples that never were. The period is learnt from blocks that
    follow one another.
    """

    def __init__(
        self,
        period_ticks: float,
        modulus_ticks: int,
        leap_ticks: int,
        *,
        off_grid: float = 0.25,
        jitter_ticks: float = 0.0,
    ) -> None:
        self._nominal_ticks = period_ticks
        self._period_ticks = period_ticks
        self._modulus = modulus_ticks
        self._leap = leap_ticks
        self._off_grid = off_grid
        self._jitter = jitter_ticks
        self._newest: tuple[int, int, int] | None = None  # number, ticks, samples of the block
        self._suspect: int | None = None

    @property
    def period_ticks(self) -> float:
        """Return the time between samples as far as it is known."""
        return self._period_ticks

    def place(self, stamp: int, n_samples: int = 1) -> tuple[int, int]:
        """Return number and unwrapped stamp of a block.

        Parameters
        ----------
        stamp : int
            Of its first sample, as sent.
        n_samples : int
            In the block.

        Returns
        -------
        first_seq, ticks : int
            Number of the first sample, counted from the first block, and its unwrapped stamp. The
            same stamp gives the same number; an earlier stamp an earlier number.

        Raises
        ------
        ProtocolError
            For a stamp that leaps and was not confirmed yet.
        """
        if self._newest is None:
            self._newest = 0, stamp, n_samples
            return 0, stamp
        newest_seq, newest_ticks, newest_n = self._newest
        half = self._modulus // 2
        step = (stamp - newest_ticks + half) % self._modulus - half
        ticks = newest_ticks + step
        block_ticks = self._period_ticks * newest_n
        n_blocks = round(step / block_ticks)
        off_ticks = abs(step - n_blocks * block_ticks)
        if abs(step) > self._leap or off_ticks > self._off_grid * block_ticks + self._jitter:
            self._require_confirmed(ticks, step)
        self._suspect = None
        n_passed = newest_n if n_blocks == 1 else round(step / self._period_ticks)
        if n_blocks == 0 or (step < 0 and -step <= self._leap):
            return newest_seq + (n_passed if n_blocks else 0), ticks
        if n_blocks == 1:
            self._learn(step / newest_n)
        # After a leap back the clock is another one; numbers that go on show that to the account.
        seq = newest_seq + max(newest_n, n_passed)
        self._newest = seq, ticks, n_samples
        return seq, ticks

    def _require_confirmed(self, ticks: int, step: int) -> None:
        suspect, self._suspect = self._suspect, ticks
        if suspect is None or not 0 < ticks - suspect <= self._leap:
            raise ProtocolError(
                f"time stamp {abs(step)} ticks {'after' if step > 0 else 'before'} the one before:"
                f" no multiple of {self._period_ticks:.1f}, or more than {self._leap}",
                hint="the packet is dropped and counted; a second one like it would be believed",
            )

    def _learn(self, period_ticks: float) -> None:
        learnt = self._period_ticks + _RATE_GAIN * (period_ticks - self._period_ticks)
        low, high = (self._nominal_ticks * (1 + s * _LARGEST_RATE_ERROR) for s in (-1, 1))
        self._period_ticks = min(max(learnt, low), high)
