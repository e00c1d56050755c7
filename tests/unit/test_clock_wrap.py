"""A clock that wrapped while the link was down goes on; a restarted sensor's does not."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.acquisition.clock_wrap import WrapContinuation
from imuhip.core.sensor import SampleBlock
from imuhip.sensors.movella_dot.payloads import DotStreamDecoder
from imuhip.sensors.movesense.packets import MovesenseStreamDecoder

WRAP_S = 2**32 * 1e-6
DECODER = DotStreamDecoder(60)


def block(time_s: float) -> SampleBlock:
    return SampleBlock(
        0, np.array([time_s]), np.zeros((1, 3)), np.zeros((1, 3)), sent_time_s=time_s
    )


def after_pause(
    before_s: float, pause_s: float, stamp_s: float, decoder: object = DECODER
) -> SampleBlock:
    """Return the first block after a pause that began at device time `before_s`."""
    wraps = WrapContinuation()
    wraps.continued(block(before_s), 100.0, decoder)
    wraps.restarted()
    first = wraps.continued(block(stamp_s), 100.0 + pause_s, decoder)
    second = wraps.continued(block(stamp_s + 1.0), 101.0 + pause_s, decoder)
    assert second.device_time_s[0] - first.device_time_s[0] == pytest.approx(1.0)
    assert first.sent_time_s == pytest.approx(first.device_time_s[0])
    return first


def test_the_clock_goes_on_over_a_wrap_in_the_pause() -> None:
    first = after_pause(WRAP_S - 2.0, 5.0, 3.0)
    assert first.device_time_s[0] == pytest.approx(WRAP_S + 3.0)


def test_wraps_before_the_pause_are_kept_and_many_in_it_are_counted() -> None:
    assert after_pause(3 * WRAP_S + 7.0, 5.0, 12.0).device_time_s[0] == pytest.approx(
        3 * WRAP_S + 12.0
    )
    assert after_pause(7.0, 2 * WRAP_S + 5.0, 12.3).device_time_s[0] == pytest.approx(
        2 * WRAP_S + 12.3
    )


@pytest.mark.parametrize("stamp_s", [0.2, 1.9, 4.0, 2000.0])
def test_a_time_that_does_not_fit_is_that_of_a_restarted_sensor(stamp_s: float) -> None:
    assert after_pause(WRAP_S - 2.0, 5.0, stamp_s).device_time_s[0] == stamp_s


def test_a_clock_that_went_on_or_does_not_wrap_is_left_alone() -> None:
    assert after_pause(100.0, 5.0, 105.0).device_time_s[0] == 105.0
    assert after_pause(WRAP_S - 2.0, 5.0, 3.0, decoder=object()).device_time_s[0] == 3.0
    late_wrap = MovesenseStreamDecoder(104)
    assert after_pause(WRAP_S - 2.0, 5.0, 3.0, decoder=late_wrap).device_time_s[0] == 3.0
