"""Pain beside repetitions, and one person over many sessions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import imuhip
from imuhip.analysis.history import find_history
from imuhip.assessment.change import ChangeLimit, shipped_limits
from imuhip.assessment.compensation_map import draw_map
from imuhip.assessment.pain import find_pain, pain_beside, pain_measures
from imuhip.core.series import Marker
from imuhip.errors import AnalysisError
from imuhip.simulation.performances import perform

_START = datetime(2026, 4, 1, 9, tzinfo=UTC)


def test_pain_belongs_to_the_repetition_before_it() -> None:
    done = perform("knee_to_chest", seed=21)
    second = done.repetitions[1]
    said = (
        Marker("pain_left_4", second.end_s + 0.2, second.end_s + 0.2),
        Marker("pain_2", 1.0, 1.0),
        Marker("pain_left_11", 2.0, 2.0),
        Marker("painful", 2.0, 2.0),
    )
    recording = replace(done.recording, markers=(*done.recording.markers, *said))
    pains = find_pain(recording.markers)
    assert [(pain.side, pain.score) for pain in pains] == [(None, 2), ("left", 4)]
    trials = imuhip.assess(recording).trials
    before, during = pain_beside(pains, trials)
    assert (before.test, before.repetition) == ("", 0)
    assert (during.test, during.repetition) == ("knee_to_chest_left", 2)
    total = trials[0].measure("hip_flexion_total")
    assert during.values["hip_flexion_total"] == total.per_repetition[1]
    json.dumps(during.as_dict())
    states = {
        (node.node.name, node.side): node.state
        for node in draw_map(pain_measures(pains), shipped_limits()).nodes
    }
    assert states["pain", "left"] == "stands out"
    assert states["pain", "right"] == "not measured"


def test_a_person_over_three_sessions() -> None:
    sessions = []
    for visit, change in ((2, 20.0), (0, 0.0), (1, 0.0)):
        done = perform(
            "knee_to_chest", seed=22, visit=visit, repetitions=2 + visit,
            change={"total_flexion_deg": -change},
        )  # fmt: skip
        sessions.append(
            replace(done.recording, start_time=_START + timedelta(days=visit), subject="P22")
        )
    limits = [one for one in shipped_limits() if one.measure != "hip_flexion_total"]
    limits.append(ChangeLimit("hip_flexion_total", "again", 9.0, "deg", "clinic", 8, "a test"))
    found = find_history(sessions, limits)
    assert [one.start_time.day for one in found.sessions if one.start_time] == [1, 2, 3]
    assert [dose.repetitions for one in found.sessions for dose in one.doses] == [2, 3, 4]
    verdicts = [
        [change.verdict for change in one.changes if change.before.name == "hip_flexion_total"]
        for one in found.sessions
    ]
    assert verdicts == [[], ["no detectable change"], ["changed"]]
    json.dumps(found.as_dict())
    other = replace(sessions[0], subject="P23")
    with pytest.raises(AnalysisError, match="recordings of 2 people"):
        find_history([*sessions, other])
