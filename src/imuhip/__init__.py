"""Records wearable IMUs and measures hip and pelvis rotation.

The public API; everything else is a room of the house and may move. Names load on first use, so
that ``import imuhip`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from imuhip.analysis.analyze import analyze as analyze
    from imuhip.analysis.assess import Assessment as Assessment
    from imuhip.analysis.assess import assess as assess
    from imuhip.analysis.compare import Comparison as Comparison
    from imuhip.analysis.compare import compare as compare
    from imuhip.analysis.result import Analysis as Analysis
    from imuhip.errors import ImuhipError as ImuhipError
    from imuhip.recording.reader import open_recording as open
    from imuhip.recording.results_file import open_results as open_results
    from imuhip.recording.session import Recording as Recording
    from imuhip.simulation.simulate import simulate as simulate

__version__ = "0.1.0"

__all__ = [
    "Analysis",
    "Assessment",
    "Comparison",
    "ImuhipError",
    "Recording",
    "__version__",
    "analyze",
    "assess",
    "compare",
    "open",
    "open_results",
    "simulate",
]

_HOMES: Final = {
    "Analysis": ("imuhip.analysis.result", "Analysis"),
    "Assessment": ("imuhip.analysis.assess", "Assessment"),
    "Comparison": ("imuhip.analysis.compare", "Comparison"),
    "ImuhipError": ("imuhip.errors", "ImuhipError"),
    "Recording": ("imuhip.recording.session", "Recording"),
    "analyze": ("imuhip.analysis.analyze", "analyze"),
    "assess": ("imuhip.analysis.assess", "assess"),
    "compare": ("imuhip.analysis.compare", "compare"),
    "open": ("imuhip.recording.reader", "open_recording"),
    "open_results": ("imuhip.recording.results_file", "open_results"),
    "simulate": ("imuhip.simulation.simulate", "simulate"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'imuhip' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
