"""One page of a person's visits: only theirs, in order, judged by limits, safe to hand over."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from imuhip.analysis.history import find_history
from imuhip.assessment.change import ChangeLimit
from imuhip.cli.commands import build
from imuhip.cli.person_report import safe_name
from imuhip.core.series import Marker
from imuhip.recording.session import Recording
from imuhip.report.person_page import render_person
from imuhip.report.session import Session
from imuhip.report.visit_figure import positions
from imuhip.simulation.performances import perform

START = datetime(2026, 4, 1, 9, tzinfo=UTC)
ATTACK = '"><script>alert(1)</script>../../x'
LIMITS = (ChangeLimit("hip_flexion_total", "again", 8.0, "deg", "clinic", 9, "our own people"),)


@cache
def visits() -> tuple[Recording, ...]:
    made = []
    for visit, less in ((2, 20.0), (0, 0.0), (1, 0.0)):
        done = perform(
            "knee_to_chest", seed=22, visit=visit, repetitions=2 + visit,
            change={"total_flexion_deg": -less},
        ).recording  # fmt: skip
        said = Marker(f"pain_left_{5 - visit}", 1.0, 1.1)
        made.append(
            replace(
                done,
                markers=(*done.markers, said),
                start_time=START + timedelta(days=7 * visit),
                subject="P22",
                devices={},
            )
        )
    return tuple(made)


def page_of(recordings: tuple[Recording, ...]) -> str:
    import imuhip

    sessions = []

    def measure(one: Recording):  # type: ignore[no-untyped-def]
        sessions.append(Session(one, None, imuhip.assess(one), "nobody walked"))
        return sessions[-1].measured

    found = find_history(recordings, LIMITS, measure)
    return render_person(found, sessions, made_at=START)


def text_of(html: str) -> str:
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_measures_go_over_the_visits_in_order_of_time_with_uncertainty_and_verdict() -> None:
    html = page_of(visits())
    text = text_of(html)
    assert text.index("First visit 2026-04-01") < text.index("Last visit 2026-04-15")
    drawn = re.findall(r"<desc[^>]*>(.*?)</desc>", html, re.DOTALL)
    (course,) = [d for d in drawn if "Flexion, pelvis neutral (Knee to chest)" in d]
    (total,) = re.findall(r"Flexion, total \(Knee to chest\), left: (.*?)\.(?= [A-Z]|$)", course)
    first, second, third = total.split("; ")
    assert first.startswith("visit 1 ") and "±" in first
    assert second.endswith("no detectable change") and third.endswith("changed")
    row = next(r for r in re.findall(r"<tr>.*?</tr>", html, re.DOTALL) if "Flexion, total" in r)
    assert "clinic, n = 9" in row and "◆" in row and "−" in row
    pain = next(r for r in re.findall(r"<tr>.*?</tr>", html, re.DOTALL) if "Pain told" in r)
    assert ">5<" in pain and ">3<" in pain and "−2" in pain
    assert "one person, no control" in text and "our own people" in text


def test_visits_without_their_samples_make_the_same_page(tmp_path: Path) -> None:
    import imuhip

    paths = [one.save(tmp_path / f"{k}.h5") for k, one in enumerate(visits()[1:])]
    whole = []
    for path in paths:
        recording = imuhip.open(path)
        whole.append(Session(recording, None, imuhip.assess(recording), "nobody walked"))
    found = find_history(
        [one.recording for one in whole], LIMITS,
        lambda recording: next(one for one in whole if one.recording is recording).measured,
    )  # fmt: skip
    light = [one.without_samples() for one in whole]
    assert max(len(series) for one in light for series in one.recording.sensors.values()) == 2
    assert render_person(found, light, made_at=START) == render_person(found, whole, made_at=START)


def test_dose_and_what_was_worn_stand_beside_each_visit() -> None:
    text = text_of(page_of(visits()))
    doses = text[text.index("Dose of each visit") :]
    assert re.search(r"1 2026-04-01 09:00 UTC Knee to chest, left 2 ", doses)
    assert re.search(r"3 2026-04-15 09:00 UTC Knee to chest, left 4 ", doses)
    assert "pelvis, left thigh" in text and "Not all visits wore" not in text
    only = replace(
        visits()[0], sensors={**visits()[0].sensors, "trunk": visits()[0].sensors["pelvis"]}
    )
    other = text_of(page_of((only, *visits()[1:])))
    assert "Not all visits wore the same sensors" in other and "trunk sensor (T12)" in other


def test_what_strangers_wrote_is_text_and_nothing_is_loaded() -> None:
    hostile = tuple(
        replace(one, subject=ATTACK, settings={ATTACK: ATTACK}, software_version=ATTACK)
        for one in visits()
    )
    html = page_of(hostile)
    assert "<script" not in html and html.count("&lt;script&gt;") >= 5
    addresses = set(re.findall(r"https?://[^\"' >]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"url\((?!#)|@import|<(?:link|img|iframe|object)\b", html)
    assert page_of(hostile) == html
    assert "/" not in safe_name(ATTACK) and not safe_name("../../x").startswith(".")


def test_the_command_takes_one_persons_files_out_of_a_folder(tmp_path: Path) -> None:
    inner = tmp_path / "later"
    inner.mkdir()
    first, second, third = visits()
    first.save(tmp_path / "a.h5")
    second.save(inner / "b.h5")
    replace(third, subject="P23").save(tmp_path / "other.h5")
    (tmp_path / "broken.h5").write_bytes(b"no recording")
    asked = ["report", "--person", "P22", str(tmp_path), "--pdf", "--paper", "letter", "--json"]
    ran = CliRunner().invoke(build(), asked)
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert [Path(p).name for p in told["files"]] == ["b.h5", "a.h5"] and told["visits"] == 2
    assert "broken.h5" in ran.stderr
    page, pdf = Path(told["report"]), Path(told["pdf"])
    assert (page.name, pdf.name) == ("P22_visits.html", "P22_visits.pdf")
    assert "P22" in page.read_text() and pdf.read_bytes().startswith(b"%PDF-")
    again = CliRunner().invoke(build(), asked)
    assert again.exit_code == 1 and "exists already" in again.stderr
    nobody = CliRunner().invoke(build(), ["report", "--person", "P99", str(tmp_path)])
    assert nobody.exit_code == 1 and "E782" in nobody.stderr and "P22, P23" in nobody.stderr
    folder = CliRunner().invoke(build(), ["report", str(tmp_path)])
    assert folder.exit_code == 2 and "--person CODE" in folder.stderr


def test_visits_of_one_day_are_drawn_beside_each_other() -> None:
    days = [START, START + timedelta(minutes=30), START + timedelta(days=50)]
    x, axis = positions(days)
    assert axis == "Days since the first visit"
    assert x[0] == 0.0 and x[1] == pytest.approx(1.0) and x[2] == pytest.approx(50.0)
    assert np.all(np.diff(x) > 0)
    assert positions([START, None, START]) == ([1.0, 2.0, 3.0], "Visit")
    assert positions(days[:2]) == ([1.0, 2.0], "Visit")


def test_the_checklist_is_a_page_of_one_session(tmp_path: Path) -> None:
    path = visits()[0].save(tmp_path / "a.h5")
    ran = CliRunner().invoke(build(), ["report", str(path), "--checklist", "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert Path(told["report"]).name == "a_checklist.html" and Path(told["report"]).exists()
    answers = {item["asked"]: item for item in told["items"]}
    assert (
        answers["Position of tests"]["answer"] == "Knee to chest: lying on the back, hip straight"
    )
    assert answers["Footwear"]["source"] == "not known"
    two = CliRunner().invoke(build(), ["report", str(path), str(path), "--checklist"])
    assert two.exit_code == 2 and "--checklist is of one session" in two.stderr


def test_a_pdf_alone_or_beside_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = (visits()[k].save(tmp_path / f"{k}.h5") for k in (1, 2))
    alone = CliRunner().invoke(
        build(), ["report", str(before), "-o", str(tmp_path / "x.pdf"), "--json"]
    )
    assert alone.exit_code == 0, alone.output
    told = json.loads(alone.stdout)
    assert told["report"] == told["pdf"] == str(tmp_path / "x.pdf")
    assert not list(tmp_path.glob("*.html"))
    beside = CliRunner().invoke(build(), ["report", str(before), str(after), "--pdf"])
    assert beside.exit_code == 0, beside.output
    assert {p.name for p in tmp_path.glob("2_change.*")} == {"2_change.html", "2_change.pdf"}
    odd = CliRunner().invoke(build(), ["report", str(before), "--pdf", "--paper", "a5"])
    assert odd.exit_code == 2 and "a4 or letter" in odd.stderr
    # refused before minutes are analysed, and nothing half is left
    monkeypatch.setitem(sys.modules, "typst", None)
    without = CliRunner().invoke(build(), ["report", str(after), "--pdf"])
    assert without.exit_code == 1 and "E781" in without.stderr
    assert not (tmp_path / "2.html").exists()
