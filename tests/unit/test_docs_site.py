"""What follows the links of the documentation site finds the broken ones."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "check_links.py"


def checker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_links", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_broken_links_places_and_foreign_loads_are_found(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b.html").write_text('<h1 id="top">B</h1><a href="../a.html#here">x</a>')
    (tmp_path / "a.html").write_text(
        '<p id="here"></p><a href="inner/b.html#top">good</a><a href="https://example.org/gone">web</a>'
        '<a href="inner/b.html#nowhere">1</a><a href="c.html">2</a><a href="#gone">3</a>'
        '<img src="picture.png"><script src="https://example.org/x.js"></script>'
    )
    found = checker().problems(tmp_path)
    assert sorted(found) == [
        "a.html: #gone has no such place",
        "a.html: c.html leads nowhere",
        "a.html: inner/b.html#nowhere has no such place",
        "a.html: loads https://example.org/x.js from elsewhere",
        "a.html: picture.png leads nowhere",
    ]
    assert checker().main(tmp_path) == 1
    assert checker().problems(tmp_path / "inner" / "b.html") != []


def test_a_whole_site_passes(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<h1 id="top">A</h1><a href="b.html?x#y%20z">b</a>')
    (tmp_path / "b.html").write_text('<p id="y z"></p><a href="a.html#top">a</a>')
    assert checker().problems(tmp_path) == []
    assert checker().main(tmp_path) == 0
