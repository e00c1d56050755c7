"""The page as a whole: what it says, in which order, and that it harms nobody."""

from __future__ import annotations

import hashlib
import re
import time
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from imuhip.analysis.result import Analysis
from imuhip.analysis.settings import Settings
from imuhip.core.annotation import Annotation
from imuhip.core.series import Marker
from imuhip.errors import DiskError, RecordingError
from imuhip.recording.session import Event, Recording, Truth
from imuhip.report.page import duration_text, render_report, write_report
from report_session import MADE_AT, analysis, device, quality, recording

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
VOID = {"meta", "br", "link", "img", "input", "hr"}


@cache
def plain_page() -> str:
    return render_report(recording(), analysis(), made_at=MADE_AT)


def page_of(made: Recording | None = None, found: Analysis | None = None) -> str:
    if made is None and found is None:
        return plain_page()
    return render_report(made or recording(), found or analysis(), made_at=MADE_AT)


class Outline(HTMLParser):
    """Elements, their attributes and nesting, and the text outside style and drawings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.mistakes: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_order_puts_quality_before_every_number_and_caveats_before_versions() -> None:
    text = Outline(page_of()).text
    places = [
        text.index(words)
        for words in (
            "Hip and pelvis report",
            "Subject code S01",
            "Data quality",
            "Three essential numbers",
            "Curves over the gait cycle",
            "Strides found and used",
            "The session over time",
            "How to read this",
            "Versions and settings",
        )
    ]
    assert places == sorted(places)


def test_page_is_whole_and_loads_nothing() -> None:
    page = page_of()
    outline = Outline(page)
    assert outline.mistakes == [] and outline.open == []
    assert not outline.named("script") and not outline.named("link") and not outline.named("img")
    # namespaces are names, not addresses that are fetched
    addresses = set(re.findall(r"https?://[^\"' >]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    policy = next(m for m in outline.named("meta") if "http-equiv" in m)
    assert "default-src 'none'" in str(policy["content"])


def test_page_is_accessible() -> None:
    outline = Outline(page_of())
    assert all("scope" in attributes for attributes in outline.named("th"))
    assert len(outline.named("caption")) == len(outline.named("table"))
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for drawing in outline.named("svg"):
        labelled = str(drawing.get("aria-labelledby") or "").split()
        assert "aria-label" in drawing or "aria-hidden" in drawing or len(labelled) == 2
        assert set(labelled) <= set(ids)
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert outline.named("html")[0]["lang"] == "en"


def test_figures_say_their_numbers_in_words() -> None:
    page = page_of()
    said = re.findall(r"<desc[^>]*>(.*?)</desc>", page, flags=re.DOTALL)
    assert any(
        "hip rotation, left strides: mean curve from -10.0 to 10.0 degrees" in d for d in said
    )
    assert any("Gait: 1 stretches, 40 seconds together." in d for d in said)


def test_a_file_with_more_marks_than_anybody_reads_is_cut_and_says_so() -> None:
    marks = tuple(Marker("tap", float(k), k + 0.1) for k in range(100_000))
    page = page_of(recording(markers=marks))
    assert "99 700 more are in the file" in Outline(page).text
    assert page.count(">tap<") == 300


def test_a_sensor_on_the_trunk_changes_what_is_said_of_the_spine() -> None:
    worn = recording(("pelvis", "thigh_left", "thigh_right", "trunk"))
    assert "The trunk sensor (T12) tells" in Outline(page_of(worn)).text
    assert "Without a sensor on the trunk (T12) nothing here is lumbar" in Outline(page_of()).text


def test_everything_from_outside_is_escaped() -> None:
    made = recording(
        subject=ATTACK,
        markers=(Marker(ATTACK, 1.0, 2.0),),
        events=(Event(3.0, "pelvis", ATTACK, ATTACK),),
        settings={ATTACK: ATTACK},
        annotations=(Annotation("excluded_strides", ATTACK, None, 1.0, 2.0),),
        software_version=ATTACK,
        path=Path(ATTACK.replace("/", "_")),
        devices={"pelvis": device(ATTACK)},
    )
    found = analysis(quality_record=quality(reasons=[ATTACK], not_observable=[ATTACK]))
    page = page_of(made, found)
    outline = Outline(page)
    assert not outline.named("script") and not outline.named("img")
    assert not any(name.startswith("on") for _, attrs in outline.elements for name in attrs)
    assert outline.mistakes == []
    assert outline.text.count("<script>alert(1)</script>") >= 9


def test_a_subject_that_is_no_text_still_makes_a_page(tmp_path: Path) -> None:
    path = write_report(recording(subject="S\udc80"), analysis(), tmp_path / "r.html")
    assert "S&#56448;" in path.read_text("utf-8")


def test_same_input_same_bytes(tmp_path: Path) -> None:
    made, found = recording(), analysis()
    paths = [
        write_report(made, found, tmp_path / name, made_at=MADE_AT) for name in ("a.html", "b.html")
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert "2026-03-14 09:26 UTC" in paths[0].read_text("utf-8")


def test_an_existing_page_is_replaced_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(DiskError, match="exists already") as caught:
        write_report(recording(), analysis(), path)
    assert caught.value.hint
    assert path.read_text() == "mine"
    assert write_report(recording(), analysis(), path, overwrite=True) == path
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="No such file or directory"):
        write_report(recording(), analysis(), tmp_path / "nowhere" / "report.html")


def test_simulation_is_marked_and_measurement_is_not() -> None:
    truth = Truth(time_s=np.zeros(1), angles_rad=np.zeros((1, 9)))
    assert "SIMULATED PERSON" in page_of(recording(truth_motion=truth))
    virtual = page_of(recording(devices={"pelvis": device(simulated=True)}))
    assert "SIMULATED SENSORS" in virtual and "SIMULATED PERSON" not in virtual
    assert "SIMULATED" not in page_of(recording(devices={"pelvis": device()}))
    assert "SIMULATED" not in page_of()


def test_devices_are_named_with_their_losses() -> None:
    text = Outline(page_of(recording(devices={"pelvis": device()}))).text
    assert "Pelvis WT9011 0042 1.2.3 hardware ±16 g, ±2000 °/s 100.0 Hz" in text
    assert "5 940 60 1.00 0.60 0.00 2 83 % 1.5 9.81" in text
    assert "Made from arrays" not in text
    assert "Made from arrays" in page_of()


def test_calibration_heading_and_pose_are_named_apart() -> None:
    text = Outline(page_of()).text
    assert (
        "Standing pose (N-pose) from 2.0 to 5.0 s (3.0 s), taken from its marker ; sway 0.4°"
        in text.replace("marker;", "marker ;")
    )
    assert "−3.2° 1.5° 0.7°" in text
    assert "1σ flexion 3°, adduction 2°, rotation 4°" in text


def test_file_name_and_checksum_let_the_page_be_made_again(tmp_path: Path) -> None:
    file = tmp_path / "walk.h5"
    file.write_bytes(b"some bytes")
    page = render_report(
        recording(path=file), analysis(), made_at=MADE_AT, settings=Settings("mahony", live=True)
    )
    text = Outline(page).text
    assert hashlib.sha256(b"some bytes").hexdigest() in text
    assert "walk.h5" in text and str(tmp_path) not in text
    assert "Analysis: orientation filter mahony Analysis: live yes" in text


def test_an_unreadable_input_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "walk.h5"
    file.write_bytes(b"x")

    opened = Path.open

    def refuse(path: Path, *arguments: object, **options: object) -> object:
        if path == file:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(RecordingError, match="Permission denied"):
        page_of(recording(path=file))


def test_one_thigh_only() -> None:
    page = page_of(recording(("pelvis", "thigh_left")), analysis(("left",)))
    text = Outline(page).text
    assert "Hip flexion, left" in text and "Hip flexion, right" not in text
    assert "Right hip" not in page and "Left hip rotation: band" in page


def test_no_strides() -> None:
    text = Outline(page_of(found=analysis(strides=False))).text
    assert "No usable strides, so there are no curves." in text
    assert "no usable strides" in text
    assert "nan" not in text.lower().split()


def test_unknown_columns_are_dashes_not_nan() -> None:
    found = analysis(unknown=("hip_rotation_left", "pelvis_tilt"))
    page = page_of(found=found)
    words = re.findall(r"\w+", Outline(page).text.lower())
    assert "nan" not in words and "none" not in words
    assert "no strides" in page  # in the panel that stays empty


def test_a_gap_is_drawn_and_counted() -> None:
    text = page_of(recording(gap=(20.0, 21.0)))
    assert "Right thigh: 1 gaps, 1.01 seconds together." in text
    assert "Pelvis: 0 gaps" in text


def test_long_reasons_and_recovered_file_and_missing_date() -> None:
    long = "a reason that goes on " * 60 + "x" * 400
    found = analysis(quality_record=quality(grade="D", reasons=[long]))
    text = Outline(page_of(recording(state="recovered", start_time=None, subject=None), found)).text
    assert "x" * 400 in text and "Grade D: not usable." in text
    assert "Recovered file" in text and "date not recorded" in text and "not given" in text


def test_caveats_are_printed() -> None:
    text = Outline(page_of()).text
    for words in (
        "Not a medical device",
        "never what causes what",
        "offset of hip rotation in gait with norms",
        "not the lumbar spine",
        "under-reads rotation of the bone",
        "not yet on sensor hardware",
    ):
        assert words in text


def test_ten_minutes_are_reported_within_three_seconds() -> None:
    made, found = recording(duration_s=600.0), analysis(duration_s=600.0)
    plain_page()  # leaves out loading fonts
    before = time.process_time()
    page_of(made, found)
    assert time.process_time() - before < 3.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.5, "12.5 s"), (100.0, "1 min 40 s"), (3725.0, "1 h 02 min 05 s"), (None, "–")],
)
def test_durations_in_words(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text
