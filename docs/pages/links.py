"""Check every link of the built site: `python -m pages.links .site/html`.

A link inside the site needs its page, and the id of its fragment, such as a line of a file. No page may load from another host.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "link": "href",
}  # attributes that make a browser load something
NOT_LOADED = {"canonical", "next", "prev", "alternate"}  # relations of a `link` that only name a page


class Page(HTMLParser):
    """The ids of a page, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids, self.links, self.loads = set[str](), list[str](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the id and the address of an element."""
        values = dict(attrs)
        self.ids.update(value for name in ("id", "name") if (value := values.get(name)))
        if tag == "a" and (address := values.get("href")):
            self.links.append(address)
        if (address := values.get(LOADS.get(tag, ""))) and values.get("rel") not in NOT_LOADED:
            self.loads.append(address)


def broken(site: Path) -> list[str]:
    """Return a line for each link without a target and for each load from another host, sorted."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    faults = set[str]()
    for path, page in pages.items():
        if path.name == "404.html":  # its links are absolute, since it is shown at any address
            continue
        name = path.relative_to(site.resolve())
        faults.update(f"{name}: {link}" for link in (*page.links, *page.loads) if _is_broken(link, path, pages))
        faults.update(f"{name} loads {address}" for address in page.loads if urlsplit(address).netloc)
    return sorted(faults)


def _is_broken(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    page = pages.get(target)
    return not target.exists() or bool(parts.fragment and page and unquote(parts.fragment) not in page.ids)


if __name__ == "__main__":
    faults = broken(Path(sys.argv[1]))
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults))
