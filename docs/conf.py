"""How the documentation site is built: ``make docs``.

The source folder is the whole repository, so that a page may point at a module, a protocol or a
test as it does on the web; only the pages named here become pages of the site.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import imuhip

project = "imuhip"
author = "The imuhip authors"
version = release = imuhip.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/*.md",
    "docs/*/*.md",
    "examples/*.md",
    "calibration/*.md",
    "calibration/*/*.md",
    "firmware_protocol/*.md",
    "firmware_protocol/**/*.md",
    "recordings/README.md",
]
exclude_patterns = ["build", ".venv", ".git", "**/node_modules"]
# a page that no menu lists is still reached from the list of all pages
suppress_warnings = ["toc.not_included"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
myst_url_schemes = ["http", "https", "mailto", "doi"]

autodoc_typehints = "none"  # numpydoc says types with shapes and units
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "alabaster"
html_title = f"imuhip {version}"
html_theme_options = {
    "description": "Hip and pelvis rotation from wearable inertial sensors",
    "page_width": "1200px",
    "body_max_width": "auto",
    "sidebar_width": "230px",
    "fixed_sidebar": True,
    "show_powered_by": False,
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_show_sourcelink = False
html_copy_source = False

_LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]+)\)")


def _folders_to_pages(app: Any, docname: str, source: list[str]) -> None:
    """Point links to a folder at its page, or make them its name where it has none."""
    here = (Path(app.srcdir) / docname).parent

    def link(found: re.Match[str]) -> str:
        text, target = found.groups()
        folder = here / target
        if not folder.is_dir():
            return found.group(0)
        readme = folder / "README.md"
        return f"[{text}]({target.rstrip('/')}/README.md)" if readme.is_file() else text

    source[0] = _LINK.sub(link, source[0])


def _copy_pictures(app: Any, error: Exception | None) -> None:
    """Copy pictures that pages name in HTML, which Sphinx does not look into."""
    if error is None:
        shutil.copytree(
            Path(app.srcdir) / "docs" / "images",
            Path(app.outdir) / "docs" / "images",
            dirs_exist_ok=True,
        )


def setup(app: Any) -> None:
    """Add what is ours."""
    app.connect("build-finished", _copy_pictures)
    app.connect("source-read", _folders_to_pages)
