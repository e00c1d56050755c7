"""Who is measured: a code, what hurts, and, kept apart and encrypted, a name.

Comes in: a folder, and what somebody types. Goes out: `Person`, which knows a code and never a
name, and `Names`, which opens one encrypted file with a passphrase. A recording carries the code
alone, as its subject; nothing here is written to a log, and no name ever leaves `Names`.

Open `person` first, then `folder` (one file for each person), then `names`.
"""
