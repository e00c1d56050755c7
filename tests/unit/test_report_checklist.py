"""The checklist: filled from the file, unknown where it does not know, and safe to hand over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from imuhip.analysis.settings import Settings
from imuhip.core.series import Marker
from imuhip.errors import ConfigError
from imuhip.report.checklist import (
    CATEGORIES,
    checklist,
    read_facts,
    render_checklist,
)
from imuhip.report.pdf import pdf_of
from imuhip.report.session import Session
from report_session import MADE_AT, analysis, device, recording

ATTACK = '"><script>alert(1)</script>'


def filled() -> Session:
    made = recording(
        devices={"pelvis": device(), "thigh_left": device("0043")},
        markers=(Marker("n_pose", 2.0, 5.0), Marker("gait", 10.0, 50.0)),
    )
    return Session(made, analysis(), None, settings=Settings())


def answers(of: Session) -> dict[str, str]:
    return {item.asked: item.answer for item in checklist(of)}


def test_all_five_categories_are_filled_from_the_file() -> None:
    items = checklist(filled())
    assert tuple(dict.fromkeys(item.category for item in items)) == CATEGORIES
    told = answers(filled())
    assert "Pelvis: WT9011" in told["Maker and model"]
    assert "60 of 6000 lost, longest gap 0.60 s" in told["Samples lost"]
    assert "1σ 1.5 ms" in told["Synchronisation, uncertainty of each clock"]
    assert told["Pose taken"] == "2.0 to 5.0 s, by its marker, grade A, sway 0.4°"
    assert "gait (40.0 s)" in told["Tasks in their order, and how long"]
    assert told["Strides analysed"] == "left 39, right 39"
    assert told["Overall grade"] == "A"
    assert "hip flexion, left 1.0°" in told["Uncertainty of the angles in gait, median 1σ"]


def test_what_a_file_cannot_know_is_said_to_be_unknown() -> None:
    items = checklist(filled())
    unknown = [item for item in items if not item.answer]
    assert {"Footwear", "Consent and ethics", "Instructions given"} <= {i.asked for i in unknown}
    assert {item.source for item in unknown} == {"not known"}
    assert all(item.source != "not known" for item in items if item.answer)
    html = render_checklist(filled(), made_at=MADE_AT)
    assert html.count("<b>not known</b>") == len(unknown)
    assert f"{len(items) - len(unknown)} of {len(items)} known" in html


def test_a_recording_of_arrays_without_gait_claims_nothing() -> None:
    bare = Session(recording(), None, None, "nobody walked", Settings())
    told = answers(bare)
    for asked in ("Maker and model", "Firmware", "Measuring ranges", "Overall grade",
                  "Strides analysed", "Cadence", "Pose taken"):  # fmt: skip
        assert told[asked] == "", asked
    assert told["Remarks"] == "nobody walked"


def test_strangers_text_is_escaped_and_nothing_is_loaded() -> None:
    made = recording(
        subject=ATTACK, devices={"pelvis": device(ATTACK)}, markers=(Marker(ATTACK, 1.0, 9.0),)
    )
    html = render_checklist(Session(made, analysis(), None, settings=Settings()), made_at=MADE_AT)
    assert "<script" not in html and "&lt;script&gt;" in html
    assert not re.search(r"https?://", html)
    assert pdf_of(html, made_at=MADE_AT).startswith(b"%PDF-")


def test_a_study_states_what_no_file_knows(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        '[facts]\n"Footwear" = "own shoes <b>"\n"Overall grade" = "agreed by two raters"\n'
    )
    facts = read_facts(path)
    items = {item.asked: item for item in checklist(filled(), facts)}
    assert (items["Footwear"].answer, items["Footwear"].source) == ("own shoes <b>", "stated")
    assert items["Overall grade"].answer == "A; stated: agreed by two raters"
    html = render_checklist(filled(), facts=facts, made_at=MADE_AT)
    assert "own shoes &lt;b&gt;" in html
    path.write_text('[facts]\n"Shoes" = "own"\n')
    with pytest.raises(ConfigError, match="Shoes") as refused:
        checklist(filled(), read_facts(path))
    assert refused.value.code == "E785"
    path.write_text("facts = 3\n")
    with pytest.raises(ConfigError):
        read_facts(path)
