"""The page on adding a sensor names what is there, and every model has what it asks for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from imuhip.sensors import driver as protocols
from imuhip.sensors.registry import DRIVERS
from imuhip.simulation.models import VIRTUAL_MODELS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding_a_sensor.md").read_text("utf-8")
VENDORS = sorted(set(VIRTUAL_MODELS) - {"imuhip"})


def test_every_file_it_names_is_there() -> None:
    named = re.findall(r"(?:src|tests|docs)/[\w./-]+", PAGE)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path.rstrip(".")).exists()] == []


def test_every_name_it_uses_is_defined_in_the_file_it_names() -> None:
    for name, path in re.findall(r"`(\w+)`\s+(?:of|in)\s+`(src/[\w./]+\.py)`", PAGE):
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    asked = {name for name in vars(protocols.SensorDriver) if not name.startswith("_")} - {"model"}
    assert asked <= set(re.findall(r"\*\*`(\w+)`\*\*", PAGE))


@pytest.mark.parametrize("model", VENDORS)
def test_every_model_has_its_page_and_its_tests(model: str) -> None:
    page = (ROOT / "docs" / "sensors" / f"{model}.md").read_text("utf-8")
    assert "rotocol-verified, not hardware-verified" in page
    assert f"sensors/{model}.md" in (ROOT / "docs" / "README.md").read_text("utf-8")
    tests = "\n".join(path.name for path in (ROOT / "tests").rglob(f"test_{model}*.py"))
    assert f"test_{model}_radio.py" in tests
    assert len(tests.splitlines()) >= 2


@pytest.mark.parametrize("model", VENDORS)
def test_no_virtual_model_knows_its_decoder(model: str) -> None:
    source = (ROOT / "src/imuhip/simulation" / f"virtual_{model}.py").read_text("utf-8")
    assert "imuhip.sensors" not in source


def test_as_many_models_are_simulated_as_are_read() -> None:
    assert len(DRIVERS) == len(VIRTUAL_MODELS)
    assert len({driver.model for driver in DRIVERS}) == len(DRIVERS)
