"""The pages a clinician reads and keeps: self-contained HTML, and the same set in type as PDF.

In comes a `imuhip.recording.session.Recording` and what was made of it (`Analysis`, `Assessment`,
`Comparison`, `History`); out goes a file with its style and figures inside, no scripts and no
network, that a browser shows, a printer prints and a screen reader reads.

Open `page.py` first: it gathers what the page of a session says. The others are `change_page.py`
(before and after), `person_page.py` (all visits of a person) and `checklist.py` (what to report of
the measurement). `file.py` writes HTML; `pdf.py` sets any of them in type, from the tree that
`outline.py` reads back out of the page, in the shapes of `templates/page.typ`. What they say is in

- `essentials.py`, `course_tiles.py`, `body.py`: the numbers that come first,
- `trials.py`, `strips.py`, `walking.py`, `numbers.py`, `reserves.py`: tests, gait, what it uses,
- `together.py`, `map_drawing.py`: pain, and what stands out together,
- `changes.py`, `visits.py`: what changed, and over visits,
- `sensors.py`, `magnetometer.py`, `provenance.py`: what was worn, how well, with which versions,
- `figures.py`, `overlay.py`, `timeline.py`, `trend.py`, `visit_figure.py`: drawings as SVG
  (`svg.py`, `palette.py`),
- `templates/`: the pages and their style sheet.

Everything here is a pure function of its input and the time of making, so the same input gives the
same bytes. This is the only room that knows matplotlib, jinja2 and typst.
"""
