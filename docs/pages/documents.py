"""Copy the Markdown documents of the repository into the site, with links that work there."""

import re
from os.path import normpath, relpath
from pathlib import Path, PurePosixPath

from loadtests.processes import ROOT
from pages.sources import LINE, Sources

LINK = re.compile(r"(?<=\]\()(?!https?://|mailto:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
OUTSIDE = {  # documents outside docs/, and the files of docs/ with another name on the site
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "loadtests/README.md": "loadtests.md",
    "shared_domain/README.md": "shared-domain.md",
    "docs/decisions/README.md": "decisions/index.md",
    "docs/workshop/README.md": "workshop/index.md",
}


def pages() -> dict[str, str]:
    """Return the document of the repository → its page."""
    own = (str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
    inside = {path: path.removeprefix("docs/") for path in own if not path.startswith("docs/pages/")}
    return inside | {path: page for path, page in OUTSIDE.items() if (ROOT / path).exists()}


def write(folder: Path, sources: Sources) -> None:
    """Write every document as a page, and the pictures that it shows."""
    known = pages()
    for path, page in known.items():
        target = folder / page
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / path).read_text(encoding="utf-8")
        target.write_text(rewrite(text, path=path, page=page, known=known, sources=sources), encoding="utf-8")
    for picture in (ROOT / "docs").glob("*.png"):
        (folder / picture.name).write_bytes(picture.read_bytes())


def rewrite(text: str, *, path: str, page: str, known: dict[str, str], sources: Sources) -> str:
    """Return a document with its links changed: to pages of the site where there are any, else to files of the repository."""

    def replace(link: re.Match[str]) -> str:
        target = normpath(PurePosixPath(path).parent / link[1])
        anchor = link[2] or ""
        if target in known:
            return relpath(known[target], PurePosixPath(page).parent) + anchor
        if target.endswith(".png"):
            return relpath(target.removeprefix("docs/"), PurePosixPath(page).parent)
        line = LINE.search(anchor)
        return sources.link(target, page=page, line=int(line[1]) if line else None)

    return LINK.sub(replace, text)
