"""English strings of the step Person; see `wording`."""

from __future__ import annotations

from typing import Final

NEW_PERSON: Final = "New person"
PEOPLE_NAME: Final = "People"
PERSON_LINE: Final = "{code}  {pain}"
PERSON_LINE_NAMED: Final = "{code}  {name}  {pain}"
PAIN_SHORT: Final = "{side} {level}"

CODE: Final = "Code"
CODE_HINT: Final = "Letters, digits, - and _; goes into every recording, so no name"
SIDE: Final = "Pain, side"
LEVEL: Final = "Pain, 0 to 10"
PURPOSE: Final = "Purpose"
PURPOSE_HINT: Final = "Why they came"
NAME: Final = "Name"
NAME_HINT: Final = "Optional; kept encrypted on this computer, never in a recording"
NAME_LOCKED: Final = "Names are locked: U opens them"
NAME_NONE: Final = "No names are kept here: U begins to"
NOT_TOLD: Final = "not told"
SIDES: Final = {
    None: "not told",
    "left": "left",
    "right": "right",
    "both": "both sides",
    "middle": "in the middle",
    "none": "no pain",
}

PASSPHRASE: Final = "Passphrase of the names"
PASSPHRASE_NEW: Final = "New passphrase, {n} characters at least; forgotten, the names are lost"
PASSPHRASE_AGAIN: Final = "The same passphrase again"
PASSPHRASES_DIFFER: Final = "The two passphrases differ"
PASSPHRASES_DIFFER_HINT: Final = "Type both again."
OPENING_NAMES: Final = "Opening the names …"
NAMES_OPEN: Final = "Names are open until the window is closed"

SAVE: Final = "Save (Ctrl+S)"
NAMES_KEY: Final = "Names (U)"
RECOVER: Final = "Rescue (V)"
EDIT: Final = "Change (E)"

WHO: Final = "Who is it?"
WHO_NEW: Final = "A new person: {code}"
WHO_NEW_HINT: Final = "Space goes on with this code; E types another one, side of pain, purpose."
WHO_KNOWN: Final = "{code}"
WHO_KNOWN_HINT: Final = "Space goes on, E changes. {sessions}"
SESSIONS_N: Final = "{n} sessions so far"
SESSIONS_1: Final = "1 session so far"
SESSIONS_0: Final = "No session so far"
IN_USE: Final = "Recordings of this window carry the code {code}."
IN_RECORDING: Final = "The recording that runs is of {code}"
IN_RECORDING_HINT: Final = "Stop it first (Ctrl+R), then choose another person."
NOBODY: Final = "nobody"

PAST: Final = "Sessions of {code} in {folder}"
PAST_COLUMNS: Final = ("Date", "Minutes", "Done", "File")
PAST_NONE: Final = "none yet"
LOOKING: Final = "looking for them …"

UNFINISHED_1: Final = "A recording was not finished: {name}, {minutes} min"
UNFINISHED_N: Final = "{n} recordings were not finished: {names}"
UNFINISHED_HINT: Final = "V rescues what was recorded into a new file; the old one is not changed."
RECOVERING: Final = "Rescuing {name} …"
RECOVERED: Final = "Rescued: {name}, {minutes} min; at most {lost} s at its end are lost"
PROBLEM: Final = "▲ {message}. {hint}"
MORE: Final = "({n} more)"
