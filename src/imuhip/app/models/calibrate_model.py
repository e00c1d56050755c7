"""The step of calibration: a protocol step by step, its grade, and whether the straps are right.

Markers go into the recording when the calibration is accepted, so that one that is done again
leaves none behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Final, Literal

from imuhip.analysis.strap_check import Judgement, judge_pose
from imuhip.app.models import wording_calibrate as words
from imuhip.app.models.calibration_judge import CalibrationJudge
from imuhip.app.models.calibration_watch import CalibrationWatch
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.mounting_memory import MountingMemory
from imuhip.app.models.pose_watch import POSE_S, PoseWatch
from imuhip.app.models.protocols import ListedProtocol, listed_protocols
from imuhip.calibration.protocol import Protocol, Step
from imuhip.core.series import Marker

__all__ = ["CHECK_S", "CalibrateModel", "Phase"]

Phase = Literal["choosing", "starting", "ready", "doing", "judging", "done"]

LEAD_S: Final = 3.0
CHECK_S: Final = 10.0
"""So much walking tells whether the straps are right: 15 s with the pose before."""
_CHECK_AGAIN_S: Final = 5.0
_ACCEPTED: Final = "ABC"


class CalibrateModel:
    """Leads through a protocol. No Qt; what takes time is the worker's.

    Parameters
    ----------
    live : LiveModel
        Whose sensors and recording are used; pulled before this is.
    worker : Executor
        Judges; not closed by this.
    accept : callable
        Told of the pose (start and end on the host's clock, s) and of the walk of an accepted
        calibration, so that other steps can go on from it.
    begin_motion : callable, optional
        Lets a virtual person begin; called with the first standing pose.
    memory : MountingMemory, optional
        How sensors were worn before.
    protocols : list of ListedProtocol, optional
        By default all there are.
    """

    def __init__(
        self,
        live: LiveModel,
        worker: Executor,
        accept: Callable[[tuple[float, float], tuple[float, float]], None],
        *,
        begin_motion: Callable[[], None] | None = None,
        memory: MountingMemory | None = None,
        protocols: list[ListedProtocol] | None = None,
    ) -> None:
        self.protocols = listed_protocols() if protocols is None else protocols
        self.index = 0
        self.phase: Phase = "choosing"
        self.k = 0
        self.began_s = 0.0
        self.pose: PoseWatch | None = None
        self.unrest: dict[str, float] = {}
        self.pose_judgement: Judgement | None = None
        self.checked_s = 0.0
        """After so much of the walk the straps were judged last; 0 before."""
        self.said = ""
        self._live = live
        self._worker = worker
        self._accept = accept
        self._begin_motion = begin_motion or _nothing
        self._judge = CalibrationJudge(memory or MountingMemory(None))
        self._watch: CalibrationWatch | None = None
        self._markers: list[Marker] = []
        self._is_accepted = False

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
    def listed(self) -> ListedProtocol:
        """Return what is chosen in the list."""
        return self.protocols[self.index]

    @property
    def protocol(self) -> Protocol | None:
        """Return the chosen protocol; None for one with an error."""
        return self.listed.protocol

    @property
    def step(self) -> Step | None:
        """Return the step that goes on, or is next."""
        protocol = self.protocol
        return None if protocol is None else protocol.steps[min(self.k, len(protocol.steps) - 1)]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the segments that lack a sensor."""
        worn = {s for s, sensor in self._live.status.sensors.items() if sensor.is_delivering}
        if worn & {"thigh_left", "thigh_right"}:
            return () if "pelvis" in worn else ("pelvis",)
        return tuple(s for s in ("pelvis", "thigh_left", "thigh_right") if s not in worn)

    @property
    def is_busy(self) -> bool:
        """Return whether the worker judges."""
        return self._judge.is_busy

    @property
    def judgement(self) -> Judgement | None:
        """Return what the calibration is worth so far; None before anybody judged."""
        return self._judge.judgement

    @property
    def error(self) -> tuple[str, str]:
        """Return why it cannot be judged, and what to do; empty when it can."""
        return self._judge.error

    @property
    def lead_s(self) -> float:
        """Return how long to get ready for the present step."""
        step = self.step
        if step is None:
            return 0.0
        return max(LEAD_S, step.duration_s - POSE_S) if step.name == "n_pose" else LEAD_S

    # -- what a person decides --------------------------------------------------------------------

    def choose(self, index: int) -> None:
        """Choose one of `protocols`."""
        if self.phase == "choosing" and 0 <= index < len(self.protocols):
            self.index = index
            self.said = ""

    def go_on(self) -> bool:
        """Do what comes next; return whether the calibration is done and accepted."""
        if self.phase == "choosing":
            self._begin()
        elif self.phase == "doing" and self.step is not None and self.step.name != "n_pose":
            self._end_step()
        elif self.phase == "done":
            return self.accept()
        return False

    def again(self) -> None:
        """Do all of it again, with the same sensors and in the same recording."""
        if self.phase in ("ready", "doing", "done"):
            self._restart()

    def stop(self) -> None:
        """Go back to choosing; nothing is marked."""
        if self.phase not in ("choosing", "starting"):
            self._turn_to("choosing")
            self.said = words.GAVE_UP

    def accept(self) -> bool:
        """Mark pose, movements and walk in the recording; return whether they deserve it."""
        judgement = self.judgement
        if self.phase != "done" or judgement is None or judgement.grade not in _ACCEPTED:
            return False
        if not self._is_accepted:
            self._is_accepted = True
            for marker in self._markers:
                self._mark(marker)
            self._judge.remember(self._known_serials())
            poses = [(m.start_s, m.end_s) for m in self._markers if m.name == "n_pose"]
            walks = [(m.start_s, m.end_s) for m in self._markers if m.name == "gait"]
            if poses and walks:
                self._accept(poses[-1], walks[-1])
        return True

    # -- as time goes by --------------------------------------------------------------------------

    def pull(self) -> None:
        """Take in what the sensors sent and what the worker found; never waits."""
        if self._judge.learn() and self.phase == "judging":
            self._turn_to("done")
        if self.phase == "choosing":
            return
        if self.phase == "starting":
            self._see_recording()
            return
        recording = self._live.recording.phase
        status = self._live.status
        rates = [sensor.nominal_rate_hz for sensor in status.sensors.values()]
        same = self._watch is not None and rates and self._watch.reads(self._live.rings, rates[0])
        if self.phase != "done" and (recording != "recording" or not same):
            self._turn_to("choosing")
            self.said = words.STOPPED
            return
        if self.phase in ("ready", "doing") and self._watch is not None:
            self._follow(self._watch)

    def _follow(self, watch: CalibrationWatch) -> None:
        blocks = watch.new_blocks()
        self.unrest = {} if self.pose is None else watch.unrest(self.now_s)
        step = self.step
        if step is None:
            return
        if self.phase == "ready":
            if self.elapsed_s >= self.lead_s:
                self._do(watch, step)
        elif self.pose is not None:
            self.pose.add(blocks, self.now_s)
            if self.pose.pose is not None:
                self._see_pose(watch, *self.pose.pose)
        elif step.name == "gait":
            due = self.elapsed_s >= max(CHECK_S, self.checked_s + _CHECK_AGAIN_S)
            if due and not self.is_busy and self.elapsed_s < step.duration_s:
                self.checked_s = self.elapsed_s
                self._ask(watch, self.now_s)
        if self.phase == "doing" and self.pose is None and self.elapsed_s >= step.duration_s:
            self._end_step()

    # -- steps ------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self.protocol is None or self.missing:
            return
        self.said = ""
        recording = self._live.recording.phase
        if recording == "recording":
            self._restart()
        elif recording == "idle":
            self._live.control.start()
            self._turn_to("starting")

    def _see_recording(self) -> None:
        recording = self._live.recording
        if recording.phase == "recording" and self._live.status.recording is not None:
            self._restart()
        elif recording.phase == "idle":
            self._turn_to("choosing")  # it could not begin, and the header says why

    def _restart(self) -> None:
        """Begin with the first step, with no samples of before."""
        status = self._live.status
        rate_hz = next(iter(status.sensors.values())).nominal_rate_hz
        worn = {s: ring for s, ring in self._live.rings.items() if s in status.sensors}
        self._watch = CalibrationWatch(worn, rate_hz, self._serials(), self._worker)
        self._markers = []
        self._judge.forget()
        self.pose_judgement, self._is_accepted = None, False
        self.k = 0
        self._turn_to("ready")

    def _do(self, watch: CalibrationWatch, step: Step) -> None:
        self._turn_to("doing")
        self.checked_s = 0.0
        if step.name == "n_pose":
            if not self._markers:
                self._begin_motion()
            self.pose = PoseWatch(watch.segments, watch.rate_hz, self.now_s)

    def _see_pose(self, watch: CalibrationWatch, start_s: float, end_s: float) -> None:
        self._markers.append(Marker("n_pose", start_s, end_s))
        protocol = self.protocol
        if protocol is not None:
            forces = watch.forces(start_s, end_s)
            self.pose_judgement = judge_pose(forces, watch.rate_hz, protocol.acceptance)
        self._next()

    def _end_step(self) -> None:
        step = self.step
        if step is not None:
            self._markers.append(Marker(step.name, self.began_s, self.now_s))
            self._next()

    def _next(self) -> None:
        protocol = self.protocol
        self.pose = None
        self.k += 1
        if protocol is not None and self.k < len(protocol.steps):
            # From standing one walks off at once; other steps need a word before.
            walks_off = protocol.steps[self.k].name == "gait" and self._watch is not None
            self._turn_to("ready")
            if walks_off and self._watch is not None:
                self._do(self._watch, protocol.steps[self.k])
            return
        self._turn_to("judging")
        if self._watch is not None:
            self._judge.forget()
            self._ask(self._watch, None)

    def _turn_to(self, phase: Phase) -> None:
        self.phase = phase
        self.began_s = self.now_s
        self.pose = None
        if phase == "choosing":
            self._watch = None
            self._judge.forget()

    # -- judging ----------------------------------------------------------------------------------

    def _ask(self, watch: CalibrationWatch, until_s: float | None) -> None:
        """Ask what all that was done is worth, with the walk that goes on until `until_s`."""
        markers = list(self._markers)
        if until_s is not None:
            markers.append(Marker("gait", self.began_s, until_s))
        self._judge.ask(watch, markers, self._known_serials())

    def _serials(self) -> Mapping[str, str]:
        sensors = self._live.status.sensors.values()
        return {one.segment: one.serial or one.address for one in sensors}

    def _known_serials(self) -> Mapping[str, str]:
        """Return who is worn where, as far as it is to be remembered: nobody wears virtual ones."""
        return {} if self._live.simulated else self._serials()

    def _mark(self, marker: Marker) -> None:
        """Mark a stretch given on the host's clock."""
        recording = self._live.status.recording
        if recording is not None:
            zero_s = self.now_s - recording.elapsed_s
            start_s, end_s = max(0.0, marker.start_s - zero_s), marker.end_s - zero_s
            self._live.control.mark(marker.name, start_s, end_s)


def _nothing() -> None:
    """Do nothing."""
