"""A clinician's retest: internal rotation before and after, held against measuring twice.

A person sits on the plinth, straps on. The hip is rotated inwards and outwards, a drill follows,
and the same is measured again. Nobody is at hand here, so a simulated person does it, and their hip
truly turns ``--gain`` degrees further the second time.

    python examples/clinician_retest.py --out retest
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import imuhip
from imuhip.report.change_page import render_change
from imuhip.report.file import write_page
from imuhip.report.pdf import write_pdf
from imuhip.report.session import Session
from imuhip.simulation.performances import perform

WHEN = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


def measured(visit: int, seed: int, gain_deg: float) -> imuhip.Recording:
    """Return one measurement: with hardware this is ``imuhip record --test ...``."""
    done = perform(
        "hip_rotation_seated",
        seed=seed,
        side="left",
        direction="both",
        visit=visit,
        change={"true_ir_deg": gain_deg},
    )
    return replace(done.recording, subject="P001", start_time=WHEN + timedelta(minutes=20 * visit))


def main(arguments: list[str] | None = None) -> imuhip.Comparison:
    """Measure twice, compare, and write the page."""
    parser = argparse.ArgumentParser(description="a clinician's retest")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20, help="which person")
    parser.add_argument("--gain", type=float, default=9.0, help="degrees, truly")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)

    before = measured(0, asked.seed, 0.0).save(asked.out / "before.h5")
    after = measured(1, asked.seed, asked.gain).save(asked.out / "after.h5")

    sessions = []
    for path in (before, after):
        recording = imuhip.open(path)
        sessions.append(Session(recording, None, imuhip.assess(recording), "nobody walked"))

    # "same": the straps stayed on, so the narrower limits hold
    found = imuhip.compare(sessions[0].measured, sessions[1].measured, strapping="same")
    for change in found.changes:
        if change.before.name.endswith("rotation_true"):
            limit = change.limit.mdc95 if change.limit else float("nan")
            print(
                f"{change.before.name} {change.before.side}: {change.before.value:.1f} ->"
                f" {change.after.value:.1f} deg, MDC95 {limit:.1f}: {change.verdict}"
            )

    page = render_change(sessions[0], sessions[1], found)
    print(f"written {write_page(page, asked.out / 'change.html').name}")
    print(f"written {write_pdf(page, asked.out / 'change.pdf').name}")
    return found


if __name__ == "__main__":
    main()
