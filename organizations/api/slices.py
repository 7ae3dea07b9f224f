"""What an address says of slices and parts, for kinds that take them."""

from rest_framework.request import Request

from organizations.api.imports import BadEnvelope, flag_of
from organizations.calculations.parts import MOST_PARTS, Part


def part_of(request: Request) -> Part | None:
    """Which part of a slice a body is; None for a whole body. Raises BadEnvelope."""
    stated = [name for name in ("part", "parts", "last") if name in request.query_params]
    slice_id = request.query_params.get("slice_id")
    if slice_id is None:
        if stated:
            raise BadEnvelope(
                f"{stated[0]} belongs to a slice: name its slice_id as well.", field=stated[0]
            )
        return None
    number = _number(request, "part")
    if number is None:
        raise BadEnvelope("A slice_id needs the number of the part.", field="part")
    total, last = _number(request, "parts"), flag_of(request, "last")
    if total is not None and (last or number > total):
        raise BadEnvelope(
            "part goes from 1 to parts; last=true is for senders who do not know how many.",
            field="parts",
        )
    return Part(slice_id=_name(slice_id), number=number, total=total, last=last)


def _name(text: str) -> str:
    if not 1 <= len(text) <= 120 or not all(33 <= ord(letter) <= 126 for letter in text):
        raise BadEnvelope("A slice_id has 1 to 120 visible ASCII characters.", field="slice_id")
    return text


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_PARTS):
        raise BadEnvelope(f"{name} is a number from 1 to {MOST_PARTS}.", field=name)
    return int(text)
