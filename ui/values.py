"""Writes static/css/values.css: one class per number, because pages carry no style attribute.

``python -m ui.values`` after a change here; a test compares the file with this module.

====================  =============================================================
``v-0`` … ``v-100``   ``--v`` in percent: bars, meters
``f-0`` … ``f-100``   ``--f`` in percent: the three phases of the day counter
``a-1`` … ``a-90``    ``--a``, first day of a bar on the 90-day timeline
``b-1`` … ``b-90``    ``--b``, last day of that bar
``d-1`` … ``d-90``    ``--d``, today on that timeline
``c-1`` … ``c-6``     ``--c``, colour of a series; ``c-accent`` the accent
====================  =============================================================
"""

from collections.abc import Iterator
from pathlib import Path

PATH = Path(__file__).resolve().parent.parent / "static" / "css" / "values.css"
PERCENT = ("v", "f")
DAYS = ("a", "b", "d")
LAST_DAY = 90
SERIES = 6


def stylesheet() -> str:
    """The whole file as text."""
    head = "/* Written by python -m ui.values. Change that module, not this file. */\n"
    return head + "@layer utilities {\n" + "".join(f"  {line}\n" for line in _lines()) + "}\n"


def step(share: float | None, *, prefix: str) -> str:
    """The class nearest to a share between 0 and 1: 0.571 with "v" → "v-57".

    Clamped to 0 and 100. Some is never drawn as none, nor nearly all as all. None has no class,
    so nothing is drawn.
    """
    if prefix not in PERCENT:
        raise ValueError(f"{prefix} is none of the percent classes {PERCENT}")
    if share is None:
        return ""
    nearest = round(min(max(float(share), 0.0), 1.0) * 100)
    if nearest == 0 and share > 0:
        nearest = 1
    if nearest == 100 and share < 1:
        nearest = 99
    return f"{prefix}-{nearest}"


def day_step(day: int, *, prefix: str) -> str:
    """The class of a sprint day for "a", "b" or "d", clamped to 1 … 90: 52 with "d" → "d-52"."""
    if prefix not in DAYS:
        raise ValueError(f"{prefix} is none of the day classes {DAYS}")
    return f"{prefix}-{min(max(day, 1), LAST_DAY)}"


def _lines() -> Iterator[str]:
    for name in PERCENT:
        yield " ".join(f".{name}-{n}{{--{name}:{n}%}}" for n in range(101))
    for name in DAYS:
        yield " ".join(f".{name}-{n}{{--{name}:{n}}}" for n in range(1, LAST_DAY + 1))
    yield " ".join(f".c-{n}{{--c:var(--c{n})}}" for n in range(1, SERIES + 1))
    yield ".c-accent{--c:var(--accent)} .c-accent-line{--c:var(--accent-line)}"


if __name__ == "__main__":
    PATH.write_text(stylesheet(), encoding="utf-8")
    print(f"wrote {PATH.name}, {len(stylesheet()):,} characters")
