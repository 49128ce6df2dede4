"""Render Mermaid diagrams to SVG while the site is built, so that a page needs no script for them.

It runs in the environment of the site, as a fence of pymdownx.superfences: see mkdocs.yml.
"""

import re
from hashlib import sha256
from typing import Any

import mmdr

SCALE = 0.85  # of the drawn size; a wider diagram than its column scrolls, so that its text stays readable
WIDTH = re.compile(r'style="max-width:([\d.]+)px;?"')
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)  # fixed colours; assets/site.css has those of the theme


def fence(source: str, language: str, css_class: str, options: Any, md: Any, **_: Any) -> str:
    """Return a diagram as HTML. The interface is that of superfences' custom formatters."""
    name = f"diagram-{sha256(source.encode()).hexdigest()[:10]}"  # of its markers, unique on the page
    svg = STYLE.sub("", mmdr.render(source).svg()).replace("merman", name)
    svg = WIDTH.sub(lambda width: f'style="width:{SCALE * float(width[1]):.0f}px"', svg, count=1)
    return f'<div class="diagram" tabindex="0" role="group" aria-label="Diagram">{svg}</div>'
