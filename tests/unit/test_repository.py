"""The repository keeps what it says about itself: documents, examples, start-up, files."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import imuhip
from imuhip import errors

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "imuhip").rglob("*.py"))
HEAVY = ("PySide6", "pyqtgraph", "matplotlib", "pandas", "dask", "bumble")
LARGEST_BYTES = 1_048_576
BUILT = {".venv", ".git", "__pycache__", "dist", "build"}


def _kept() -> list[Path]:
    """Return the files of the repository: those git keeps, or all where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
        ).stdout.decode()
        return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        found = (path for path in ROOT.rglob("*") if path.is_file())
        return [
            path
            for path in found
            if not BUILT & set(path.relative_to(ROOT).parts)
            and not path.relative_to(ROOT).parts[0].startswith(".")
        ]


KEPT = _kept()
PAGES = [path for path in KEPT if path.suffix == ".md"]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


# -- start-up -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "doing",
    [
        "import imuhip; dir(imuhip)",
        "import sys; sys.argv = ['imuhip', '--help']\n"
        "from imuhip.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit as end:\n    assert not end.code, end.code",
    ],
    ids=["import imuhip", "imuhip --help"],
)
def test_start_up_loads_no_heavy_library(doing: str):
    loaded = f"sorted(name for name in {HEAVY!r} if name in sys.modules)"
    ran = _run(f"{doing}\nimport sys\nprint('loaded', {loaded})")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "loaded []"


def test_import_budget_would_notice_a_heavy_library():
    """The check above must be able to fail: analysing does load pandas."""
    ran = _run(
        "import imuhip, sys; imuhip.simulate('walk', 0.1).truth; print('pandas' in sys.modules)"
    )
    assert ran.stdout.strip() == "True", ran.stderr


def test_public_names_are_those_promised():
    assert set(imuhip.__all__) >= {"Recording", "open", "analyze", "simulate", "ImuhipError"}
    for name in imuhip.__all__:
        assert getattr(imuhip, name) is not None


# -- documents ----------------------------------------------------------------------------------


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as forges make them."""
    titles = re.findall(
        r"^#+ +(.+)$",
        re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S),
        flags=re.M,
    )
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_of_documents_resolve(page: Path):
    text = _without_code(page.read_text("utf-8"))
    links = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text) + re.findall(
        r'(?:src|href)="([^"]+)"', text
    )
    broken = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_documents_name_files_and_commands_that_exist(page: Path):
    """Paths in code type, as in ``docs/conventions.md``, and ``imuhip COMMAND`` are real."""
    text = page.read_text("utf-8")
    rooms = {path.parent.name for path in SOURCES if path.name == "__init__.py"}
    folders = {"docs", "src", "tests", "benchmarks", "firmware_protocol", "recordings"} | rooms
    paths = re.findall(rf"`((?:{'|'.join(sorted(folders))})/[\w./-]+)`", text)
    assert [path for path in paths if not _exists(path)] == []
    benchmarks = set(re.findall(r"python -m benchmarks ([a-z_]+)", text))
    assert [b for b in benchmarks if not (ROOT / "benchmarks" / f"{b}.py").exists()] == []
    code = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, flags=re.M | re.S))
    used = set(re.findall(r"`imuhip ([a-z][a-z-]*)\b", text))
    used |= set(re.findall(r"(?:^|[/\\])imuhip ([a-z][a-z-]*)\b", code, flags=re.M))
    assert used - _commands() == set()


def _exists(path: str) -> bool:
    """Return whether a path is there, from the top or from the package, `.py` left out or not."""
    places = (ROOT / path, ROOT / "src" / "imuhip" / path)
    return any(place.exists() or place.with_suffix(".py").exists() for place in places)


def _commands() -> set[str]:
    import typer

    from imuhip.cli.commands import build

    return set(typer.main.get_command(build()).commands)  # type: ignore[attr-defined]


def test_sources_refer_to_documents_that_exist():
    missing = {
        f"{_name(path)}: {named}"
        for path in KEPT
        if path.suffix in {".py", ".toml", ".c", ".h", ".yml"}
        for named in re.findall(
            r"\b(?:docs|calibration|firmware_protocol)/[\w/-]+\.(?:md|toml|json)\b",
            path.read_text("utf-8"),
        )
        if not (ROOT / named).exists()
    }
    assert not missing


def test_python_of_the_readme_prints_what_the_readme_shows():
    readme = (ROOT / "README.md").read_text("utf-8")
    examples = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", readme, flags=re.M | re.S)
    assert examples
    for code, shown in examples:
        ran = _run(code)
        assert ran.returncode == 0, ran.stderr
        assert [line.rstrip() for line in ran.stdout.splitlines()] == shown.splitlines()


def test_python_of_other_documents_is_python():
    for page in PAGES:
        for code in re.findall(
            r"^```python\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S
        ):
            ast.parse(code)


def test_every_error_code_is_explained():
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    explained = dict(re.findall(r"^\| (E\d{3}) \| `?(\w[\w ]*)`? \|", page, flags=re.M))
    for name in errors.__all__:
        code = getattr(errors, name).default_code
        assert explained.get(code) == name
    raised = {
        code
        for path in SOURCES
        for code in re.findall(r"(?:code|default_code) ?= ?\"(E\d{3})\"", path.read_text("utf-8"))
    }
    assert raised - set(explained) == set()


def test_every_decision_has_its_parts_and_is_listed():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    for number, page in enumerate(decisions, start=1):
        text = page.read_text("utf-8")
        assert page.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number:04d} ")
        assert "\nStatus: " in text
        assert re.findall(r"^## (.+)$", text, flags=re.M) == ["Context", "Decision", "Consequences"]
        assert f"decisions/{page.name}" in index


# -- files --------------------------------------------------------------------------------------


def test_every_module_says_what_it_is():
    silent = [
        _name(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_every_room_says_what_comes_in_and_goes_out():
    """A folder's ``__init__`` is a page to read, not code to run."""
    for path in SOURCES:
        if path.name != "__init__.py" or path.parent.name == "imuhip":
            continue
        module = ast.parse(path.read_text("utf-8"))
        assert len(module.body) == 1, f"{_name(path)} holds code"
        assert len(ast.get_docstring(module) or "") > 100, f"{_name(path)} says too little"


def test_no_file_is_large():
    assert [_name(path) for path in KEPT if path.stat().st_size > LARGEST_BYTES] == []


def test_no_file_knows_the_machine_it_was_written_on():
    mine = "test_repository.py"
    found = [
        _name(path)
        for path in KEPT
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".c", ".h", ".json", ""}
        and path.name != mine
        and re.search(r"(?<![\w.])/(?:work|home|root|tmp|Users)/", path.read_text("utf-8"))
    ]
    assert found == []


def test_constraints_pin_everything_asked_for_and_name_no_place():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    pinned = {_normal(line.partition("==")[0]) for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = list(project["project"]["dependencies"])
    asked += [
        each for extra in project["project"]["optional-dependencies"].values() for each in extra
    ]
    asked += project["dependency-groups"]["dev"]
    assert {_normal(re.split(r"[^\w.-]", each)[0]) for each in asked} - pinned == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == imuhip.__version__
    assert f"\nversion: {imuhip.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## [{imuhip.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_errors_are_drawn_as_they_are():
    """The tree at the top of errors.py shows each class below its parent."""
    drawn = inspect.getdoc(errors) or ""
    for name in errors.__all__:
        assert re.search(rf"\b{name}\b", drawn), f"{name} is not drawn"
