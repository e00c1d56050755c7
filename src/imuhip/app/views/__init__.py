"""The window's widgets: the only place with PySide6 and pyqtgraph.

Comes in: a `imuhip.app.models.live_model.LiveModel`. Goes out: pixels, and key presses that call
the model's methods. Views decide nothing: they pull the model by one timer and read it.

`live_window` first: the window, its keys, its timer and its end. `live_screen` lays out `header`,
four `angle_panel`s (whose lines are `curves`) and the `sensor_strip`; `style` turns a theme of
`imuhip.app.models.palette` into a style sheet.

A layout goes into its parent empty and is filled there. Put in filled, PySide6 makes a Python
object of every item in it, and these outlive the items: a menu made later at the same address was
taken for one of them.
"""
