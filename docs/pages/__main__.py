"""Write the pages of the site into a folder: `PYTHONPATH=docs python -m pages .site/pages`."""

import shutil
import sys
from pathlib import Path

import yaml

from loadtests.processes import ROOT
from pages import documents, features, paths
from pages.sources import Sources

ASSETS = Path(__file__).parent / "assets"


def write(folder: Path) -> None:
    """Replace the folder by the pages. The setting `extra.source_url` of mkdocs.yml names the published repository."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sources = Sources(source_url())
    documents.write(folder, sources)
    features.write(folder, sources)
    paths.write(folder, sources)
    sources.write(folder)
    shutil.copytree(ASSETS, folder / "assets")


def source_url() -> str:
    """Return the address of the repository's files, or nothing."""
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - only strings
    return str(settings.get("extra", {}).get("source_url", ""))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
