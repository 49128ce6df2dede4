"""Load a new release of the code while the old one serves. The services are updated stack by stack.

The code of the server itself (server, worker, asgi, wsgi, connections, logs) and of libraries changes with a restart only.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from flask import Flask

from monolith.settings import Settings

_PACKAGES = ("monolith", "shared_domain")


def load_release(settings: Settings) -> Flask:
    """Return an application of the code on disk, and upgrade the schema. A failure leaves the loaded code as it was."""
    with _fresh_modules():
        importlib.import_module("monolith.database").migrate(settings.database_url)
        new_settings = importlib.import_module("monolith.settings").Settings(**asdict(settings))
        app: Flask = importlib.import_module("monolith.app").create_app(new_settings)
        return app


@contextmanager
def _fresh_modules() -> Iterator[None]:
    """Import the project's modules again. If the block fails, restore the old ones."""
    old = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in _PACKAGES}
    _remove(list(old))
    importlib.invalidate_caches()
    try:
        yield
    except BaseException:
        _remove([name for name in sys.modules if name.partition(".")[0] in _PACKAGES])
        sys.modules.update(old)
        raise


def _remove(names: list[str]) -> None:
    for name in names:
        del sys.modules[name]
