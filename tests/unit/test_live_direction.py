"""The walking direction from the past alone: straight, in turns, and whatever the blocks."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from imuhip.kinematics.live_direction import LiveDirection

RATE_HZ = 100.0
STRIDE = 110


def walk(turn_deg: float, duration_s: float = 60.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return heading, true direction and legs of a walk with one turn in the middle."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * time_s / (STRIDE / RATE_HZ)
    legs = np.radians(np.stack([20 * np.sin(phase), 5 * np.cos(phase + 0.4)], axis=1))
    speed = np.gradient(legs, axis=0) * RATE_HZ
    own = np.radians(5.0) * np.sin(phase - 0.6)
    turn = 1 / (1 + np.exp(-(time_s - duration_s / 2) / 0.3))
    direction = np.radians(170.0 + turn_deg * turn)
    return direction + own, direction, np.concatenate([legs, speed], axis=1)


def follow(heading: np.ndarray, legs: np.ndarray, block: int) -> np.ndarray:
    """Return the directions found, learning every two seconds as the live pipeline does."""
    live = LiveDirection(RATE_HZ, legs.shape[1])
    found, done = [], 0
    while done < len(heading):
        end = min(len(heading), done + block, (done // 200 + 1) * 200)
        wrapped = np.angle(np.exp(1j * heading[done:end]))
        found.append(live.update(wrapped, legs[done:end], STRIDE)[1])
        done = end
        if done % 200 == 0:
            live.learn(STRIDE)
    return np.concatenate(found)


def error_deg(found: np.ndarray, direction: np.ndarray) -> np.ndarray:
    return np.degrees(np.angle(np.exp(1j * (found - direction))))


def test_a_straight_walk_has_one_direction() -> None:
    heading, direction, legs = walk(0.0)
    assert np.abs(error_deg(follow(heading, legs, 50), direction)[1000:]).max() < 0.2


def test_a_turn_is_followed_while_it_is_walked() -> None:
    """The mean of the last stride alone would be tens of degrees behind."""
    heading, direction, legs = walk(180.0)
    error = error_deg(follow(heading, legs, 50), direction)[1000:]
    assert np.sqrt(np.mean(error**2)) < 1.0
    assert np.abs(error).max() < 8.0


def test_each_kind_of_gait_keeps_what_was_learnt_of_it() -> None:
    """A runner's pelvis goes otherwise with the legs: what walking taught waits for the walk."""
    heading, _, legs = walk(0.0, 20.0)
    live = LiveDirection(RATE_HZ, legs.shape[1])
    live.change_gait("walk")
    live.update(heading, legs, STRIDE)
    live.learn(STRIDE)
    turned, true, turning_legs = walk(180.0, 20.0)
    expected = live_copy_error(live, turned, turning_legs, true)
    live.change_gait("run")
    live.update(-3.0 * heading, legs, STRIDE)
    live.change_gait("walk")
    assert abs(live_copy_error(live, turned, turning_legs, true) - expected) < 0.05
    live.change_gait("none")
    assert live_copy_error(live, turned, turning_legs, true) > 2.0 * expected


def live_copy_error(
    live: LiveDirection, heading: np.ndarray, legs: np.ndarray, direction: np.ndarray
) -> float:
    """Return the RMS error (degrees) with which a copy would follow a walk with a turn."""
    found = deepcopy(live)
    found.begin(heading[:1], legs[:1])
    error = error_deg(found.update(heading, legs, STRIDE)[1], direction)
    return float(np.sqrt(np.mean(error[500:] ** 2)))


def test_blocks_do_not_matter() -> None:
    heading, _, legs = walk(90.0, 30.0)
    whole = follow(heading, legs, 200)
    for block in (1, 7):
        np.testing.assert_allclose(follow(heading, legs, block), whole, atol=1e-9)


def test_turning_the_past_turns_the_direction() -> None:
    heading, _, legs = walk(0.0, 20.0)
    live = LiveDirection(RATE_HZ, legs.shape[1])
    before = live.update(heading[:1500], legs[:1500], STRIDE)[1][-1]
    live.turn(0.3)
    after = live.update(heading[1500:1510] + 0.3, legs[1500:1510], STRIDE)[1][-1]
    assert abs(np.angle(np.exp(1j * (after - before - 0.3)))) < np.radians(0.3)


def test_what_was_learnt_before_the_gait_had_a_name_is_kept():
    """The first calibration may come in a turn: what the past told then must last through it."""
    rate_hz = 100.0
    time_s = np.arange(int(20 * rate_hz)) / rate_hz
    phase = 2 * np.pi * time_s / 1.1
    legs = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    heading = 0.1 * np.sin(phase + 0.4)
    found = LiveDirection(rate_hz, n_features=2)
    found.change_gait("none")
    found.begin(heading, legs)
    found.learn(110)
    turning = np.pi * np.clip((time_s[:400] - 1.0) / 2.0, 0.0, 1.0)
    found.change_gait("walk")
    turned = found.update(heading[:400] + turning, legs[:400], 110)
    error = np.unwrap(turned[1]) - turning
    assert np.degrees(np.abs(error - error[0])).max() < 8.0
