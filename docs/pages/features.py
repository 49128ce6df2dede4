"""Write one page for each feature: both sides next to each other, and the figures of both."""

from collections.abc import Iterator
from functools import partial
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loadtests.complexity import KINDS
from loadtests.processes import ROOT
from loadtests.results import SIDES
from pages import figures, twins
from pages.sources import Sources

FIRST = ("routes.py", "store.py")  # of the files of a feature; the others follow by name
TEMPLATES = Environment(  # noqa: S701 - the templates make Markdown from files of this repository
    loader=FileSystemLoader(Path(__file__).parent / "templates"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip


def write(folder: Path, sources: Sources) -> None:
    """Write the page of each feature, and the list of them."""
    (folder / "features").mkdir(parents=True)
    for feature in figures.features():
        page = f"features/{feature}.md"
        (folder / page).write_text(render(feature, sources, page=page), encoding="utf-8")
    index = TEMPLATES.get_template("features.md.jinja").render(features=[_summary(each) for each in figures.features()])
    (folder / "features" / "index.md").write_text(index, encoding="utf-8")


def render(feature: str, sources: Sources, *, page: str) -> str:
    """Return the Markdown of a feature's page."""
    return TEMPLATES.get_template("feature.md.jinja").render(
        feature=feature, about=_about(feature), domain=f"shared_domain/{feature}.py", link=partial(sources.link, page=page),
        sides=SIDES,
        pairs=[_pair(path, sources, page) for path in _paired(feature)], extra=_extra(feature),
        diagram=figures.diagram(figures.feature_wires(feature)), couplings=list(figures.couplings(feature)),
        operations=figures.operations(feature), bill=figures.bill(feature),
        size=figures.size(feature), kinds=[kind for kind in KINDS if any(row[kind] for row in figures.size(feature).values())],
        report=figures.report(),
    )  # fmt: skip


def _about(feature: str) -> str:
    path = PurePosixPath(f"shared_domain/{feature}.py")
    return twins.docstring(path).partition(" Twins:")[0].partition("\n")[0] if (ROOT / path).exists() else ""


def _files(side: str, feature: str) -> list[PurePosixPath]:
    names = (file.name for file in (ROOT / side / feature).glob("*.py") if file.name != "__init__.py")
    return [PurePosixPath(side, feature, name) for name in sorted(names, key=lambda name: (name not in FIRST, name))]


def _paired(feature: str) -> list[tuple[PurePosixPath, PurePosixPath]]:
    """Return the files of the monolith with their twins."""
    return [(file, twin) for file in _files("monolith", feature) if (twin := twins.twin_of(file))]


def _extra(feature: str) -> dict[str, list[tuple[PurePosixPath, str]]]:
    """Return the files without a twin by side, each with the first sentence of its docstring."""
    paired = {file for pair in _paired(feature) for file in pair}
    return {
        side: [(file, twins.docstring(file).partition("\n")[0]) for file in _files(side, feature) if file not in paired]
        for side in SIDES
    }


def _pair(files: tuple[PurePosixPath, PurePosixPath], sources: Sources, page: str) -> dict[str, Any]:
    """Return the rows of two twins: a heading, and the HTML of both sides."""
    return {"files": files, "anchor": f"file-{files[0].stem}", "rows": list(_rows(*files, sources=sources, page=page))}


def _rows(left: PurePosixPath, right: PurePosixPath, *, sources: Sources, page: str) -> Iterator[tuple[str, str]]:
    for first, second in twins.pairs(twins.chunks(twins.read(left)), twins.chunks(twins.read(right))):
        cells = [
            twins.quote(path, chunk, sources=sources, page=page) if chunk else ""
            for path, chunk in ((left, first), (right, second))
        ]
        name = next(chunk.key for chunk in (first, second) if chunk)
        yield escape(name), twins.side_by_side(*cells)


def _summary(feature: str) -> dict[str, Any]:
    return {"name": feature, "about": _about(feature), "size": figures.size(feature), "bill": figures.bill(feature)}
