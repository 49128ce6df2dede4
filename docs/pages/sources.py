"""Link to a file and line of the repository, and write a page for every file that a link names, so that it works offline."""

import html
import re
from os.path import relpath
from pathlib import Path, PurePosixPath

from loadtests.processes import ROOT

FOLDER = "source"  # of the site
LINE = re.compile(r"#L(\d+)$")


class Sources:
    """The links to the repository. url: of the repository's files, if they are published; each line is then `#L<number>`."""

    def __init__(self, url: str = "") -> None:
        self._url, self._linked = url, set[PurePosixPath]()

    def link(self, path: str | PurePosixPath, *, page: str, line: int | None = None) -> str:
        """Return the address of a file or folder for a page of the site. Raise FileNotFoundError if it does not exist."""
        target = PurePosixPath(path)
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"{page} links to {target}, which does not exist")
        anchor = f"#L{line}" if line else ""
        if self._url:
            return f"{self._url.rstrip('/')}/{target}{anchor}"
        self._linked.add(target)
        return relpath(_address(target), PurePosixPath(page).parent) + anchor

    def write(self, folder: Path) -> None:
        """Write a page for every linked file and folder, and for the files of such folders."""
        written = set[PurePosixPath]()
        while missing := self._linked - written:
            for target in missing:
                page = folder / _address(target)
                page.parent.mkdir(parents=True, exist_ok=True)
                page.write_text(self._page(target), encoding="utf-8")
            written |= missing

    def _page(self, target: PurePosixPath) -> str:
        path = ROOT / target
        return _document(str(target), self._listing(target) if path.is_dir() else _code(path))

    def _listing(self, target: PurePosixPath) -> str:
        page = _address(target)
        children = sorted(child for child in (ROOT / target).iterdir() if _is_shown(child))
        links = (
            f'<li><a href="{self.link(target / child.name, page=page)}">{html.escape(child.name)}</a></li>'
            for child in children
        )
        return f"<ul>{''.join(links)}</ul>"


def _address(target: PurePosixPath) -> str:
    return f"{FOLDER}/{target}.html"


def _is_shown(path: Path) -> bool:
    if path.is_dir():
        return not path.name.startswith((".", "__"))
    return path.suffix in (".css", ".html", ".js", ".json", ".md", ".patch", ".py", ".toml", ".txt", ".yaml", ".yml")


def _code(path: Path) -> str:
    """Return a file with its lines numbered. They are not highlighted: that takes seconds for hundreds of files."""
    lines = path.read_text(encoding="utf-8").splitlines()
    spans = (f'<span id="L{number}">{html.escape(line) or " "}</span>' for number, line in enumerate(lines, 1))
    return f"<pre>{''.join(spans)}</pre>"


def _document(title: str, content: str) -> str:
    """Return a page without the site's navigation, so that hundreds of them stay small."""
    up = "../" * (title.count("/") + 1)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="{up}assets/source.css">'
        f'</head><body><header><a href="{up}index.html">Monolith or microservices?</a> <h1>{html.escape(title)}</h1>'
        f"</header><main>{content}</main></body></html>\n"
    )
