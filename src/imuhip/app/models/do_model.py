"""The step in which things are done: choose, stand still, get there, do it, see what it gave.

What is written into the recording is what `imuhip assess` looks for: ``n_pose`` over the standing
pose, then the test's own name over its seconds, ``gait`` over a walk, ``pain_left_4`` for pain.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

from imuhip.app.models import wording, wording_do
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.movement_model import MovementModel
from imuhip.app.models.pose_watch import PoseWatch
from imuhip.app.models.sounds import Sounds
from imuhip.app.models.trial_watch import TrialWatch
from imuhip.app.models.wording_texts import said
from imuhip.app.models.worker import make_worker
from imuhip.app.sound import open_speaker
from imuhip.assessment.protocol import MovementTest, shipped_test, shipped_tests
from imuhip.assessment.trial import TrialResult
from imuhip.core.segments import Side

__all__ = ["PAIN_SCORES", "VIEWS", "Choice", "DoModel", "Phase", "View"]

Phase = Literal["choosing", "starting", "standing", "going", "doing", "done"]
View = Literal["numbers", "movement", "limit"]
VIEWS: Final[tuple[View, ...]] = get_args(View)

_OTHER_SIDE: Final[dict[Side, Side]] = {"left": "right", "right": "left"}
_PAIN_SIDES: Final[dict[Side | None, Side | None]] = {"left": "right", "right": None, None: "left"}
PAIN_SCORES: Final = range(11)
_POSE_KEPT_S: Final = 180.0
"""A pose older than this is taken anew: samples of four minutes are kept while measuring."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done: a test with its side, or a walk where `test` is None."""

    test: MovementTest | None
    side: Side | None = None

    @property
    def marker(self) -> str:
        """Return what its seconds are called in the recording."""
        if self.test is None:
            return "gait"
        return f"{self.test.name}_{self.side}" if self.side else self.test.name

    @property
    def title(self) -> str:
        """Return it in words."""
        title = wording.WALK_TITLE if self.test is None else said(self.test.title)
        return wording.sided(title, self.side)


class DoModel:
    """Leads through one test after the other. No Qt; what takes time is the worker's.

    Parameters
    ----------
    live : LiveModel
        Whose sensors and recording are used; pulled before this is.
    worker : Executor
        With one thread; not closed by this.
    reader : Executor, optional
        Reads files; by default the worker does.
    sounds : Sounds, optional
        By default those of this computer.
    """

    def __init__(
        self,
        live: LiveModel,
        worker: Executor,
        reader: Executor | None = None,
        sounds: Sounds | None = None,
    ) -> None:
        self.tests: tuple[MovementTest | None, ...] = (
            None,
            *(shipped_test(name) for name in shipped_tests()),
        )
        self.choice = Choice(None)
        self.phase: Phase = "choosing"
        self.began_s = 0.0
        self.pose: PoseWatch | None = None
        self.watch: TrialWatch | None = None
        self.movement = MovementModel(
            live, reader or worker, sounds or Sounds(open_speaker, make_worker("imuhip-sound"))
        )
        self.view: View = "numbers"
        self.pain_side: Side | None = None
        self.said = ""
        self.done: list[str] = []
        self._live = live
        self._worker = worker
        self._pose_in: Path | None = None
        self._pose_s = 0.0

    # -- what is shown ----------------------------------------------------------------------------

    @property
    def live(self) -> LiveModel:
        """Return sensors and recording."""
        return self._live

    @property
    def now_s(self) -> float:
        """Return the present on the host's clock, s."""
        return self._live.status.at_s

    @property
    def elapsed_s(self) -> float:
        """Return for how long the phase has lasted, s."""
        return self.now_s - self.began_s

    @property
    def result(self) -> TrialResult | None:
        """Return what the test has given so far."""
        return None if self.watch is None else self.watch.result

    @property
    def is_measuring(self) -> bool:
        """Return whether the worker still has to tell of a test that was ended."""
        return self.watch is not None and self.watch.is_looking

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the segments that lack a sensor for what is chosen."""
        worn = {s for s, sensor in self._live.status.sensors.items() if sensor.is_delivering}
        needed: tuple[str, ...] = ("pelvis",)
        if self.choice.test is not None:
            needed = self.choice.test.segments(self.choice.side)
        elif not worn & {"thigh_left", "thigh_right"}:
            needed = ("pelvis", "thigh_left", "thigh_right")
        return tuple(segment for segment in needed if segment not in worn)

    # -- what a person decides --------------------------------------------------------------------

    def choose(self, index: int) -> None:
        """Choose one of `tests`; its side stays where it has one."""
        if self.phase == "choosing" and 0 <= index < len(self.tests):
            test = self.tests[index]
            side: Side | None = (self.choice.side or "left") if test and test.sides else None
            if (test, side) != (self.choice.test, self.choice.side):
                self.choice = Choice(test, side)
                self._turn_to("choosing")

    def choose_side(self, side: Side) -> None:
        """Choose the side, where the test has one."""
        has_sides = self.choice.test is not None and self.choice.test.sides
        if self.phase == "choosing" and has_sides and side != self.choice.side:
            self.choice = replace(self.choice, side=side)
            self._turn_to("choosing")

    def go_on(self) -> None:
        """Do what comes next: begin, be there, end, choose again."""
        if self.phase == "choosing":
            self._begin()
        elif self.phase == "going":
            self._do()
        elif self.phase == "doing":
            self.end()
        elif self.phase == "done":
            self._turn_to("choosing")
            side = self.choice.side
            if side is not None and self._is_done(_OTHER_SIDE[side]) is False:
                self.choice = replace(self.choice, side=_OTHER_SIDE[side])

    def stand_again(self) -> None:
        """Take a new standing pose, such as after a sensor was moved."""
        if self.phase in ("going", "standing"):
            self._stand()

    def take_calibration(self, pose: tuple[float, float], walk: tuple[float, float]) -> None:
        """Take a standing pose and a walk that were calibrated with: nobody stands twice.

        Parameters
        ----------
        pose, walk : tuple of float, s
            Start and end on the host's clock; both are marked in the recording already.
        """
        if self.watch is not None:
            self.watch.mark("n_pose", *pose)
            self.watch.mark("gait", *walk)
            self._pose_in, self._pose_s = self._live.recording.path, pose[1]

    def leave(self) -> None:
        """Go back to choosing; a test that goes on is not marked."""
        if self.phase not in ("choosing", "starting"):
            if self.phase == "doing" and self.watch is not None:
                self.watch.leave()
            self._turn_to("choosing")

    def end(self) -> None:
        """End the test that goes on and mark it in the recording."""
        if self.phase != "doing":
            return
        self._mark(self.choice.marker, self.began_s, self.now_s)
        if self.watch is not None and self.choice.test is None:
            self.watch.mark("gait", self.began_s, self.now_s)
        elif self.watch is not None:
            self.watch.end()
        self.done.append(self.choice.marker)
        self._turn_to("done")

    def tell_pain(self, score: int) -> None:
        """Note pain from 0 to 10 at this instant."""
        if score not in PAIN_SCORES:
            raise ValueError(f"Expected pain from 0 to 10, got {score}")
        if self._live.recording.phase != "recording":
            self.said = wording.PAIN_NEEDS_RECORDING
            return
        side = self.pain_side
        self._live.control.mark(f"pain_{side}_{score}" if side else f"pain_{score}")
        at = wording.duration(self._live.recording.elapsed_s)
        self.said = wording_do.PAIN_NOTED.format(score=score, side=wording.SIDE_NAMES[side], at=at)

    def turn_pain_side(self) -> None:
        """Let pain be told of the next side: left, right, none."""
        self.pain_side = _PAIN_SIDES[self.pain_side]
        self.said = wording_do.PAIN_SIDE_NOW.format(side=wording.SIDE_NAMES[self.pain_side])

    @property
    def next_view(self) -> View:
        """Return what is shown next: large numbers, the movement, or its limit alone."""
        return VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]

    def turn_view(self) -> None:
        """Show the next view."""
        self.view = self.next_view

    # -- as time goes by --------------------------------------------------------------------------

    def close(self) -> None:
        """End what goes on, and let go of the computer's sound."""
        self.end()
        self.movement.close()

    def pull(self) -> None:
        """Take in what the sensors sent and what the worker found; never waits."""
        self.movement.pull(sounds=self.phase in ("going", "doing"))
        self._count()
        if self._live.rings:
            self._follow()
        if self.watch is not None:
            blocks = self.watch.new_blocks()
            if self.phase == "standing" and self.pose is not None:
                self.pose.add(blocks, self.now_s)
                self._see_pose(self.pose)
            self.watch.pull(
                self.now_s, looks=self.phase == "doing" and self.choice.test is not None
            )
        recording = self._live.recording.phase
        if self.phase == "starting" and recording == "recording":
            if self._live.status.recording is not None:
                self._stand()
        elif self.phase not in ("choosing", "done") and recording not in ("starting", "recording"):
            self._turn_to("choosing")  # somebody stopped the recording, or it could not begin

    def _count(self) -> None:
        """Let repetitions be heard as they are found."""
        result, test = self.result, self.choice.test
        found = {} if result is None or test is None else result.repetitions
        wanted = 0 if test is None else test.repetitions.wanted * max(1, len(found))
        self.movement.count(sum(len(one) for one in found.values()), wanted)

    def _follow(self) -> None:
        """Watch the sensors there are; with others the standing pose is to be taken anew."""
        status = self._live.status
        rates = [sensor.nominal_rate_hz for sensor in status.sensors.values()]
        if not rates or (self.watch is not None and self.watch.reads(self._live.rings, rates[0])):
            return
        self.end()
        serials = {segment: sensor.serial for segment, sensor in status.sensors.items()}
        self.watch = TrialWatch(self._live.rings, rates[0], serials, self._worker)
        self._pose_in = None
        if self.phase in ("standing", "going"):
            self._stand()

    @property
    def _has_pose(self) -> bool:
        """Return whether the last standing pose is this recording's, and new enough."""
        young = self.now_s - self._pose_s <= _POSE_KEPT_S
        return young and self._pose_in is not None and self._pose_in == self._live.recording.path

    def _begin(self) -> None:
        if self.missing:
            return
        recording = self._live.recording.phase
        if recording == "recording":
            self._get_there() if self._has_pose else self._stand()
        elif recording == "idle":
            self._live.control.start()
            self._turn_to("starting")

    def _stand(self) -> None:
        if self.watch is not None:
            self.pose = PoseWatch(self.watch.segments, self.watch.rate_hz, self.now_s)
            self._pose_in = None
            self._turn_to("standing")

    def _see_pose(self, pose: PoseWatch) -> None:
        if pose.pose is None or self.watch is None:
            return
        self._mark("n_pose", *pose.pose)
        self.watch.mark("n_pose", *pose.pose)
        self._pose_in, self._pose_s = self._live.recording.path, pose.pose[1]
        self._get_there()

    def _get_there(self) -> None:
        if self.choice.side is not None:
            self.pain_side = self.choice.side
        self._turn_to("going")

    def _do(self) -> None:
        if self.watch is None:
            return
        self._turn_to("doing")
        if self.choice.test is not None:
            self.watch.begin(self.choice.test, self.choice.side, self.began_s)

    def _turn_to(self, phase: Phase) -> None:
        self.phase = phase
        self.began_s = self.now_s
        self.said = ""

    def _is_done(self, side: Side) -> bool:
        return replace(self.choice, side=side).marker in self.done

    def _mark(self, name: str, start_s: float, end_s: float) -> None:
        """Mark a stretch given on the host's clock."""
        recording = self._live.status.recording
        if recording is not None:
            zero_s = self.now_s - recording.elapsed_s
            self._live.control.mark(name, max(0.0, start_s - zero_s), end_s - zero_s)
