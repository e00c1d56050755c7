"""Conversations of the specification, byte for byte: Python sensor and C core, over GATT."""

from __future__ import annotations

import asyncio
import ctypes
import json
from collections.abc import Callable
from typing import Any

import pytest

from acquisition_kit import no_thread_left, noise_motion
from c_compiler import FIRMWARE, c_compiler
from firmware_sensor import FirmwareSensor, load_core
from imuhip.core.link import Link
from imuhip.errors import ConnectError
from imuhip.radio.virtual_air import VirtualAir
from imuhip.sensors.imuhip_v1 import profile
from imuhip.sensors.imuhip_v1.profile import REPLY_BIT, Capability, Operation, Status
from imuhip.simulation.shared_motion import SharedMotion
from imuhip.simulation.virtual_sensor import SensorSpec, VirtualSensor
from virtual_time import VirtualClock, run_virtual

CASES = json.loads((FIRMWARE / "vectors" / "exchanges.json").read_text(encoding="utf-8"))["cases"]
CHANNELS = {
    "control": profile.CONTROL_UUID,
    "stream": profile.STREAM_UUID,
    "back-fill": profile.BACK_FILL_UUID,
    "sync": profile.SYNC_UUID,
}
ADDRESS = "C4:5C:4E:00:0E:01"
each_case = pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in CASES])
Sensor = VirtualSensor | FirmwareSensor


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    if c_compiler() is None:
        pytest.skip("no C compiler (cc, gcc or clang) on this machine")
    return load_core(tmp_path_factory.mktemp("core"))


def spec_of(case: dict[str, Any]) -> SensorSpec:
    has = Capability(case["capabilities"])
    return SensorSpec(
        "pelvis",
        "EXCHANGE",
        ADDRESS,
        largest_mtu=case["mtu"],
        back_fills=Capability.BACKFILL in has,
        tells_clock=Capability.SYNC in has,
        switches_off=Capability.OFF in has,
        bonds=Capability.BOND in has,
    )


async def converse(link: Link, case: dict[str, Any]) -> None:
    replies: asyncio.Queue[bytes] = asyncio.Queue()
    if case["protected"]:
        await link.secure("EXCHANGE")
    if case["protected"] or not case["capabilities"] & Capability.BOND:
        for name in case["subscribed"]:
            listener = replies.put_nowait if name == "control" else lambda _data: None
            await link.subscribe(CHANNELS[name], listener)
    for step in case["steps"]:
        written = bytes.fromhex(step["write"])
        if "att" in step:
            with pytest.raises(ConnectError, match=f"code {step['att']:#04x}"):
                await link.write(profile.CONTROL_UUID, written)
        else:
            await link.write(profile.CONTROL_UUID, written)
            async with asyncio.timeout(1.0):
                assert (await replies.get()).hex() == step["indicated"], step
    assert replies.empty()


def run(case: dict[str, Any], make: Callable[[SensorSpec, SharedMotion], Sensor]) -> None:
    source = noise_motion(("pelvis",), 2.0)

    async def main(clock: VirtualClock) -> None:
        air = VirtualAir()
        motion = SharedMotion(source.sensors, source.rate_hz, begin="explicit")
        sensor = make(spec_of(case), motion)
        await air.hang(sensor)
        radio = await air.radio()
        link = radio.link(ADDRESS, lambda: None)
        try:
            await link.connect(5.0)
            assert link.mtu == case["mtu"]
            await converse(link, case)
        finally:
            await radio.close()
            sensor.close()
            await air.close()

    run_virtual(main)


@each_case
def test_the_python_sensor(case: dict[str, Any]) -> None:
    run(case, VirtualSensor)


@each_case
def test_the_c_core(case: dict[str, Any], core: ctypes.CDLL) -> None:
    run(case, lambda spec, motion: FirmwareSensor(core, spec, motion, case["capabilities"]))


def test_every_operation_and_every_status_is_in_a_conversation() -> None:
    steps = [step for case in CASES for step in case["steps"]]
    replies = [bytes.fromhex(step["indicated"]) for step in steps if "indicated" in step]
    done = {reply[0] & ~REPLY_BIT for reply in replies if reply[2] == Status.OK}
    assert done == set(Operation)
    # A chip that does not answer is no matter of bytes; both sensors are tested for it elsewhere.
    assert {reply[2] for reply in replies} == set(Status) - {Status.HARDWARE_FAULT}
    assert {step["att"] for step in steps if "att" in step} == {0x05, 0x0D, 0xFD, 0xFE}
