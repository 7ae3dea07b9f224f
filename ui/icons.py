"""Names of the symbols in static/icons.svg, so that a misspelt icon is an error and not a hole."""

import re
from functools import cache
from pathlib import Path

SPRITE = Path(__file__).resolve().parent.parent / "static" / "icons.svg"


@cache
def names() -> frozenset[str]:
    """All symbol names of the sprite, without their "i-"."""
    return frozenset(re.findall(r'<symbol id="i-([a-z]+)"', SPRITE.read_text(encoding="utf-8")))
