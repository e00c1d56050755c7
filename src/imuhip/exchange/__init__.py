"""Sessions from other makers' files, and files that other programs open.

In comes a file of somebody else's: untrusted, often damaged, in units and on clocks of its own.
Out goes a `imuhip.recording.session.Recording` with every fault counted, or an `ExchangeError`
that says which file, where in it, what was found and what was allowed. The other way round a
recording and its analysis become files of another format, with a list of what that format cannot
hold.

Open `sensor_log.py` first: what one sensor's log is once it has been read, whatever wrote it.
`text_table.py` reads text without trusting it, `samples.py` puts rows in order and counts what was
wrong with them, `session.py` joins logs to a recording. One module a format: `xsens_dot.py`,
`witmotion_log.py` and so on, listed in `importers.py`.
`deidentified.py` makes copies of session files that do not tell whose they are.
"""
