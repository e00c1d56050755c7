"""The page as PDF: nothing lost, nothing obeyed, readable by machines and in grey."""

from __future__ import annotations

import io
import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from imuhip.core.series import Marker
from imuhip.errors import ConfigError, DiskError, ExchangeError
from imuhip.recording.session import Event
from imuhip.report.page import render_report
from imuhip.report.pdf import Paper, pdf_of, write_pdf
from report_session import MADE_AT, analysis, device, recording

HOSTILE = '#read("/etc/passwd") $x^2$ @preview *bold* </script><script>alert(1)</script>'
SIZES = {"a4": (595, 842), "letter": (612, 792)}


@cache
def page() -> str:
    return render_report(recording(), analysis(), made_at=MADE_AT)


@cache
def read(paper: Paper = "a4") -> PdfReader:
    return PdfReader(io.BytesIO(pdf_of(page(), paper=paper, made_at=MADE_AT)))


def words_of(reader: PdfReader) -> str:
    return re.sub(r"\s", "", " ".join(one.extract_text() for one in reader.pages))


class Words(HTMLParser):
    """What a person reads on the page outside drawings, and outside what only readers-aloud get."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden: list[str] = []
        self.feed(re.sub(r"<svg.*?</svg>|<style>.*?</style>", " ", html, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or dict(attrs).get("class") == "screen-reader" or tag == "head":
            self._hidden += [tag] if tag not in ("meta", "br") else []

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.replace("\u00ad", "").split()


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_every_word_of_the_page_is_in_the_pdf_on_the_paper_asked_for(paper: Paper) -> None:
    found = words_of(read(paper))
    missing = [word for word in Words(page()).words if word not in found]
    assert missing == []
    for one in read(paper).pages:
        assert (round(one.mediabox.width), round(one.mediabox.height)) == SIZES[paper]


def test_every_sheet_says_whose_it_is_when_made_and_which_of_how_many() -> None:
    pages = read().pages
    assert len(pages) > 1
    for number, one in enumerate(pages, start=1):
        text = " ".join(one.extract_text().split())
        assert "S01" in text and "made 2026-03-14 09:26 UTC" in text
        assert f"page {number} of {len(pages)}" in text


def test_it_is_tagged_titled_and_every_drawing_has_words() -> None:
    root: Any = read().trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en"
    about = read().metadata
    assert about is not None and about.title == "Hip and pelvis report – S01 – 2026-03-14 09:26 UTC"
    alternatives = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            if node.get("/S") == "/Figure":
                alternatives.append(node["/Alt"])
            walk(node.get("/K", []))

    walk(root["/StructTreeRoot"])
    assert any("hip rotation, left strides: mean curve from -10.0" in a for a in alternatives)
    assert any("Grade A, good" in a for a in alternatives)


def test_all_fonts_are_inside() -> None:
    fonts = {}
    for one in read().pages:
        for font in one["/Resources"].get("/Font", {}).values():  # type: ignore[attr-defined]
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            fonts[inner["/BaseFont"]] = inner["/FontDescriptor"].get_object()
    assert fonts
    for name, about in fonts.items():
        assert {"/FontFile2", "/FontFile3"} & set(about), name
        assert "DejaVu" in name


def test_text_of_strangers_is_text() -> None:
    made = recording(
        subject=HOSTILE,
        markers=(Marker(HOSTILE, 1.0, 2.0),),
        events=(Event(3.0, "pelvis", HOSTILE, HOSTILE),),
        settings={HOSTILE: HOSTILE},
        software_version=HOSTILE,
        devices={"pelvis": device(HOSTILE)},
    )
    found = words_of(
        PdfReader(io.BytesIO(pdf_of(render_report(made, analysis(), made_at=MADE_AT))))
    )
    assert found.count(re.sub(r"\s", "", HOSTILE)) >= 6
    assert "root:x" not in found


ODD = (
    "a\x00b",
    "\x07",
    "\ufffe",
    "\U0001ffff",
    "\ud800",
    "\u202egnp.exe",
    "日本語",
    "😀",
    "\ue000",
)


def test_text_that_no_paper_can_show_does_not_keep_the_rest_from_it() -> None:
    made = recording(
        subject=f"S{''.join(ODD)}9", settings={str(k): odd for k, odd in enumerate(ODD)}
    )
    html = render_report(made, analysis(), made_at=MADE_AT)
    found = words_of(PdfReader(io.BytesIO(pdf_of(html, made_at=MADE_AT))))
    assert "\u202e" not in found and "\x00" not in found
    assert "Threeessentialnumbers" in found and "9–2026-03-14" in found


def test_long_tables_go_on_with_their_heading_and_whole_rows() -> None:
    marks = tuple(Marker(f"mark{k:04d}", 10.0 * k, 10.0 * k + 5.0) for k in range(290))
    html = render_report(recording(markers=marks), analysis(), made_at=MADE_AT)
    sheets = [one.extract_text() for one in PdfReader(io.BytesIO(pdf_of(html))).pages]
    holding = [sheet for sheet in sheets if "mark0" in sheet]
    assert len(holding) > 3
    for sheet in holding:
        assert "Sensor or note" in sheet
        for number in re.findall(r"mark(\d{4})", sheet):
            start, end = 10.0 * int(number), 10.0 * int(number) + 5.0
            digits = "".join(sheet.split()).replace("\u202f", "")
            assert f"{start:.1f}" in digits and f"{end:.1f}" in digits


def test_a_cell_longer_than_a_sheet_is_not_cut_off() -> None:
    made = recording(settings={"note": " ".join(f"word{k}" for k in range(4000))})
    html = render_report(made, analysis(), made_at=MADE_AT)
    assert "word3999" in words_of(PdfReader(io.BytesIO(pdf_of(html))))


def test_same_page_same_bytes() -> None:
    assert pdf_of(page(), made_at=MADE_AT) == pdf_of(page(), made_at=MADE_AT)


def test_what_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="expected a4 or letter"):
        pdf_of(page(), paper="a5")  # type: ignore[arg-type]
    there = tmp_path / "there.pdf"
    there.write_bytes(b"mine")
    with pytest.raises(DiskError, match="never overwritten"):
        write_pdf(page(), there)
    assert there.read_bytes() == b"mine"
    with pytest.raises(ExchangeError, match="cannot be set in type") as odd:
        pdf_of(page().replace("<circle", "<circle <", 1), made_at=MADE_AT)
    assert odd.value.code == "E786"
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(ConfigError, match="not installed") as refused:
        pdf_of(page())
    assert refused.value.code == "E781" and "imuhip[pdf]" in refused.value.hint
