"""Follows all links of the built site offline: ``python docs/check_links.py build/site``.

Pages, anchors, pictures and files that the site itself has to hold must be there, and nothing may
be loaded from elsewhere by opening a page. Addresses on the web are not asked.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

_LOADED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")}


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif (tag, name) in _LOADED:
                self.loads.append(value)
            elif (tag, name) == ("a", "href"):
                self.links.append(value)


def problems(site: Path) -> list[str]:
    """Return what is wrong with the links of a site, one line each."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site}: holds no page"]
    for path, page in pages.items():
        here = path.relative_to(site)
        found += [
            f"{here}: loads {address} from elsewhere"
            for address in page.loads
            if urlsplit(address).netloc
        ]
        for address in (*page.links, *page.loads):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target, anchor = urldefrag(address)
            there = (path.parent / unquote(target.split("?")[0])).resolve() if target else path
            if not there.is_file():
                found.append(f"{here}: {address} leads nowhere")
            elif anchor and there in pages and unquote(anchor) not in pages[there].anchors:
                found.append(f"{here}: {address} has no such place")
    return found


def main(site: Path) -> int:
    """Print what is wrong; 1 when something is."""
    found = problems(site.resolve())
    for line in found:
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(f"links of {site}: {len(found)} broken\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
