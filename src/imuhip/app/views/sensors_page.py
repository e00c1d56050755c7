"""The step of the sensors: a body on the left; cards, and who is in reach, on the right."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording
from imuhip.app.models import wording_sensors as words
from imuhip.app.models.palette import Theme
from imuhip.app.models.places import places_of
from imuhip.app.models.sensors_model import SensorsModel
from imuhip.app.models.sensors_words import reach_lines
from imuhip.app.views.body_diagram import BodyDiagram
from imuhip.app.views.sensor_strip import SensorStrip
from imuhip.app.views.step_keys import StepKey
from imuhip.app.views.style import LARGE_TEXT, scrolling
from imuhip.core.segments import SEGMENTS

__all__ = ["SensorsPage"]

_CARDS_IN_A_ROW = 2


class SensorsPage(QWidget):
    """Shows a `SensorsModel`, and tells it what keys and buttons say.

    Parameters
    ----------
    sensors : SensorsModel
    """

    def __init__(self, sensors: SensorsModel) -> None:
        super().__init__()
        self._sensors = sensors
        self._addresses: list[str] = []
        self.body = BodyDiagram(sensors.turn_place)
        self.strip = SensorStrip(_CARDS_IN_A_ROW)
        self.reach = QListWidget()
        self.reach.setAccessibleName(words.IN_REACH)
        self.reach.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.reach.currentRowChanged.connect(self._chosen)
        self.in_reach, self.others, self.plate = QLabel(), QLabel(), QLabel(words.VIRTUAL_PLATE)
        for label, kind in (
            (self.in_reach, "title"), (self.others, "figures"), (self.plate, "badge")
        ):  # fmt: skip
            label.setObjectName(kind)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.in_reach.setText(words.IN_REACH)
        self.plate.setWordWrap(True)
        self.buttons = {key: QPushButton() for key in ("look", "tap", "blink", "virtual", "stop")}
        calls = (sensors.look, sensors.tap, sensors.blink, sensors.turn_virtual, sensors.stop)
        for button, call in zip(self.buttons.values(), calls, strict=True):
            button.setObjectName("small")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(call)
        self._lay_out()
        self.show_model()

    @property
    def keys(self) -> list[StepKey]:
        """Return the keys of this step."""
        sensors = self._sensors
        keys = [
            StepKey(words.LOOK, ("A",), sensors.look),
            StepKey(words.TAPS, ("T",), sensors.tap),
            StepKey(words.BLINK, ("B",), sensors.blink),
            StepKey(words.VIRTUAL, ("V",), sensors.turn_virtual),
            StepKey(words.WEAR, ("Left",), partial(sensors.wear, -1)),
            StepKey(words.WEAR, ("Right",), partial(sensors.wear, 1)),
            StepKey(words.STOP, ("Escape",), sensors.stop),
        ]
        for number, segment in enumerate(SEGMENTS, 1):
            text = words.SEGMENT_KEYS.format(segment=wording.SEGMENT_NAMES[segment])
            keys.append(StepKey(text, (str(number),), partial(sensors.turn_place, segment)))
        return keys

    def _lay_out(self) -> None:
        # Layouts go into their parents empty: see `imuhip.app.views`.
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        left = QFrame()
        left.setObjectName("panel")
        row.addWidget(left, 2)
        column = QVBoxLayout(left)
        column.setContentsMargins(12, 10, 12, 10)
        column.addWidget(self.body, 1)
        right = QVBoxLayout()
        row.addLayout(right, 3)
        right.setSpacing(8)
        right.addWidget(self.plate)
        inner = QWidget()
        inner.setObjectName("plain")
        cards = QVBoxLayout(inner)
        cards.setContentsMargins(0, 0, 0, 0)
        cards.addWidget(self.strip)
        cards.addStretch(1)
        self._cards = scrolling(inner)
        right.addWidget(self._cards, 3)
        right.addWidget(self.in_reach)
        right.addWidget(self.reach, 2)
        self._below = QGridLayout()
        right.addLayout(self._below)
        self._below.addWidget(self.others, 0, 0, 1, len(self.buttons))
        self._below.setColumnStretch(len(self.buttons), 1)
        self._arrange(len(self.buttons))

    def _arrange(self, n_columns: int) -> None:
        """Put so many buttons side by side."""
        for k, button in enumerate(self.buttons.values()):
            self._below.addWidget(button, 1 + k // n_columns, k % n_columns)

    def set_theme(self, theme: Theme, scale: float) -> None:
        """Take the colours of a theme."""
        self.body.set_theme(theme, scale)
        self._arrange(2 if scale >= LARGE_TEXT else len(self.buttons))
        self.strip.set_scale(scale)

    def take_focus(self) -> None:
        """Let arrow keys choose a sensor in reach."""
        self.reach.setFocus()

    def show_model(self) -> None:
        """Show the newest state."""
        sensors = self._sensors
        self.body.show_places(places_of(sensors))
        self._cards.setVisible(sensors.taps is None)
        self.strip.show_cards([] if sensors.taps is not None else sensors.live.cards)
        self.plate.setVisible(sensors.simulated)
        self._show_reach()
        n_others = sensors.reach.n_others
        self.others.setText(words.NOT_KNOWN_MODELS.format(n=n_others))
        self.others.setVisible(bool(n_others))
        busy = sensors.job is not None or sensors.taps is not None
        texts = {
            "look": words.LOOK,
            "tap": words.TAPS,
            "blink": words.BLINK,
            "virtual": words.REAL if sensors.simulated else words.VIRTUAL,
            "stop": words.STOP_KEY,
        }
        for key, button in self.buttons.items():
            button.setText(texts[key])
            button.setVisible(sensors.has_bench and (key != "stop" or busy))
            button.setEnabled(key == "stop" or not busy)
        self.buttons["blink"].setEnabled(bool(sensors.chosen) and sensors.job is None)

    def _show_reach(self) -> None:
        lines = reach_lines(self._sensors)
        addresses = [address for address, _ in lines]
        shown = [self.reach.item(row).text() for row in range(self.reach.count())]
        texts = [text for _, text in lines] or [words.NONE_IN_REACH]
        self.reach.blockSignals(True)
        if addresses != self._addresses or len(texts) != len(shown):
            self._addresses = addresses
            self.reach.clear()
            self.reach.addItems(texts)
        else:
            for row, text in enumerate(texts):
                if shown[row] != text:
                    self.reach.item(row).setText(text)
        if self._sensors.chosen in addresses:
            self.reach.setCurrentRow(addresses.index(self._sensors.chosen))
        self.reach.blockSignals(False)

    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self._addresses):
            self._sensors.chosen = self._addresses[row]
