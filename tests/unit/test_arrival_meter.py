"""When a sensor counts as silent."""

from __future__ import annotations

import pytest

from imuhip.acquisition.arrival_meter import ArrivalMeter
from imuhip.acquisition.host_time import HostTime


class _Clock:
    def monotonic_ns(self) -> int:
        return 0

    def unix_s(self) -> float:
        return 0.0


@pytest.mark.parametrize(("gathering_s", "silent_after_s"), [(0.0, 0.5), (1.5, 4.5)])
def test_a_model_that_gathers_samples_is_given_its_time(
    gathering_s: float, silent_after_s: float
) -> None:
    """Quick packets of a moving sensor do not make a calm one, whose packets fill slowly, silent.

    A Verity Sense was started anew for it, and what it had gathered was lost.
    """
    meter = ArrivalMeter(HostTime(_Clock()), 0.01)
    meter.packet_period_s = meter.gathering_s = gathering_s
    for i in range(100):
        meter.note_samples(0.05 * i, 0.0, 5, n_fresh=5)
    assert meter.silent_after_s == pytest.approx(silent_after_s)
