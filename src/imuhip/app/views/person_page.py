"""The step of the person: the list on the left, fields and past sessions on the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording_person as words
from imuhip.app.models.person_model import PersonModel
from imuhip.app.views.fields import add_field, choice_field, text_field
from imuhip.app.views.row_table import RowTable
from imuhip.app.views.step_keys import StepKey
from imuhip.people.names import SHORTEST_PASSPHRASE
from imuhip.people.person import PAIN_LEVELS, PAIN_SIDES

__all__ = ["PersonPage"]

_LIST_WIDTH_PX = 320
_SIDES = (None, *PAIN_SIDES)
_LEVELS = (None, *PAIN_LEVELS)


class PersonPage(QWidget):
    """Shows a `PersonModel`, and tells it what is typed.

    Parameters
    ----------
    person : PersonModel
    """

    def __init__(self, person: PersonModel) -> None:
        super().__init__()
        self._person = person
        self._shown: object = None
        self.people = QListWidget()
        self.people.setAccessibleName(words.PEOPLE_NAME)
        self.people.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.people.currentRowChanged.connect(self._chosen)
        change = person.change
        self.code = text_field(words.CODE, words.CODE_HINT, lambda text: change(code=text))
        self.side = choice_field(
            words.SIDE,
            [words.SIDES[side] for side in _SIDES],
            lambda row: change(pain_side=_SIDES[row]),
        )
        self.level = choice_field(
            words.LEVEL,
            [words.NOT_TOLD if level is None else str(level) for level in _LEVELS],
            lambda row: change(pain_level=_LEVELS[row]),
        )
        self.purpose = text_field(
            words.PURPOSE, words.PURPOSE_HINT, lambda text: change(purpose=text)
        )
        self.name = text_field(words.NAME, words.NAME_HINT, lambda text: change(name=text))
        self.passphrase = text_field(words.PASSPHRASE, "", lambda _text: None)
        self.again = text_field(words.PASSPHRASE_AGAIN, words.PASSPHRASE_AGAIN, lambda _text: None)
        for field in (self.passphrase, self.again):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.returnPressed.connect(self._open_names)
        for field in (self.code, self.purpose, self.name):
            field.returnPressed.connect(self.keep)
        self.notes, self.name_hint, self.past = QLabel(), QLabel(), QLabel()
        for label, kind in (
            (self.notes, "note"),
            (self.name_hint, "figures"),
            (self.past, "title"),
        ):
            label.setObjectName(kind)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.table = RowTable(words.PAST_COLUMNS, words.PAST_COLUMNS[-1])
        self.buttons = {
            key: QPushButton(text)
            for key, text in (("keep", words.SAVE), ("names", words.NAMES_KEY),
                              ("recover", words.RECOVER))
        }  # fmt: skip
        for button, call in zip(
            self.buttons.values(), (self.keep, self.turn_names, person.shelf.recover), strict=True
        ):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(call)
        self._lay_out()
        self.show_model()

    @property
    def keys(self) -> list[StepKey]:
        """Return the keys of this step."""
        return [
            StepKey(words.EDIT, ("E",), self.edit),
            StepKey(words.SAVE, ("Ctrl+S",), self.keep),
            StepKey(words.NAMES_KEY, ("U",), self.turn_names),
            StepKey(words.RECOVER, ("V",), self._person.shelf.recover),
        ]

    def _lay_out(self) -> None:
        # Layouts go into their parents empty: see `imuhip.app.views`.
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        top = QHBoxLayout()
        column.addLayout(top)
        self.notes.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        top.addWidget(self.notes, 1)
        top.addWidget(self.buttons["recover"])
        row = QHBoxLayout()
        column.addLayout(row, 1)
        row.setSpacing(10)
        row.addWidget(self.people)
        panel = QFrame()
        panel.setObjectName("panel")
        row.addWidget(panel, 1)
        inner = QVBoxLayout(panel)
        inner.setContentsMargins(24, 18, 24, 18)
        inner.setSpacing(10)
        grid = QGridLayout()
        inner.addLayout(grid)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        fields: list[tuple[str, QLineEdit | QComboBox]] = [
            (words.CODE, self.code),
            (words.SIDE, self.side),
            (words.LEVEL, self.level),
            (words.PURPOSE, self.purpose),
            (words.NAME, self.name),
        ]
        for k, (name, field) in enumerate(fields):
            add_field(grid, k, name, field)
        self._passphrase_label = add_field(grid, len(fields), words.PASSPHRASE, self.passphrase)
        self._again_label = add_field(grid, len(fields) + 1, words.PASSPHRASE_AGAIN, self.again)
        grid.addWidget(self.name_hint, len(fields) + 2, 1)
        buttons = QHBoxLayout()
        inner.addLayout(buttons)
        buttons.addWidget(self.buttons["keep"])
        buttons.addWidget(self.buttons["names"])
        buttons.addStretch(1)
        inner.addWidget(self.past)
        inner.addWidget(self.table, 1)
        inner.addStretch(0)

    def set_scale(self, scale: float) -> None:
        """Make room for text of another size."""
        self.people.setFixedWidth(round(_LIST_WIDTH_PX * min(scale, 1.4)))

    def take_focus(self) -> None:
        """Let arrow keys choose."""
        self.people.setFocus()

    def edit(self) -> None:
        """Let somebody type into the first field that can be changed."""
        field = self.code if self._person.chosen is None else self.side
        field.setFocus()
        if isinstance(field, QLineEdit):
            field.selectAll()

    def keep(self) -> None:
        """Write what stands in the fields, and go back to the list."""
        if self._person.keep():
            self.take_focus()
        self.show_model()

    def turn_names(self) -> None:
        """Ask for the passphrase, or stop asking."""
        self._person.turn_passphrase()
        self.show_model()
        if self._person.asks_passphrase:
            self.passphrase.setFocus()
        else:
            self.take_focus()

    def leave(self) -> None:
        """Go back to the list; what was typed and not kept is put back."""
        self._person.asks_passphrase = False
        self._person.choose(self._person.index)
        self._shown = None
        self.take_focus()
        self.show_model()

    def show_model(self) -> None:
        """Show the newest state."""
        person = self._person
        shown = [self.people.item(row).text() for row in range(self.people.count())]
        if person.lines != shown:
            self.people.blockSignals(True)
            self.people.clear()
            self.people.addItems(person.lines)
            self.people.blockSignals(False)
        if self.people.currentRow() != person.index:
            self.people.blockSignals(True)
            self.people.setCurrentRow(person.index)
            self.people.blockSignals(False)
        if self._shown != person.draft:
            self._show_draft()
        asks = person.asks_passphrase
        if not asks and (self.passphrase.hasFocus() or self.again.hasFocus()):
            self.take_focus()  # before Qt gives it to whatever is next
        for widget in (self.passphrase, self._passphrase_label):
            widget.setVisible(asks)
        for widget in (self.again, self._again_label):
            widget.setVisible(asks and person.is_new_names)
        hint = words.PASSPHRASE_NEW.format(n=SHORTEST_PASSPHRASE) if person.is_new_names else ""
        self.passphrase.setPlaceholderText(hint or words.PASSPHRASE)
        if not asks and self.passphrase.text():
            self.passphrase.clear()
            self.again.clear()
        self.name.setEnabled(person.names is not None)
        self.name_hint.setText(person.name_hint)
        self.buttons["names"].setVisible(person.names is None)
        self.notes.setText("\n".join(person.notes))
        self.notes.setVisible(bool(person.notes))
        self.buttons["recover"].setVisible(bool(person.shelf.unfinished))
        self.past.setText(person.past_title)
        self.past.setVisible(person.chosen is not None)
        self.table.setAccessibleName(person.past_title)
        self.table.show_rows(person.sessions)

    def _show_draft(self) -> None:
        draft = self._shown = self._person.draft
        for field, text in (
            (self.code, draft.code),
            (self.purpose, draft.purpose),
            (self.name, draft.name),
        ):
            if field.text() != text:
                field.setText(text)
        self.side.setCurrentIndex(_SIDES.index(draft.pain_side))
        self.level.setCurrentIndex(_LEVELS.index(draft.pain_level))
        self.code.setReadOnly(self._person.chosen is not None)

    def _chosen(self, row: int) -> None:
        self._person.choose(row)
        self.show_model()

    def _open_names(self) -> None:
        if self._person.is_new_names and not self.again.hasFocus() and not self.again.text():
            self.again.setFocus()
            return
        again = self.again.text() if self._person.is_new_names else None
        self._person.open_names(self.passphrase.text(), again)
        self.passphrase.clear()
        self.again.clear()
        self.show_model()
