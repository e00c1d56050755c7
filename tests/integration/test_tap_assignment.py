"""Taps over virtual Bluetooth: sensors that feel them, and the questions that they answer."""

from __future__ import annotations

import asyncio

from acquisition_kit import kit_and_engine
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.tap_assignment import TapAnswer, TapAssignment
from imuhip.core.sensor import StreamConfig
from imuhip.simulation.kit import VirtualKit, virtual_person
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
MIXED = {"trunk": "thigh_left", "shank_left": "pelvis", "shank_right": "thigh_right"}
"""What the sensors are called before anybody knows: where they are worn."""


async def _answers(engine: Engine, assignment: TapAssignment, names) -> list[TapAnswer]:
    """Feed until something is answered, as a command or a window does."""
    for _ in range(400):
        await asyncio.sleep(0.1)
        assignment.feed({name: engine.ring(name) for name in names})
        if answers := assignment.update(engine.status().at_s):
            return answers
    raise AssertionError("no answer, not even a time-out")


async def _settled(engine: Engine, assignment: TapAssignment, names) -> None:
    while not assignment.is_settled:
        await asyncio.sleep(0.1)
        assignment.feed({name: engine.ring(name) for name in names})


def _run(check, *, begin: bool = False, model: str = "imuhip", rate_hz: int = 100) -> None:
    """Run ``check(kit, engine, assignment)`` with sensors that have no right names yet."""

    async def main(clock: VirtualClock) -> None:
        person = virtual_person("walk", 1.0, seed=5)
        options = EngineOptions(stream=StreamConfig(rate_hz))
        async with kit_and_engine(clock, person, options, sensor=model, exact=False) as (
            kit,
            engine,
        ):
            wanted = {name: kit.assignment[worn] for name, worn in MIXED.items()}
            await engine.connect(wanted)
            assignment = TapAssignment(
                SEGMENTS, dict.fromkeys(MIXED, float(rate_hz)), timeout_s=10.0
            )
            if begin:
                kit.begin()
                await asyncio.sleep(34.0)  # it walks by then
            await _settled(engine, assignment, MIXED)
            await check(kit, engine, assignment)

    run_virtual(main)


async def _all_are_found(kit: VirtualKit, engine: Engine, assignment: TapAssignment) -> None:
    while (segment := assignment.wanted) is not None:
        assignment.ask(engine.status().at_s)
        for _ in range(4):
            kit.motion.tap(segment)
            answers = await _answers(engine, assignment, MIXED)
            if answers[-1].kind == "assigned":
                break
    assert {s: MIXED[name] for s, name in assignment.assigned.items()} == {s: s for s in SEGMENTS}


def test_sensors_are_told_apart_by_taps() -> None:
    _run(_all_are_found)


def test_sensors_of_a_person_who_walks() -> None:
    _run(_all_are_found, begin=True)


def test_sensors_that_number_nothing() -> None:
    _run(_all_are_found, model="witmotion")


def test_what_is_no_answer_is_told_and_asked_again() -> None:
    async def check(kit: VirtualKit, engine: Engine, assignment: TapAssignment) -> None:
        names = {worn: name for name, worn in MIXED.items()}
        assignment.ask(engine.status().at_s)
        kit.motion.tap("pelvis")
        kit.motion.tap("thigh_left")  # a knock that both feel
        (answer,) = await _answers(engine, assignment, MIXED)
        assert answer.kind == "shared"
        assert set(answer.sensors) == {names["pelvis"], names["thigh_left"]}
        kit.motion.tap("pelvis")
        (answer,) = await _answers(engine, assignment, MIXED)
        assert (answer.kind, answer.sensors) == ("assigned", (names["pelvis"],))
        assert assignment.wanted == "thigh_left"
        assignment.ask(engine.status().at_s)
        kit.motion.tap("pelvis")
        (answer,) = await _answers(engine, assignment, MIXED)
        assert (answer.kind, answer.segment) == ("taken", "thigh_left")
        (answer,) = await _answers(engine, assignment, MIXED)
        assert (answer.kind, answer.sensors) == ("timeout", (names["pelvis"],))
        assert assignment.assigned == {"pelvis": names["pelvis"]}

    _run(check)


def test_taps_from_before_the_question_do_not_answer_it() -> None:
    async def check(kit: VirtualKit, engine: Engine, assignment: TapAssignment) -> None:
        kit.motion.tap("thigh_right", delay_s=0.1)
        await asyncio.sleep(0.6)
        assignment.ask(engine.status().at_s)
        (answer,) = await _answers(engine, assignment, MIXED)
        assert answer.kind == "timeout"

    _run(check)
