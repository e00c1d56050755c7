"""Every string of the window stands in `wording`, and German is complete."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import imuhip.app as app
from imuhip.app.models import translation, wording, wording_texts
from imuhip.assessment.protocol import shipped_test, shipped_tests

APP = Path(app.__file__).parent
NOT_IN_THE_WINDOW = {"window", "style", "translation", "sound"}
"""What they say goes to the command line, is a style sheet, or is for those who translate."""
SHOWING = sorted(
    path
    for path in APP.rglob("*.py")
    if not path.name.startswith(("wording", "__init__")) and path.stem not in NOT_IN_THE_WINDOW
)
SENTENCE = re.compile(r"[^\W\d_]{2,} +[^\W\d_]|^[A-Z][a-z]+$")
WORD = re.compile(r"[^\W\d_]{3,}")
MARKUP = re.compile(r"<[^>]*>|QLabel#|\{[^}]*\}|px|font-size|\w*_\w*|\w+ = ")
KEY = re.compile(r"(Ctrl\+)?(Shift\+)?(Space|Escape|Left|Right|Up|Down|Return|Delete|Home|End|.)")
NOT_SHOWN = {"ValueError", "TypeError", "RuntimeError", "AssertionError", "setObjectName"}
OTHER_LANGUAGES = [code for code in translation.languages() if code != translation.ENGLISH]


@pytest.fixture(autouse=True)
def english_again():
    yield
    translation.use(translation.ENGLISH)


# -- nothing but `wording` holds strings -----------------------------------------------------------


def shown_strings(source: str) -> list[tuple[int, str]]:
    """Return what looks like words for people, by line; documentation and mistakes left out."""
    tree = ast.parse(source)
    left_out: set[int] = set()
    in_sentences: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(id(node.value))  # documentation
        elif (
            (isinstance(node, ast.Call) and _name(node.func) in NOT_SHOWN)
            or (isinstance(node, ast.Assign) and _name(node.targets[0]) == "__all__")
            or (isinstance(node, ast.Subscript) and _name(node.value) == "Literal")
        ):
            left_out.update(id(part) for part in ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            in_sentences.update(id(part) for part in node.values)
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        text = MARKUP.sub(" ", node.value)
        looks = WORD if id(node) in in_sentences else SENTENCE
        if id(node) not in left_out and looks.search(text) and not KEY.fullmatch(text):
            found.append((node.lineno, node.value))
    return found


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def test_the_search_for_strings_finds_them() -> None:
    source = 'def f():\n    """Some words."""\n    raise ValueError(f"Expected x of {n}")\n'
    assert shown_strings(source) == []
    for shown in ('label.setText("Ready")', 'x = f"battery {n} percent"', 'QAction("Quit", self)'):
        assert len(shown_strings(f"{source}{shown}\n")) >= 1, shown


@pytest.mark.parametrize("path", SHOWING, ids=lambda path: path.stem)
def test_views_and_models_hold_no_words_of_their_own(path: Path) -> None:
    found = [f"{path.name}:{line}: {text!r}" for line, text in shown_strings(path.read_text())]
    assert not found, "belongs into a module wording_*"


# -- another language ------------------------------------------------------------------------------


@pytest.mark.parametrize("code", OTHER_LANGUAGES)
def test_a_language_says_everything_in_the_same_shape_with_the_same_gaps(code: str) -> None:
    told = translation.read_language(code)
    english = translation.constants()
    missing = [
        f"{m}.{k}" for m, table in english.items() for k in table if k not in told.get(m, {})
    ]
    assert not missing
    other = [
        problem
        for module, table in english.items()
        for key, value in table.items()
        for problem in translation.differences(f"{module}.{key}", value, told[module][key])
    ]
    assert not other
    extra = [f"{m}.{k}" for m in english for k in told.get(m, {}) if k not in english[m]]
    assert not extra, "of nothing that is there any more"


@pytest.mark.parametrize("code", OTHER_LANGUAGES)
def test_tests_and_their_prompts_are_translated(code: str) -> None:
    translation.use(code)
    for name in shipped_tests():
        test = shipped_test(name)
        for text in (test.title, *(cue.say for cue in test.cues), *test.feel, *test.avoid):
            assert wording_texts.said(text) != text, text


def test_german_takes_the_place_of_english_and_gives_it_back() -> None:
    before = wording.RECORD, wording.SIDE_NAMES[None], wording.NO_SENSORS
    translation.use("de")
    assert (wording.RECORD, wording.SIDE_NAMES["left"]) == ("Aufzeichnen", "links")
    assert isinstance(wording.NO_SENSORS, tuple) and wording.SIDE_NAMES[None] == "keine Seite"
    assert wording_texts.said("walk: 3 of 10 s") == "gehen: 3 von 10 s"
    assert wording_texts.said("nobody translated this") == "nobody translated this"
    translation.use("en")
    assert (wording.RECORD, wording.SIDE_NAMES[None], wording.NO_SENSORS) == before
    assert wording_texts.said("walk: 3 of 10 s") == "walk: 3 of 10 s"


def test_a_translation_with_other_gaps_stays_english(monkeypatch) -> None:
    wrong = {"name": "X", "wording": {"RECORD": "{oh}", "STOP": "Halt", "MARK": ["a", "b"]}}
    monkeypatch.setattr(translation, "read_language", lambda _code: wrong)
    translation.use("xx")
    assert (wording.RECORD, wording.STOP, wording.MARK) == ("Record", "Halt", "Mark")


def test_differences_of_shape_and_gaps_are_found() -> None:
    same = translation.differences
    assert same("a", "{n} of {m}", "{m} von {n}") == []
    assert same("a", "{n}", "{m}") and same("a", "x", "{") and same("a", "x", 3)
    assert same("a", {None: "x"}, {"None": "y"}) == []
    assert same("a", {"k": "x"}, {"other": "y"}) and same("a", ("x", "y"), ["x"])


@pytest.mark.parametrize(
    ("wanted", "computer", "used"),
    [
        ("auto", "de_CH", "de"),
        ("auto", "de-DE", "de"),
        ("auto", "fr_FR", "en"),
        ("auto", "C", "en"),
        ("de", "fr_FR", "de"),
        ("en", "de_DE", "en"),
        ("tlh", "de_DE", "en"),
    ],
)
def test_the_language_is_that_of_the_settings_or_of_the_computer(wanted, computer, used) -> None:
    assert translation.language_for(wanted, computer) == used
