"""Which lines of our own code lead to what is done, by looking at the stack: only while something is explained."""

import linecache
import re
import sys
from types import CodeType, ModuleType

OURS = ("microservices.", "monolith.", "shared_domain.")
_AROUND = ("microservices.tracing", "monolith.tracing", "microservices.races", "monolith.turns")  # who only passes on
_MOST = 5


def calling_lines() -> list[str]:
    """Return the lines of ours that are being executed, e.g. `monolith/posts/store.py:105`, the innermost first."""
    found: list[str] = []
    frame = sys._getframe(1)
    while frame is not None and len(found) < _MOST:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(OURS) and not module.startswith(_AROUND):
            found.append(_line(module, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    return found


def line_of(code: CodeType, module: str) -> str:
    """Return the line where a function of a module begins."""
    return _line(module, code.co_firstlineno)


def line_in(module: ModuleType, name: str) -> str:
    """Return the line of a module where a name of its top level gets its meaning, its first line if none does."""
    meaning = re.compile(rf"(def )?{re.escape(name)}\b")
    lines = linecache.getlines(str(module.__file__))
    return _line(module.__name__, next((at for at, line in enumerate(lines, 1) if meaning.match(line)), 1))


def _line(module: str, number: int) -> str:
    return f"{module.replace('.', '/')}.py:{number}"
