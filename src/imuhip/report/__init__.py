"""The page a clinician reads and keeps: one self-contained HTML file per session.

In comes a `imuhip.recording.session.Recording` and the `imuhip.analysis.result.Analysis` made of
it; out goes one file with its style and figures inside, no scripts and no network, that a browser
shows, prints on A4 and reads aloud.

Open `page.py` first: it gathers what the page says and writes the file. What it gathers comes from

- `sensors.py`: who wore which sensor, and what became of its samples,
- `numbers.py`: the essential numbers, the stride table and the angle table,
- `provenance.py`: versions, settings and checksums, enough to make the page again,
- `figures.py`: the cycle curves, `timeline.py`: the session over time, as SVG (`svg.py`,
  `palette.py`),
- `templates/`: the page itself and its style sheet.

Everything here is a pure function of the recording, the analysis and the time of making, so the
same input gives the same bytes. This is the only room that knows matplotlib and jinja2.
"""
