"""Put docs on the path: `workshop` is a package there."""

import sys

from loadtests.processes import ROOT

sys.path.append(str(ROOT / "docs"))
