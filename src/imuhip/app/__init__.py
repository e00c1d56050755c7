"""The Qt window: what a clinician and an athlete look at while sensors stream.

Comes in: an `imuhip.acquisition.blocking.Acquisition` with connected sensors. Goes out: pictures at
30 Hz, and the commands record, stop and mark. ``models`` knows no Qt: it pulls new samples from the
acquisition's rings, runs the live analysis and says in words what to do next. ``views`` only reads
the models; it is the only place with PySide6 and pyqtgraph. Nothing here makes the acquisition
wait: the rings are lossy, the recorder beneath them is not.

Open `models.live_model` first, then `views.live_window`, whose `run_live_window` is what the
command line calls.
"""
