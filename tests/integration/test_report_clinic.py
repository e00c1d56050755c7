"""The page of a clinic's session: tests beside norms, gait, pain, and before against after."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

import imuhip
from imuhip.cli.commands import build
from imuhip.recording.session import Recording
from imuhip.report.change_page import render_change
from imuhip.report.page import render_report
from imuhip.report.session import Session
from imuhip.report.trials import NormChoice
from report_clinic import WHEN, clinic_session

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
SEATED = (("hip_rotation_seated", "left"), ("hip_rotation_seated", "right"))


@cache
def session(visit: int = 0) -> Recording:
    shorter = {"left_ir_deg": -6.0} if visit == 0 else {"pain": 2}
    return clinic_session(visit=visit, minutes=0.7, **shorter)  # type: ignore[arg-type]


@cache
def whole(visit: int = 0) -> Session:
    made = session(visit)
    analysis = imuhip.analyze(made)
    return Session(made, analysis, imuhip.assess(made, analysis=analysis))


@cache
def page() -> str:
    one = whole()
    return render_report(one.recording, one.analysis, assessment=one.assessment, made_at=WHEN)


def text_of(html: str) -> str:
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_essentials_come_first_then_tests_gait_pain_map_quality_and_caveats() -> None:
    text = text_of(page())
    headings = (
        "Three essential numbers", "Tests Hip rotation, seated", "Knee to chest", "Hip hinge",
        "Walking", "Curves over the gait cycle", "Pain What was told", "Compensation map: what",
        "Samples, per sensor", "The session over time", "How to read this", "Versions and settings",
    )  # fmt: skip
    places = [text.index(words) for words in headings]
    assert places == sorted(places)


def test_essentials_say_true_internal_rotation_of_both_sides_with_their_uncertainty() -> None:
    tests = whole().assessment
    assert tests is not None
    first = page()[page().index('class="tile"') :]
    first = text_of(first[: first.index("</dl>")])
    for measure in tests.measures:
        if measure.name == "hip_internal_rotation_true":
            assert measure.side is not None
            said = f"{measure.side.capitalize()} {measure.value:.1f}° ± {measure.sd:.1f}°"
            assert said in first
    assert "limited (clinic norm)" in first


def test_every_measure_of_every_test_is_there_with_its_repetitions() -> None:
    tests = whole().assessment
    assert tests is not None
    strips = re.findall(r'aria-label="Each repetition: ([^"]*)"', page())
    assert len(strips) == len([m for t in tests.trials for m in t.measures if m.per_repetition])
    assert any("with pain 4 of 10" in words for words in strips)
    assert "clinic rule; evidence D" in text_of(page())
    assert "Kouyoumdjian 2012" in text_of(page())


def test_a_profile_alone_leaves_the_other_out() -> None:
    one = whole()
    choice = NormChoice(("clinic",))
    html = render_report(
        one.recording, one.analysis, assessment=one.assessment, norms=choice, made_at=WHEN
    )
    assert "Kouyoumdjian" not in html and "clinic rule; evidence D" in html


def test_the_body_diagram_says_its_numbers_in_words() -> None:
    found = re.search(r'<desc id="body-description">(.*?)</desc>', page())
    assert found is not None
    assert "Left, Internal rotation, true:" in found[1] and "Left, Pain told" in found[1]
    assert "▼ limited (clinic)" in found[1]


def test_gait_stands_beside_published_ranges_with_caution() -> None:
    text = text_of(page())
    assert "Caution: speed class by cadence, a proxy" in text
    assert "Hip extension, late stance" in text and "within uncertainty" in text


def test_nothing_is_fetched_and_no_subject_text_becomes_markup() -> None:
    one = whole()
    made = replace(one.recording, subject=ATTACK)
    for html in (
        render_report(made, one.analysis, assessment=one.assessment, made_at=WHEN),
        render_change(
            replace(one, recording=made), whole(1),
            imuhip.compare(one.measured, whole(1).measured, strapping="same"), made_at=WHEN,
        ),
    ):  # fmt: skip
        assert "<script" not in html and "<img" not in html
        assert "&lt;script&gt;" in html
        assert set(re.findall(r"https?://[^\"' >]+", html)) <= {
            "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
        }  # fmt: skip


def test_before_and_after_names_change_and_no_change_alike() -> None:
    found = imuhip.compare(whole().measured, whole(1).measured, strapping="same")
    html = render_change(whole(), whole(1), found, made_at=WHEN)
    rows = re.findall(r'<td class="verdict-cell"><span[^>]*>.</span> ([^<]*)</td>', html)
    assert len(rows) == len(found.changes)
    assert rows.count("changed") == sum(c.verdict == "changed" for c in found.changes) > 0
    assert rows.count("no detectable change") > 0
    first = next(c for c in found.changes if c.before.name == "hip_internal_rotation_true")
    assert first.verdict == "changed" and first.limit is not None
    assert f"{first.delta:+.1f}°" in html and f"{first.limit.mdc95:.1f}° (simulated" in html
    assert "limits of <b>straps left on</b>" in html
    assert first.limit.source in html


def test_before_and_after_begins_with_three_essentials_and_lays_the_curves_together() -> None:
    found = imuhip.compare(whole().measured, whole(1).measured, strapping="same")
    html = render_change(whole(), whole(1), found, made_at=WHEN)
    text = text_of(html)
    assert (
        text.index("Three essential numbers") < text.index("In short") < text.index("MDC95, kind")
    )
    true = next(c for c in found.changes if c.before.name == "hip_internal_rotation_true")
    tile = f"Left {true.after.value:.1f}° ± {true.after.sd:.1f}° ◆ changed, {true.delta:+.1f}°"
    assert tile in text and "pelvis, left thigh, right thigh" in text
    assert "did not wear the same sensors" not in text
    drawn = html[html.index('id="overlay-description"') :]
    assert "hip flexion, left strides: range of the mean curve" in drawn
    bare = replace(whole(1), analysis=None)
    alone = render_change(whole(), bare, found, made_at=WHEN)
    assert "overlay-description" not in alone


def test_commands_make_pages_of_tests_alone_and_of_two_sessions(tmp_path: Path) -> None:
    before, after = tmp_path / "a.h5", tmp_path / "b.h5"
    clinic_session(tests=SEATED, minutes=0.0, left_ir_deg=-6.0, pain=None).save(before)
    clinic_session(tests=SEATED, minutes=0.0, visit=1, pain=None).save(after)
    run = CliRunner().invoke
    alone = run(build(), ["report", str(before), "--norms", "measured", "--json"])
    assert alone.exit_code == 0, alone.output
    assert json.loads(alone.stdout)["grade"] is None and json.loads(alone.stdout)["tests"] == 2
    text = text_of((tmp_path / "a.html").read_text("utf-8"))
    assert "No gait in this session" in text and "Internal rotation, true" in text
    both = run(build(), ["report", str(before), str(after), "--straps-on"])
    assert both.exit_code == 0, both.output
    assert "no detectable change" in (tmp_path / "b_change.html").read_text("utf-8")
    again = run(build(), ["report", "--before", str(before), str(after)])
    assert again.exit_code == 1  # a page is never overwritten


@pytest.mark.parametrize(
    ("options", "code"),
    [(["--norms", "nobody"], 1), (["--sex", "x"], 2), (["--mode", "x"], 2), (["--straps-on"], 2)],
)
def test_options_that_cannot_be_used_are_refused(options: list[str], code: int) -> None:
    assert CliRunner().invoke(build(), ["report", "nowhere.h5", *options]).exit_code == code


def test_reserves_and_the_drawn_map_stand_on_the_page_and_are_said_first() -> None:
    tests = whole().assessment
    assert tests is not None and tests.reserves
    text = text_of(page())
    assert text.index("Reserve: what gait uses") < text.index("Curves over the gait cycle")
    summary = page()[page().index('class="screen-reader"') : page().index("</ul></div>")]
    assert "Pain 4 of 10, left" in summary and "Compensation map. Standing out:" in summary
    for one in tests.reserves:
        used = f"{one.found['used_deg']:.1f}° ± {one.found['used_sd_deg']:.1f}°"
        assert used in text and used in summary
    drawn = page()[page().index('<figure class="map">') :]
    drawn = drawn[: drawn.index("</figure>")]
    assert drawn.count("<rect") == 18 and "told: 4 of 10" in drawn  # 8 of each side, 2 of the body
