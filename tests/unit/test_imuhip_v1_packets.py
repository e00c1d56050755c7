"""Laws of the stream codec, and of the motion behind virtual sensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from imuhip.core.sensor import FLAGS
from imuhip.errors import ProtocolError
from imuhip.sensors.imuhip_v1 import control, packets, sync
from imuhip.sensors.imuhip_v1.packets import RawPacket, StreamDecoder

COUNTS = st_numpy.arrays(
    np.int16, st.tuples(st.integers(1, 40), st.just(6)), elements=st.integers(-32768, 32767)
)


def packet(seq: int, time_us: int, n_samples: int = 6) -> bytes:
    return packets.encode_packet(
        RawPacket(seq, time_us, 10_000, np.zeros((n_samples, 6), dtype=np.int16))
    )


@given(
    counts=COUNTS,
    seq=st.integers(0, 2**32 - 1),
    time_us=st.integers(0, 2**48 - 1),
    dt_us=st.integers(1, 65_535),
    flags=st.integers(0, 31),
    age_us=st.integers(0, 65_535),
)
def test_what_is_written_is_read(
    counts: np.ndarray, seq: int, time_us: int, dt_us: int, flags: int, age_us: int
) -> None:
    raw = packets.decode_packet(
        packets.encode_packet(RawPacket(seq, time_us, dt_us, counts, flags, age_us))
    )
    assert (raw.seq, raw.time_us, raw.dt_us) == (seq, time_us, dt_us)
    assert (raw.flags, raw.age_us) == (flags, age_us)
    np.testing.assert_array_equal(raw.counts, counts)


@given(counts=COUNTS, place=st.integers(0), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(counts: np.ndarray, place: int, bit: int) -> None:
    data = bytearray(packets.encode_packet(RawPacket(5, 6, 7, counts)))
    data[place % len(data)] ^= 1 << bit
    with pytest.raises(ProtocolError):
        packets.decode_packet(bytes(data))


@given(data=st.binary(max_size=300))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        raw = packets.decode_packet(data)
    except ProtocolError as error:
        assert str(error)
    else:
        assert packets.encode_packet(raw)[:-3] == data[:-3]


@given(st.integers(0, 1000))
def test_as_many_samples_fit_as_the_mtu_allows(mtu: int) -> None:
    n_samples = packets.samples_that_fit(mtu)
    assert 3 + 19 + 12 * (n_samples + 1) > mtu
    assert n_samples == 0 or 3 + 19 + 12 * n_samples <= mtu


def test_numbers_and_time_unwrap() -> None:
    decoder = StreamDecoder(16, 2000)
    first = decoder.decode(packet(2**32 - 6, 2**48 - 60_000))
    second = decoder.decode(packet(0, 0))
    assert second.first_seq == first.first_seq + 6 == 2**32
    assert second.device_time_s[0] - first.device_time_s[0] == pytest.approx(0.06, abs=1e-7)
    late = decoder.decode(packet(2**32 - 3, 2**48 - 30_000, 3))
    assert late.first_seq == 2**32 - 3
    assert decoder.decode(packet(6, 60_000)).first_seq == 2**32 + 6


@given(steps=st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=30))
def test_unwrapped_numbers_follow_any_gap_below_half_the_range(steps: list[int]) -> None:
    decoder = StreamDecoder(16, 2000)
    seq = decoder.decode(packet(17, 0)).first_seq
    for step in steps:
        seq += step
        assert decoder.decode(packet(seq, seq * 10_000)).first_seq == seq


def test_a_bad_packet_leaves_the_decoder_as_it_was() -> None:
    decoder = StreamDecoder(16, 2000)
    decoder.decode(packet(2**32 - 6, 0))
    with pytest.raises(ProtocolError, match="checksum"):
        decoder.decode(packet(5, 0)[:-1] + b"\xff")
    assert decoder.decode(packet(0, 0)).first_seq == 2**32


def test_values_beyond_the_range_saturate_and_say_so() -> None:
    counts, flags = packets.to_counts(
        np.array([[200.0, 0, -200.0]]), np.array([[0, 40.0, 0.1]]), 16, 2000
    )
    assert counts[0].tolist() == [32767, 0, -32768, 0, 32767, 94]
    assert flags == FLAGS["clip_acc"] | FLAGS["clip_gyr"]
    assert packets.to_counts(np.zeros((2, 3)), np.zeros((2, 3)), 2, 125)[1] == 0


@pytest.mark.parametrize("shape", [(0, 6), (256, 6), (3, 5), (6,)])
def test_wrong_shapes_are_programming_errors(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="Expected counts of shape"):
        packets.encode_packet(RawPacket(0, 0, 10_000, np.zeros(shape, dtype=np.int16)))


def test_time_of_hand_over_is_told_when_known() -> None:
    counts = np.zeros((6, 6), dtype=np.int16)
    told = packets.encode_packet(RawPacket(0, 1_000_000, 10_000, counts, age_us=7_500))
    assert StreamDecoder(16, 2000).decode(told).sent_time_s == pytest.approx(1.0575, abs=1e-9)
    assert StreamDecoder(16, 2000).decode(packet(0, 0)).sent_time_s is None


def test_blocks_are_read_only() -> None:
    block = StreamDecoder(16, 2000).decode(packet(0, 0))
    with pytest.raises(ValueError, match="read-only"):
        block.acc[0, 0] = 1.0


@given(data=st.binary(max_size=40))
def test_any_bytes_of_back_fill_and_sync_decode_or_are_refused(data: bytes) -> None:
    for decode in (control.decode_range, sync.decode_sync_reply):
        try:
            decode(data)
        except ProtocolError as error:
            assert "bytes" in str(error)


@given(
    offset_us=st.integers(0, 10**12),
    out_us=st.integers(0, 10**6),
    thinking_us=st.integers(0, 10**4),
    back_us=st.integers(0, 10**6),
)
def test_sync_bounds_hold_the_true_offset_whatever_the_delays(
    offset_us: int, out_us: int, thinking_us: int, back_us: int
) -> None:
    asked_us = 5_000_000
    received_us = asked_us + out_us + offset_us
    reply = sync.SyncReply(1, received_us, received_us + thinking_us)
    answered_us = asked_us + out_us + thinking_us + back_us
    least_s, most_s = sync.offset_bounds_s(reply, asked_us * 1e-6, answered_us * 1e-6)
    assert least_s - 1e-9 * (1 + offset_us * 1e-6) <= offset_us * 1e-6
    assert offset_us * 1e-6 <= most_s + 1e-9 * (1 + offset_us * 1e-6)
    assert most_s - least_s == pytest.approx((out_us + back_us) * 1e-6, abs=1e-8)
