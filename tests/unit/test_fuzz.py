"""The short version of ``make fuzz``: every reader of foreign bytes, a fixed number of inputs."""

from __future__ import annotations

import random

import pytest

from fuzz.files import file_targets
from fuzz.logs import log_targets
from fuzz.packets import packet_targets
from fuzz.target import Target, campaign

PACKETS, FILES, SESSIONS = 250, 8, 3


@pytest.mark.parametrize("target", packet_targets(), ids=lambda target: target.name)
def test_packets_raise_nothing_but_what_is_documented(target: Target):
    outcome = campaign(target, random.Random(1), lambda done: done.inputs < PACKETS)
    assert not outcome.findings, outcome.findings[0]
    assert outcome.inputs == PACKETS
    assert bool(outcome.refused) == bool(target.documented)


@pytest.mark.parametrize(
    "target", [*file_targets(), *log_targets()], ids=lambda target: target.name
)
def test_files_raise_nothing_but_what_is_documented(target: Target):
    n_inputs = SESSIONS if target.name.startswith("session") else FILES
    outcome = campaign(target, random.Random(1), lambda done: done.inputs < n_inputs)
    assert not outcome.findings, outcome.findings[0]
    assert outcome.inputs == n_inputs
