"""What the window shows, without Qt.

Comes in: a `models.live_source.LiveSource`, which in the window is a running acquisition. Goes out:
after each `LiveModel.pull`, angle histories in degrees, one card per sensor, the state of the
recording and a sentence that says what to do next, all plain values a view can read.

`live_model` first; `angle_history` keeps what is drawn, `sensor_cards` and `guidance` find the
words, `recording_control` presses the button. `wording` holds every string a person reads,
`palette` every colour.
"""
