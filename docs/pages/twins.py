"""Quote a file of the monolith and its twin side by side: function by function, with the marked lines coloured.

The docstring of a file names its twin: `Twin: microservices/posts/routes.py`.
"""

import ast
import html
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import zip_longest
from pathlib import PurePosixPath

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from loadtests.complexity import marks
from loadtests.processes import ROOT
from pages.sources import Sources

TWIN = re.compile(r"Twins?: ((?:monolith|microservices)/[\w/]+\.py)")
DOCSTRING, CONSTANTS, CLASS = "docstring", "constants", "class"
EMPTY = '<p class="empty">no counterpart on this side</p>'
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines of a file: a function, the head of a class, constants or the docstring. The twin's counterpart has the same key."""

    key: str
    first: int
    last: int


@cache
def read(path: PurePosixPath) -> str:
    """Return a file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def docstring(path: PurePosixPath) -> str:
    """Return the docstring of a module."""
    return ast.get_docstring(ast.parse(read(path))) or ""


def twin_of(path: PurePosixPath) -> PurePosixPath | None:
    """Return the file on the other side that the docstring names, or None."""
    named = TWIN.search(docstring(path))
    return PurePosixPath(named[1]) if named else None


def chunks(text: str) -> list[Chunk]:
    """Return the parts of a module in order, without imports."""
    parts = _parts(ast.parse(text).body)
    lines = text.splitlines()
    return [Chunk(each.key, _with_comments(lines, each.first), each.last) for each in parts]


def _parts(body: Sequence[ast.stmt]) -> Iterator[Chunk]:
    constants: list[ast.stmt] = []
    for node in body:
        if isinstance(node, Definition):
            yield from _group(constants)
            constants = []
            yield from _definition(node)
        elif node is body[0] and isinstance(node, ast.Expr):
            yield Chunk(DOCSTRING, node.lineno, node.end_lineno or node.lineno)
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            constants.append(node)
    yield from _group(constants)


def _group(statements: Sequence[ast.stmt]) -> Iterator[Chunk]:
    if statements:
        yield Chunk(CONSTANTS, statements[0].lineno, statements[-1].end_lineno or 0)


def _definition(node: Definition) -> Iterator[Chunk]:
    """Yield a function as a whole, but a class or a function that defines routes as its head and its functions."""
    inner = [child for child in node.body if isinstance(child, Definition)]
    if (isinstance(node, ast.ClassDef) and inner) or any(child.decorator_list for child in inner):
        yield Chunk(CLASS if isinstance(node, ast.ClassDef) else node.name, _first(node), _first(inner[0]) - 1)
        for child in inner:
            yield from _definition(child)
    else:
        yield Chunk(node.name, _first(node), node.end_lineno or node.lineno)


def _first(node: Definition) -> int:
    return min(each.lineno for each in (node, *node.decorator_list))


def _with_comments(lines: Sequence[str], first: int) -> int:
    while first > 1 and lines[first - 2].strip().startswith("#"):
        first -= 1
    return first


def pairs(left: Sequence[Chunk], right: Sequence[Chunk]) -> Iterator[tuple[Chunk | None, Chunk | None]]:
    """Yield the parts of two twins in rows, those with the same key next to each other."""
    matcher = SequenceMatcher(None, [each.key for each in left], [each.key for each in right], autojunk=False)
    for _, begin, end, other_begin, other_end in matcher.get_opcodes():
        yield from zip_longest(left[begin:end], right[other_begin:other_end])


def find_chunk(path: PurePosixPath, key: str) -> Chunk:
    """Return a function of a file. Raise KeyError if there is none."""
    for chunk in chunks(read(path)):
        if chunk.key == key:
            return chunk
    raise KeyError(f"{path} has no function {key}")


def quote(path: PurePosixPath, chunk: Chunk, *, sources: Sources, page: str) -> str:
    """Return a part of a file as HTML, with a link to its first line."""
    text = textwrap.dedent("\n".join(read(path).splitlines()[chunk.first - 1 : chunk.last])).rstrip()
    coloured = highlight(text, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).splitlines()
    body = "".join(_line(plain, html_line) for plain, html_line in zip(text.splitlines(), coloured, strict=True))
    address = sources.link(path, line=chunk.first, page=page)
    return (
        f'<figure class="quote"><figcaption><a href="{html.escape(address)}">{path}:{chunk.first}</a></figcaption>'
        f'<pre class="highlight"><code>{body}</code></pre></figure>'
    )


def _line(plain: str, coloured: str) -> str:
    indent = len(plain) - len(plain.lstrip())
    classes = " ".join(["line", *sorted(marks(plain))])
    return f'<span class="{classes}" style="--indent:{indent}">{coloured or " "}\n</span>'


def side_by_side(left: str, right: str) -> str:
    """Return a row of two columns as HTML. An empty cell says that this side has no counterpart."""
    return f'<div class="twins">{left or EMPTY}{right or EMPTY}</div>\n'
