"""Contacts on shocks whose instant is known: delays of people, jitter of strides, no shock."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imuhip.core.segments import SIDES
from imuhip.gait.ankle import ankle_ahead, farthest_behind
from imuhip.gait.contacts import Shocks, contact_times, shock_signal
from imuhip.gait.leg_events import LegEvents, leg_events, support_times, swing_only
from imuhip.gait.seconds import (
    KINDS,
    POSTURES,
    intervals,
    label_postures,
    label_seconds,
    running_strides,
)
from imuhip.gait.stride_posture import peak_extension, pelvis_sides
from imuhip.gait.strides import StrideCut
from imuhip.gait.toe_off import toe_off_times

RATE_HZ = 100.0
PERIOD_S = 1.05


def struck(contacts_s: np.ndarray, time_s: np.ndarray, noise: float, seed: int = 0) -> np.ndarray:
    """Return a force (n, 3) that rings at 15 Hz after each contact, on top of a slow bounce."""
    rng = np.random.default_rng(seed)
    force = 9.81 + 2.0 * np.cos(4 * np.pi * time_s / PERIOD_S)
    for at_s in contacts_s:
        since = time_s - at_s - 0.012
        force += 4.0 * np.exp(-0.5 * (since / 0.02) ** 2) * np.cos(2 * np.pi * 15 * since)
    noisy = np.stack([force, np.zeros_like(force), np.zeros_like(force)], axis=1)
    return noisy + rng.normal(0, noise, noisy.shape)


def walk(delay_s: float, jitter_s: float, noise: float, n: int = 60, seed: int = 0):
    rng = np.random.default_rng(seed)
    time_s = np.arange(round((n + 4) * PERIOD_S * RATE_HZ)) / RATE_HZ
    flexed_s = 2.0 + PERIOD_S * np.arange(n)
    contacts_s = flexed_s + delay_s + rng.normal(0, jitter_s, n)
    return time_s, flexed_s, contacts_s, struck(contacts_s, time_s, noise, seed)


def found(time_s, flexed_s, acc, *, running=False, edge=None):
    signal = shock_signal(acc, RATE_HZ)
    assert signal is not None
    runs = np.full(len(flexed_s), running)
    at_edge = np.zeros(len(flexed_s), dtype=bool) if edge is None else edge
    return contact_times(time_s, Shocks(signal, "pelvis"), flexed_s, runs, at_edge)


@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.065, 0.09])
def test_a_persons_own_delay_between_swing_and_contact_is_found(delay_s: float):
    time_s, flexed_s, contacts_s, acc = walk(delay_s, 0.008, 0.3)
    contacts = found(time_s, flexed_s, acc)
    error = contacts.at_s - contacts_s
    assert contacts.shock_seen.all()
    assert abs(error.mean()) < 0.003
    assert error.std() < 0.003, "each stride is followed, not only their mean"
    assert np.all((contacts.sd_s > 0.008) & (contacts.sd_s < 0.012))


def test_noise_leaves_the_swing_in_charge_and_widens_the_sd():
    time_s, flexed_s, contacts_s, acc = walk(0.04, 0.008, 2.5)
    noisy, clear = (
        found(time_s, flexed_s, acc),
        found(*walk(0.04, 0.008, 0.1)[:2], walk(0.04, 0.008, 0.1)[3]),
    )
    assert noisy.sd_s.mean() > clear.sd_s.mean()
    assert np.sqrt(np.mean((noisy.at_s - contacts_s) ** 2)) < 0.013


def test_without_a_shock_the_usual_delay_is_told_with_a_wide_sd():
    time_s, flexed_s, _, _ = walk(0.04, 0.0, 0.0)
    flat = np.tile([9.81, 0.0, 0.0], (len(time_s), 1))
    flat += np.random.default_rng(1).normal(0, 0.3, flat.shape)
    contacts = found(time_s, flexed_s, flat)
    assert not contacts.shock_seen.any()
    np.testing.assert_allclose(contacts.at_s - flexed_s, 0.045)
    assert np.all(contacts.sd_s > 0.02)


def test_too_slow_sensors_have_no_shock():
    assert shock_signal(np.ones((500, 3)), 25.0) is None
    assert shock_signal(np.ones((50, 3)), 100.0) is None


def test_a_start_that_swings_late_is_put_right_by_its_shock():
    time_s, flexed_s, contacts_s, acc = walk(0.04, 0.004, 0.2)
    early = flexed_s.copy()
    early[0] -= 0.11
    edge = np.zeros(len(flexed_s), dtype=bool)
    edge[0] = True
    contacts = found(time_s, early, acc, edge=edge)
    assert abs(contacts.at_s[0] - contacts_s[0]) < 0.006
    lost = found(time_s, early, struck(contacts_s[1:], time_s, 0.2), edge=edge)
    assert lost.sd_s[0] > 0.05, "no shock there: nobody knows"


def test_walkers_leave_the_ground_after_greatest_extension():
    flexed_s = np.array([1.0, 2.0])
    extended_s = flexed_s + 0.55
    walking = np.zeros(2, dtype=bool)
    off = toe_off_times(
        np.arange(400) / RATE_HZ,
        np.tile([9.81, 0, 0], (400, 1)),
        RATE_HZ,
        flexed_s,
        extended_s,
        walking,
        np.ones(2),
    )
    np.testing.assert_allclose(off.at_s - extended_s, 0.066)
    assert np.all(off.sd_s >= 0.01)


def test_a_shank_tells_where_the_ankle_is_farthest_behind():
    """A leg of two rods, the shank's vertical seen from a sensor strapped on any way round."""
    time_s = np.arange(3000) / RATE_HZ
    phase = 2 * np.pi * time_s / PERIOD_S
    thigh = np.radians(20.0) * np.cos(phase)
    shank = np.radians(25.0) * np.cos(phase - 0.9)
    rate = np.gradient(shank, time_s)
    for mounting in Rotation.random(3, random_state=4):
        axis = mounting.apply([0.0, 0.0, 1.0])  # to the person's right
        up = np.stack([np.sin(shank), np.cos(shank), 0 * shank], axis=1)  # in the shank's axes
        ahead = ankle_ahead(
            thigh,
            rate[:, None] * axis,
            mounting.apply(up),
            mounting.apply([0.0, 1.0, 0.0]),
            np.ones(len(time_s), dtype=bool),
            RATE_HZ,
        )
        assert ahead is not None
        expected = np.sin(thigh) + np.sin(shank)
        np.testing.assert_allclose(ahead[200:-200], expected[200:-200], atol=1e-6)
        flexed_s = PERIOD_S * np.arange(3, 20)
        behind_s = farthest_behind(time_s, ahead, flexed_s, np.full(17, PERIOD_S))
        share = np.linspace(0.4, 0.8, 40001)
        turn = 2 * np.pi * share
        place = np.sin(np.radians(20) * np.cos(turn)) + np.sin(np.radians(25) * np.cos(turn - 0.9))
        expected_s = flexed_s + share[np.argmin(place)] * PERIOD_S
        np.testing.assert_allclose(behind_s, expected_s, atol=2e-3)


def test_a_shank_that_does_not_move_tells_nothing():
    n = 500
    nothing = ankle_ahead(
        np.radians(20.0) * np.sin(np.arange(n) / 20.0),
        np.random.default_rng(1).normal(0, 0.1, (n, 3)),
        np.tile([0.0, 1.0, 0.0], (n, 1)) + np.random.default_rng(2).normal(0, 0.01, (n, 3)),
        np.array([0.0, 1.0, 0.0]),
        np.ones(n, dtype=bool),
        RATE_HZ,
    )
    assert nothing is None


def running_force(time_s: np.ndarray, period_s: float, contact_s: float, stance_s: float):
    """Return the force (n, 3) of a runner: half sines in stance, next to nothing in flight."""
    since = np.mod(time_s - contact_s, 0.5 * period_s)
    force = np.where(since < stance_s, 24.0 * np.sin(np.pi * since / stance_s), 1.0)
    return np.stack([np.maximum(force, 1.0), 0 * force, 0 * force], axis=1)


def test_runners_leave_the_ground_where_the_pelvis_gets_light():
    period_s, stance_s = 0.72, 0.24
    time_s = np.arange(3000) / RATE_HZ
    flexed_s = 1.0 + period_s * np.arange(30)
    contact_s = flexed_s[0] + 0.09
    acc = running_force(time_s, period_s, contact_s, stance_s)
    runs = np.ones(30, dtype=bool)
    off = toe_off_times(time_s, acc, RATE_HZ, flexed_s, flexed_s + 0.4, runs, np.full(30, period_s))
    assert off.shock_seen.all()
    error = off.at_s - (flexed_s + 0.09 + stance_s)
    assert np.abs(error).max() < 0.03


# -- walking, running, seconds ------------------------------------------------------------------


def cut(start_s: np.ndarray, period_s: float, side: str = "left") -> StrideCut:
    every = np.ones(len(start_s), dtype=bool)
    return StrideCut(side, start_s, start_s + 0.5 * period_s, start_s + period_s, every, every)


def test_runners_bounce_and_walkers_vault():
    time_s = np.arange(2000) / RATE_HZ
    start_s = 1.0 + 0.72 * np.arange(20)
    run = running_force(time_s, 0.72, 1.09, 0.24)
    assert running_strides(time_s, run, RATE_HZ, cut(start_s, 0.72)).all()
    # a brisk walker with a soft belt: as light, but heaviest just after contact
    phase = (time_s - 1.0) / 0.86
    walk_force = 9.81 * (1.0 + 0.6 * np.cos(4 * np.pi * (phase - 0.1)))
    belt = np.stack([walk_force, 0 * walk_force, 0 * walk_force], axis=1)
    start_s = 1.0 + 0.86 * np.arange(20)
    assert not running_strides(time_s, belt, RATE_HZ, cut(start_s, 0.86)).any()


def test_every_second_has_one_kind_and_intervals_cover_the_session():
    time_s = np.arange(4050) / RATE_HZ
    start_s = 10.0 + np.arange(12.0)
    turn = np.where((time_s >= 30) & (time_s < 32), 1.5, 0.0)
    still = np.zeros(40, dtype=bool)
    still[:9] = True
    left, right = cut(start_s, 1.0), cut(start_s + 0.5, 1.0, "right")
    runs = [np.zeros(12, dtype=bool), np.zeros(12, dtype=bool)]
    runs[0][6:], runs[1][6:] = True, True
    labels = label_seconds(time_s, [left, right], runs, turn, still, RATE_HZ)
    assert len(labels) == 41
    names = [KINDS[k] for k in labels]
    assert names[:9] == ["still"] * 9
    assert names[10:16] == ["walk"] * 6
    assert names[17:22] == ["run"] * 5
    assert names[30:32] == ["turn"] * 2
    assert names[35] == "other"
    spans = intervals(labels, 0.0, 40.49)
    assert spans[0].start_s == 0.0
    assert spans[-1].end_s == 40.49
    for one, following in pairwise(spans):
        assert one.end_s == following.start_s
        assert one.name != following.name


def test_thighs_level_are_sitting_and_a_level_pelvis_is_lying():
    n = 400
    thigh, pelvis = np.ones(n), np.ones(n)
    thigh[100:200] = 0.1
    thigh[200:300], pelvis[200:300] = 0.0, 0.0
    thigh[350:] = np.nan
    labels = label_postures([thigh, thigh], pelvis, RATE_HZ)
    assert [POSTURES[k] for k in labels] == ["upright", "sitting", "lying", "unknown"]


# -- both legs ----------------------------------------------------------------------------------


def leg(side: str, contact_s: np.ndarray, stance_s: float, period_s: float, running: bool):
    base = swing_only(cut(contact_s, period_s, side))
    n = len(contact_s)
    return LegEvents(
        base.cut,
        np.full(n, running),
        contact_s,
        np.full(n, 0.01),
        contact_s + period_s,
        contact_s + stance_s,
        np.full(n, 0.014),
        np.full(n, 0.003),
        np.ones(n, dtype=bool),
    )


@pytest.mark.parametrize(
    ("running", "stance_s", "phase"), [(False, 0.62, "double_support"), (True, 0.35, "flight")]
)
def test_support_times_of_a_clockwork_walker_and_runner(running, stance_s, phase):
    begin = 1.0 + np.arange(10.0)
    # the left foot comes 10 ms after the middle of the right stride
    legs = {
        "right": leg("right", begin, stance_s, 1.0, running),
        "left": leg("left", begin + 0.51, stance_s, 1.0, running),
    }
    for side in SIDES:
        times = support_times(legs, side)
        inner = slice(1, -1)
        np.testing.assert_allclose(times["stance"], stance_s)
        np.testing.assert_allclose(times["swing"], 1.0 - stance_s)
        np.testing.assert_allclose(times["step"][inner], 0.49 if side == "right" else 0.51)
        expected = 2 * stance_s - 1.0 if phase == "double_support" else 1.0 - 2 * stance_s
        np.testing.assert_allclose(times[phase][inner], expected, atol=1e-9)
        other = "flight" if phase == "double_support" else "double_support"
        assert np.isnan(times[other]).all()


def test_one_leg_alone_has_stance_and_swing_only():
    own = leg("left", 1.0 + np.arange(5.0), 0.6, 1.0, running=False)
    times = support_times({"left": own}, "left")
    assert np.isfinite(times["stance"]).all()
    assert np.isnan(times["step"]).all()
    assert np.isnan(times["double_support"]).all()


def test_extension_peaks_in_late_stance_with_the_tilt_of_that_instant():
    time_s = np.arange(0, 8, 0.01)
    own = leg("left", 1.0 + np.arange(5.0), 0.6, 1.0, running=False)
    phase = time_s % 1.0
    values = {
        "hip_flexion_left": np.radians(10.0) * np.cos(2 * np.pi * (phase - 0.04)),
        "pelvis_tilt": np.radians(20.0) * phase,
    }
    posture = peak_extension(time_s, values, "left", own)
    np.testing.assert_allclose(np.degrees(posture["hip_extension_peak"]), 10.0, atol=0.05)
    tilt = np.degrees(posture["pelvis_tilt_at_extension_peak"])
    np.testing.assert_allclose(tilt, 20.0 * 0.54, atol=0.3)
    values["hip_flexion_left"][250] = np.nan  # half way through the second stride
    gone = peak_extension(time_s, values, "left", own)["hip_extension_peak"]
    assert list(np.isnan(gone)) == [False, True, False, False, False]


@pytest.mark.parametrize(("side", "sign"), [("right", 1.0), ("left", -1.0)])
def test_drop_is_of_the_other_side_in_stance_and_hike_of_this_one_in_swing(side, sign):
    time_s = np.arange(0, 8, 0.01)
    phase = time_s % 1.0
    own_side_up = np.where(phase < 0.6, np.radians(5.0), np.radians(-2.0))
    own = leg(side, 1.0 + np.arange(5.0), 0.6, 1.0, running=False)
    found_sides = pelvis_sides(time_s, {"pelvis_obliquity": sign * own_side_up}, side, own)
    np.testing.assert_allclose(np.degrees(found_sides["pelvis_drop"]), 5.0)
    np.testing.assert_allclose(np.degrees(found_sides["pelvis_hike"]), -2.0)


def test_a_leg_without_strides_is_no_problem():
    nothing = leg_events(
        np.arange(500) / RATE_HZ,
        cut(np.empty(0), 1.0),
        np.tile([9.81, 0, 0], (500, 1)),
        None,
        RATE_HZ,
    )
    assert len(nothing) == 0
    assert all(len(v) == 0 for v in support_times({"left": nothing}, "left").values())
