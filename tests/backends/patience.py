"""Says how long tests wait for what must come, however busy the machine is."""

from typing import Final

PATIENCE: Final = 240.0
"""The seconds after which something hangs; less than pytest gives a test, so that it says what."""
