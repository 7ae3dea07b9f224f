"""What the address of a post of usage says of the days it speaks for."""

from datetime import date, timedelta

from rest_framework.request import Request

from adoption.sources.catalogue import Source
from adoption.sources.rows import Grain
from organizations.api.imports import SLICES, BadEnvelope, flag_of
from organizations.api.slices import part_of
from organizations.calculations.parts import Part
from organizations.errors import NotAllowed
from organizations.models import ApiKey
from organizations.sources.fields import read_day
from organizations.sources.reading import ReadError
from portfolio.models import Initiative

LONGEST = timedelta(days=366)
GRAINS = (Grain.DAY.value, Grain.WEEK.value)


def part_for(request: Request, *, source: Source) -> Part | None:
    """Which part of a slice the body is. Raises BadEnvelope for sources that add events."""
    if source.adds and SLICES & set(request.query_params):
        raise BadEnvelope(
            f"{source.label} are added up event by event: they come in no slices.",
            field=min(SLICES & set(request.query_params)),
            remedy="Send every page as a batch of its own; what came before is not added again.",
        )
    return part_of(request)


def slice_for(request: Request, *, key: ApiKey) -> dict[str, str]:
    """The full slice that the address names, as options of the batch; empty without one.

    Raises BadEnvelope, and NotAllowed for another initiative than that of the key.
    """
    if not flag_of(request, "full"):
        _refuse_halves(request)
        return {}
    first, end = day_of(request, "slice_from"), day_of(request, "slice_to")
    if first is None or end is None or not first < end <= first + LONGEST:
        raise BadEnvelope(
            "A full slice goes from slice_from to before slice_to and spans at most a year.",
            field="slice_from" if first is None else "slice_to",
        )
    _check_initiative(request, key)
    grain = request.query_params.get("grain", GRAINS[0])
    if grain not in GRAINS:
        raise BadEnvelope("A full slice is of grain day or week.", field="grain")
    scope = request.query_params.get("scope", "")
    if len(scope) > 120 or not scope.isprintable():
        raise BadEnvelope("A scope has at most 120 characters.", field="scope")
    named = {"slice_from": first.isoformat(), "slice_to": end.isoformat()}
    return {"full": "true", "scope": scope, "grain": grain, **named}


def _refuse_halves(request: Request) -> None:
    """A sender who believes that rows are withdrawn must not be left in that belief."""
    for name in ("slice_from", "slice_to"):
        if name in request.query_params:
            raise BadEnvelope(
                f"{name} without full=true says nothing: only a full slice withdraws rows.",
                field=name,
            )


def _check_initiative(request: Request, key: ApiKey) -> None:
    """Also a body without any row withdraws: whose facts, the address must say."""
    named = request.query_params.get("initiative", "")
    if key.pinned_initiative not in ("", named):
        raise NotAllowed(f"This key may post for {key.pinned_initiative} only.", field="initiative")
    if not Initiative.objects.filter(key=named).exists():
        raise BadEnvelope(
            "A full slice is of one initiative that exists.",
            field="initiative",
            remedy="Name it by its key: initiative=…",
        )


def day_of(request: Request, name: str) -> date | None:
    """A day in the address; None where it names none. Raises BadEnvelope."""
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return read_day(name, text)
    except ReadError as fault:
        raise BadEnvelope(f"{name} is not a day; write it as YYYY-MM-DD.", field=name) from fault
