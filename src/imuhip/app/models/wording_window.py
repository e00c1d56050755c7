"""English strings of the window itself: its keys, settings and notices; see `wording`."""

from __future__ import annotations

from typing import Final

SETTINGS_TOO_LARGE: Final = "it is too large"
SETTINGS_NEWER: Final = (
    "The settings {path} are from a newer imuhip (version {version}; this one knows {known})"
)
SETTINGS_NEWER_HINT: Final = (
    "What is known of them is used, the file is left as it is. Changes hold until this window is"
    " closed; update imuhip to keep them."
)
SETTINGS_NOT_UNDERSTOOD: Final = "The settings {path} are not understood: {why}"
SETTINGS_NOT_UNDERSTOOD_HINT: Final = (
    "The rest is used, the file is left as it is. Correct or delete it; until then changes hold"
    " until this window is closed."
)
SETTINGS_NOT_KEPT: Final = "The settings could not be kept in {path}: {why}"
SETTINGS_NOT_KEPT_HINT: Final = "They hold until this window is closed."
NOTICE_READ: Final = "Understood (Ctrl+E)"
MORE_NOTICES: Final = "({n} more)"
LIGHT_OR_DARK: Final = "Light or dark"
LARGER: Final = "Larger text"
SMALLER: Final = "Smaller text"
SCROLL_DOWN: Final = "Further down"
SCROLL_UP: Final = "Further up"
STEP_NAME: Final = "{title}, key {key}"
STEP_NAME_HERE: Final = "{title}, key {key}, shown now"
