"""The command line: one file per command, and the frame they share.

Comes in: what people type. Goes out: exit code, results on stdout (JSON with ``--json``), progress
and errors on stderr. Open `commands` first: it lists them; `boundary` turns errors into
messages and exit codes, `output` prints, `stop_signals` makes Ctrl-C finish the file. Command files
import heavy rooms inside their functions, so that ``imuhip --help`` answers at once.
"""
