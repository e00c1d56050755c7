"""Every orientation filter, on ideal data: one frame, one start, any block size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings

from imuhip.core import quaternion
from imuhip.errors import ConfigError
from imuhip.fusion.filters import (
    FILTERS,
    OrientationBlock,
    make_filter,
    offline_orientation,
)
from strategies import unit_quaternions

RATE_HZ = 200.0
G_WORLD = np.array([0.0, 0.0, 9.81])
FIELD_WORLD_UT = np.array([0.0, 18.0, -45.0])  # east, north, up: a field that dips, as in Europe
WITH_MAG = ("vqf", "madgwick", "mahony")

# What ideal data may cost: ahrs integrates to first order and chases every sample
TOLERANCE_DEG = {"vqf": 0.05, "madgwick": 1.0, "mahony": 0.6, "ekf": 0.01, "aqua": 0.01}


def angle_deg(q_AB: np.ndarray) -> np.ndarray:
    return np.degrees(np.linalg.norm(quaternion.rotation_vector(q_AB), axis=-1))


def inclination_deg(q_WS: np.ndarray, q_true: np.ndarray) -> np.ndarray:
    up = quaternion.rotate(quaternion.multiply(q_WS, quaternion.conjugate(q_true)), G_WORLD)
    return np.degrees(np.arctan2(np.hypot(up[..., 0], up[..., 1]), up[..., 2]))


def ideal(q_WS: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return gyr, acc and mag of a sensor that goes through `q_WS`: row k turns k-1 into k."""
    step = quaternion.multiply(quaternion.conjugate(q_WS[:-1]), q_WS[1:])
    gyr = np.vstack([np.zeros(3), quaternion.rotation_vector(step) * RATE_HZ])
    q_SW = quaternion.conjugate(q_WS)
    return gyr, quaternion.rotate(q_SW, G_WORLD), quaternion.rotate(q_SW, FIELD_WORLD_UT)


def half_turn(axis: np.ndarray, q_start: np.ndarray) -> np.ndarray:
    """Return 1 s of rest, 2 s of turning by 180 deg about the sensor's `axis`, 1 s of rest."""
    second = int(RATE_HZ)
    ramp = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 2 * second))
    angle = np.pi * np.concatenate([np.zeros(second), ramp, np.ones(second)])
    return quaternion.multiply(q_start, quaternion.about_axis(axis, angle))


def wobbly_walk(n_samples: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    t = np.arange(n_samples) / RATE_HZ
    turning = np.stack([np.sin(2 * t), 0.7 * np.cos(3 * t), 0.4 * np.sin(t)], axis=1)
    q = quaternion.from_rotation_vector(turning)
    gyr, acc, mag = ideal(q)
    return (
        gyr + rng.normal(0, 0.01, gyr.shape),
        acc + rng.normal(0, 0.5, acc.shape),
        mag + rng.normal(0, 0.5, mag.shape),
    )


def in_blocks(name: str, size: int, *arrays: np.ndarray) -> OrientationBlock:
    estimator = make_filter(name, RATE_HZ)
    blocks = [
        estimator.update(*(array[k : k + size] for array in arrays))
        for k in range(0, len(arrays[0]), size)
    ]
    return OrientationBlock(
        *(
            np.concatenate([getattr(block, field) for block in blocks])
            for field in ("q_WS", "bias_rad_s", "bias_sd_rad_s", "rest")
        )
    )


@pytest.mark.parametrize("start", ["level", "tilted", "upside_down"])
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("name", FILTERS)
def test_a_half_turn_about_each_axis_is_a_half_turn(name: str, axis: int, start: str) -> None:
    q_start = {
        "level": quaternion.IDENTITY,
        "tilted": quaternion.from_rotation_vector(np.array([0.5, -0.4, 0.0])),
        "upside_down": quaternion.from_rotation_vector(np.array([np.pi - 0.01, 0.0, 0.0])),
    }[start]
    q_true = half_turn(np.eye(3)[axis], q_start)
    gyr, acc, _ = ideal(q_true)
    q_WS = make_filter(name, RATE_HZ).update(gyr, acc).q_WS
    # Only the heading is free, and it is the same for all samples
    offset = quaternion.multiply(q_WS[0], quaternion.conjugate(q_true[0]))
    assert inclination_deg(q_WS[0], q_true[0]) < 1e-3
    error_deg = angle_deg(
        quaternion.multiply(quaternion.conjugate(q_WS), quaternion.multiply(offset, q_true))
    )
    assert error_deg.max() < TOLERANCE_DEG[name]
    turned = quaternion.multiply(quaternion.conjugate(q_WS[0]), q_WS[-1])
    assert angle_deg(turned) > 180.0 - TOLERANCE_DEG[name]


@pytest.mark.parametrize("name", FILTERS)
@settings(max_examples=25)
@given(q_true=unit_quaternions())
@example(q_true=np.array([0.0, 1.0, 0.0, 0.0]))
@example(q_true=np.array([0.0, 0.0, 1.0, 0.0]))
@example(q_true=np.array([1.0, 0.0, 0.0, 0.0]))
def test_at_rest_the_inclination_is_right_from_the_first_sample(
    name: str, q_true: np.ndarray
) -> None:
    gyr, acc, _ = ideal(np.tile(q_true, (40, 1)))
    block = make_filter(name, RATE_HZ).update(gyr, acc)
    assert inclination_deg(block.q_WS, q_true).max() < 0.02
    np.testing.assert_allclose(quaternion.rotate(block.q_WS[-1], acc[-1]), G_WORLD, atol=0.01)


@pytest.mark.parametrize("name", FILTERS)
def test_a_wrong_start_is_corrected_although_the_gyroscope_reads_exactly_zero(name: str) -> None:
    n_rest = int(30 * RATE_HZ)
    acc = np.tile(G_WORLD, (n_rest, 1))
    acc[0] = quaternion.rotate(quaternion.from_rotation_vector(np.array([0.2, 0.0, 0.0])), G_WORLD)
    q_WS = make_filter(name, RATE_HZ).update(np.zeros_like(acc), acc).q_WS
    # Mahony and AQUA are as slow as their gains; none may stay where it started
    assert inclination_deg(q_WS[-1], quaternion.IDENTITY) < 0.7


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize(
    ("name", "with_mag"),
    [*((name, False) for name in FILTERS), *((name, True) for name in WITH_MAG)],
)
def test_blocks_of_any_length_give_the_same(name: str, size: int, with_mag: bool) -> None:
    arrays = wobbly_walk(900, seed=3)[: 3 if with_mag else 2]
    whole = make_filter(name, RATE_HZ).update(*arrays)
    parts = in_blocks(name, size, *arrays)
    for field in ("q_WS", "bias_rad_s", "bias_sd_rad_s", "rest"):
        np.testing.assert_array_equal(getattr(parts, field), getattr(whole, field), err_msg=field)


@pytest.mark.parametrize("name", FILTERS)
def test_an_empty_block_changes_nothing(name: str) -> None:
    gyr, acc, _ = wobbly_walk(60, seed=5)
    estimator = make_filter(name, RATE_HZ)
    assert len(estimator.update(gyr[:0], acc[:0])) == 0
    first = estimator.update(gyr[:30], acc[:30])
    assert len(estimator.update(gyr[:0], acc[:0])) == 0
    second = estimator.update(gyr[30:], acc[30:])
    whole = make_filter(name, RATE_HZ).update(gyr, acc)
    np.testing.assert_array_equal(np.vstack([first.q_WS, second.q_WS]), whole.q_WS)
    assert len(offline_orientation(name, gyr[:0], acc[:0], RATE_HZ)) == 0


@pytest.mark.parametrize("heading_deg", [0.0, 100.0, -170.0])
@pytest.mark.parametrize("name", WITH_MAG)
def test_with_a_magnetometer_the_world_is_east_north_up(name: str, heading_deg: float) -> None:
    q_start = quaternion.multiply(
        quaternion.about_axis(np.array([0.0, 0.0, 1.0]), np.radians(heading_deg)),
        quaternion.from_rotation_vector(np.array([0.3, 0.2, 0.0])),
    )
    q_true = half_turn(np.array([0.0, 0.0, 1.0]), q_start)
    gyr, acc, mag = ideal(q_true)
    for block in (
        make_filter(name, RATE_HZ).update(gyr, acc, mag),
        offline_orientation(name, gyr, acc, RATE_HZ, mag),
    ):
        error = quaternion.multiply(block.q_WS, quaternion.conjugate(q_true))
        assert angle_deg(error).max() < TOLERANCE_DEG[name]


@pytest.mark.parametrize("name", [name for name in FILTERS if name not in WITH_MAG])
def test_a_filter_that_cannot_use_a_magnetometer_says_which_can(name: str) -> None:
    arrays = wobbly_walk(10, seed=1)
    with pytest.raises(ConfigError, match=f"'{name}' cannot use a magnetometer") as caught:
        make_filter(name, RATE_HZ).update(*arrays)
    assert all(able in caught.value.hint for able in WITH_MAG)


@pytest.mark.parametrize("name", WITH_MAG)
def test_a_magnetometer_may_not_come_and_go(name: str) -> None:
    gyr, acc, mag = wobbly_walk(20, seed=1)
    estimator = make_filter(name, RATE_HZ)
    estimator.update(gyr[:10], acc[:10], mag[:10])
    with pytest.raises(ValueError, match="with every block or with none"):
        estimator.update(gyr[10:], acc[10:])


def test_vqf_learns_the_gyroscope_bias_at_rest_and_says_how_well() -> None:
    rng = np.random.default_rng(11)
    n_rest = int(20 * RATE_HZ)
    bias = np.radians([0.4, -0.3, 0.2])
    gyr = bias + rng.normal(0, 1e-3, (n_rest, 3))
    acc = G_WORLD + rng.normal(0, 0.02, (n_rest, 3))
    live = make_filter("vqf", RATE_HZ).update(gyr, acc)
    assert not live.rest[: int(RATE_HZ)].any()
    assert live.rest[int(3 * RATE_HZ) :].all()
    np.testing.assert_allclose(live.bias_rad_s[-1], bias, atol=2e-4)
    assert live.bias_sd_rad_s[-1] < 0.1 * live.bias_sd_rad_s[0]
    offline = offline_orientation("vqf", gyr, acc, RATE_HZ)
    assert offline.rest.all()
    np.testing.assert_allclose(offline.bias_rad_s[0], bias, atol=2e-4)


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "vqf"])
def test_filters_without_a_bias_model_claim_no_certainty(name: str) -> None:
    gyr, acc, _ = wobbly_walk(200, seed=2)
    block = make_filter(name, RATE_HZ).update(gyr, acc)
    assert np.isfinite(block.bias_rad_s).all()
    assert np.isnan(block.bias_sd_rad_s).all()
    assert not block.rest.any()
    if name != "mahony":
        assert not block.bias_rad_s.any()


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "vqf"])
def test_filters_without_an_acausal_form_give_their_causal_result(name: str) -> None:
    gyr, acc, _ = wobbly_walk(150, seed=4)
    offline = offline_orientation(name, gyr, acc, RATE_HZ)
    np.testing.assert_array_equal(offline.q_WS, make_filter(name, RATE_HZ).update(gyr, acc).q_WS)


@pytest.mark.parametrize("name", FILTERS)
def test_bad_input_names_the_array_and_the_row(name: str) -> None:
    gyr, acc, _ = wobbly_walk(12, seed=6)
    broken = acc.copy()
    broken[7, 1] = np.nan
    for run in (
        make_filter(name, RATE_HZ).update,
        lambda gyr, acc: offline_orientation(name, gyr, acc, RATE_HZ),
    ):
        with pytest.raises(ValueError, match=r"Expected acc to be finite, got .* at row 7"):
            run(gyr, broken)
        with pytest.raises(ValueError, match=r"Expected gyr of shape \(n, 3\), got \(12, 4\)"):
            run(np.zeros((12, 4)), acc)
        with pytest.raises(ValueError, match=r"Expected acc of shape \(12, 3\), got \(11, 3\)"):
            run(gyr, acc[1:])


def test_inputs_may_be_read_only_and_are_left_alone() -> None:
    gyr, acc, mag = wobbly_walk(30, seed=8)
    gyr[3] = 0.0
    for name in FILTERS:
        arrays = [array.copy() for array in (gyr, acc, mag)[: 3 if name in WITH_MAG else 2]]
        for array in arrays:
            array.flags.writeable = False
        make_filter(name, RATE_HZ).update(*arrays)
        offline_orientation(name, arrays[0], arrays[1], RATE_HZ)
        np.testing.assert_array_equal(arrays[0], gyr)


def test_an_unknown_filter_is_told_the_known_ones() -> None:
    for choose in (
        lambda: make_filter("kalman", RATE_HZ),
        lambda: offline_orientation("kalman", np.zeros((1, 3)), np.ones((1, 3)), RATE_HZ),
    ):
        with pytest.raises(ConfigError, match="unknown orientation filter 'kalman'") as caught:
            choose()
        assert all(name in caught.value.hint for name in FILTERS)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("rate_hz", [0.0, -1.0, np.nan])
def test_a_rate_that_is_not_positive_is_refused(name: str, rate_hz: float) -> None:
    with pytest.raises(ValueError, match="rate_hz"):
        make_filter(name, rate_hz)


def test_a_filter_knows_its_name() -> None:
    assert tuple(make_filter(name, RATE_HZ).name for name in FILTERS) == FILTERS
