"""Which sensor is being tapped: two sharp bursts in one sensor that no other sensor shares.

A single knock proves little: people bump into things, straps snap, feet strike the ground. Hence
the gesture is a double tap, and it counts only where

* both bursts stand out of what this sensor felt in the last seconds, so that walking hides no
  impact in it and needs no setting;
* no other sensor felt anything unusual around them, or only a faint echo, as over a table;
* every other sensor was listening all the while: who was silent cannot testify.

Whatever else happened is told as a finding of another kind, so that people can be asked again.
The detector is fed blocks of samples and the time; it knows neither radio nor screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imuhip.acquisition.tap_bursts import FeltPushes, TapPolicy
from imuhip.core.series import FloatArray

__all__ = ["TapDetector", "TapFinding", "TapPolicy"]

FindingKind = Literal["tapped", "single", "shared", "unheard"]


@dataclass(frozen=True, slots=True)
class TapFinding:
    """Something that was felt.

    Parameters
    ----------
    kind : {"tapped", "single", "shared", "unheard"}
        A double tap of one sensor; one burst only; a knock that several felt; a double tap while
        another sensor was silent.
    sensors : tuple of str
        Who felt it, strongest first; for ``"unheard"`` the tapped one, then the silent ones.
    at_s : float, s
        When, on the clock of the samples.
    strength : float, m/s²
        Push of the strongest; see `TapPolicy`.
    """

    kind: FindingKind
    sensors: tuple[str, ...]
    at_s: float
    strength: float


@dataclass(frozen=True, slots=True)
class _Burst:
    sensor: str
    at_s: float
    strength: float
    threshold: float


class TapDetector:
    """Watches several sensors for a double tap.

    Parameters
    ----------
    rates_hz : mapping of sensor to float
        Who is watched, by any name, and how often each samples.
    policy : TapPolicy, optional
        What counts.
    """

    def __init__(self, rates_hz: Mapping[str, float], policy: TapPolicy | None = None) -> None:
        self._policy = policy or TapPolicy()
        self._felt = {name: FeltPushes(rate_hz, self._policy) for name, rate_hz in rates_hz.items()}
        self._done_s = -np.inf

    def add(self, sensor: str, time_s: FloatArray, acc: FloatArray) -> None:
        """Take the next samples of a sensor.

        Parameters
        ----------
        sensor : str
            As in `rates_hz`.
        time_s : (n,) array, s
            On one clock for all sensors; rows that do not go on are left out.
        acc : (n, 3) array, m/s²
            Sensor frame; rows with NaN are left out.
        """
        self._felt[sensor].add(time_s, acc)

    def forget(self, until_s: float) -> None:
        """Judge nothing that happened before, such as taps from before the question."""
        self._done_s = max(self._done_s, until_s)

    @property
    def is_settled(self) -> bool:
        """Return whether every sensor was heard long enough to know what is usual for it."""
        return all(felt.is_settled for felt in self._felt.values())

    def findings(self, now_s: float) -> list[TapFinding]:
        """Return what can be judged by now and was not told before, oldest first.

        Parameters
        ----------
        now_s : float, s
            The present on the samples' clock: a sensor whose samples are much older is silent and
            is no longer waited for.
        """
        policy = self._policy
        longest_s = policy.pair_s[1] + policy.after_s
        heard = [f.newest_s for f in self._felt.values() if now_s - f.newest_s < 1.5]
        until_s = min(heard, default=-np.inf) - longest_s
        bursts = self._bursts(self._done_s, until_s + longest_s)
        found: list[TapFinding] = []
        for burst in bursts:
            if self._done_s < burst.at_s <= until_s:
                finding, end_s = self._judged(burst, bursts)
                found.append(finding)
                self._done_s = end_s
                if self._felt[finding.sensors[0]].threshold(burst.at_s) <= policy.floor:
                    # A knock in silence; of who walks, a step would be taken for one.
                    for felt in self._felt.values():
                        felt.explained.append((burst.at_s - policy.burst_s, end_s))
        self._done_s = max(self._done_s, until_s)  # later the past it stands out of is forgotten
        return found

    def _bursts(self, start_s: float, end_s: float) -> list[_Burst]:
        return sorted(
            (
                _Burst(name, at_s, strength, threshold)
                for name, felt in self._felt.items()
                for at_s, strength, threshold in felt.bursts(start_s, end_s)
            ),
            key=lambda burst: burst.at_s,
        )

    def _judged(self, burst: _Burst, bursts: Sequence[_Burst]) -> tuple[TapFinding, float]:
        """Return what began with a burst, and until when that explains what was felt."""
        policy = self._policy
        near = [b for b in bursts if 0 <= b.at_s - burst.at_s <= policy.burst_s]
        first = max(near, key=lambda b: b.strength)
        shortest_s, longest_s = policy.pair_s
        seconds = [
            b
            for b in bursts
            if b.sensor == first.sensor and shortest_s <= b.at_s - first.at_s <= longest_s
        ]
        for second in seconds:
            if self._is_double(first, second, bursts):
                silent = self._silent(first, second)
                kind: FindingKind = "unheard" if silent else "tapped"
                end_s = second.at_s + policy.around_s
                names = (first.sensor, *silent)
                return TapFinding(kind, names, first.at_s, first.strength), end_s
        return self._otherwise(first)

    def _is_double(self, first: _Burst, second: _Burst, bursts: Iterable[_Burst]) -> bool:
        policy = self._policy
        weaker, stronger = sorted((first.strength, second.strength))
        if stronger > policy.likeness * weaker:
            return False
        if max(b.strength / b.threshold for b in (first, second)) < policy.distinct:
            return False
        start_s, end_s = first.at_s - policy.around_s, second.at_s + policy.around_s
        own = [b for b in bursts if b.sensor == first.sensor and start_s <= b.at_s <= end_s]
        if len(own) > policy.most_bursts:
            return False
        calm_s = second.at_s + policy.after_s
        others = [b for b in bursts if b.sensor != first.sensor and start_s <= b.at_s <= calm_s]
        return all(self._is_echo(other, own) for other in others)

    def _is_echo(self, other: _Burst, own: Iterable[_Burst]) -> bool:
        near = [b for b in own if abs(other.at_s - b.at_s) <= self._policy.burst_s]
        return any(other.strength <= self._policy.echo * b.strength for b in near or own)

    def _silent(self, first: _Burst, second: _Burst) -> tuple[str, ...]:
        start_s = first.at_s - self._policy.around_s
        end_s = second.at_s + self._policy.around_s
        return tuple(
            name for name, felt in self._felt.items() if not felt.is_listening(start_s, end_s)
        )

    def _otherwise(self, first: _Burst) -> tuple[TapFinding, float]:
        policy = self._policy
        start_s, end_s = first.at_s - policy.around_s, first.at_s + policy.around_s
        felt = {first.sensor: first.strength}
        for name, other in self._felt.items():
            strengths = [strength for _, strength, _ in other.bursts(start_s, end_s)]
            if strengths and max(strengths) > policy.echo * first.strength:
                felt[name] = max(felt.get(name, 0.0), *strengths)
        names = tuple(sorted(felt, key=lambda name: -felt[name]))
        if len(names) == 1:
            return TapFinding("single", names, first.at_s, first.strength), end_s
        # The second knock of two is no other news.
        end_s = first.at_s + policy.pair_s[1]
        return TapFinding("shared", names, first.at_s, first.strength), end_s
