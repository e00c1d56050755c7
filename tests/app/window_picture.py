"""Draw the live window as it looks during a simulated walk, and write docs/images.

``python tests/app/window_picture.py [FOLDER]`` makes the pictures anew; the tests use `walked`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
if "QT_QPA_PLATFORM" not in os.environ:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

from played_source import PlayedSource

import imuhip
from imuhip.app.models.live_model import LiveModel

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"
FRAME_S = 1 / 30


def walked(source: PlayedSource, model: LiveModel, until_s: float, frame_s: float = FRAME_S):
    """Let time pass, pulling as the window's timer does."""
    while source.now_s < until_s:
        source.play_to(min(until_s, source.now_s + frame_s))
        model.pull()


def draw(folder: Path) -> list[Path]:
    """Write the pictures of the user guide."""
    from imuhip.app.views.live_window import LiveWindow, make_application

    application = make_application()
    recording = imuhip.simulate("walk", 1.6, seed=4, turns=False)
    source = PlayedSource(recording)
    model = LiveModel(source, simulated=True, out=Path("recordings/walk.h5"))
    window = LiveWindow(model, title="imuhip (simulated)")
    window.show()
    written = []

    def picture(name: str) -> None:
        for _ in range(4):  # texts settle the layout, the layout the texts
            window.tick()
            window.show_words()
            application.processEvents()
        folder.mkdir(parents=True, exist_ok=True)
        written.append(folder / f"{name}.png")
        assert window.grab().save(str(written[-1]), "PNG")

    walked(source, model, 40.0, 0.1)
    picture("live_window_calibrating")
    walked(source, model, 52.0, 0.1)
    model.toggle_recording()
    walked(source, model, 101.3, 0.1)
    model.mark()
    walked(source, model, 101.5)
    picture("live_window")
    source.silence("thigh_left")
    walked(source, model, 105.6)
    picture("live_window_sensor_lost")
    window.close()
    return written


if __name__ == "__main__":
    for path in draw(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
