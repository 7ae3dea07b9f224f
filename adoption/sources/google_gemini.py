"""Source `google_gemini`: the activity log of Gemini in Google Workspace, version 1.

One item is something one person did at one instant, with one or more events; each event adds to the
person's day. What Gemini offered by itself is a request and no interaction: nobody asked for it.
`profileId` is the key, the address an alias. The day is the organization's.

Source: Google Admin SDK, activities.list with applicationName=gemini_in_workspace_apps.
"""

from collections.abc import Iterable, Iterator

from adoption.sources.rows import ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import address_alias, frame_of, local_day, parse_report
from organizations.sources.fields import Fields
from organizations.sources.reading import ReadError
from organizations.sources.records import Columns, Media

NAME = "google_gemini"
VERSION = 1
ACCEPTED = (Media.JSON, Media.NDJSON)
SETTLES_AFTER_DAYS = 3
REMEMBERED_DAYS = 180
"""Google keeps the log for 180 days, so an event may come again for as long."""
COLUMNS = Columns(
    rows_in="items",
    known=frozenset({"kind", "id", "actor", "events", "etag", "ownerDomain", "ipAddress"}),
)
_SURFACES = {
    **dict.fromkeys(
        ("gmail", "docs", "sheets", "slides", "drive", "meet", "chat", "vids", "forms"),
        Surface.OFFICE,
    ),
    "gemini_app": Surface.CHAT,
}
_UNASKED = ("proactive", "inactive", "passive")
CATEGORY, APP = "event_category", "app_name"


def parse(
    blocks: Iterable[bytes], *, content_type: str, context: ParseContext
) -> Iterator[Parsed[UsageRow]]:
    """Yield the body in pieces. Raises `EnvelopeError` initiative_missing."""
    return parse_report(
        blocks,
        content_type=content_type,
        context=context,
        accepted=ACCEPTED,
        columns=COLUMNS,
        read=_facts,
        label="Gemini",
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    events = fields.listed("events")
    try:
        named = fields.need("id", fields.nested("id"))
        instant = named.need("time", named.instant("time"))
        day = local_day("time", instant, context)
        identity = "|".join(
            (
                instant.isoformat(),
                named.need("uniqueQualifier", named.text("uniqueQualifier", longest=120)),
                named.text("customerId", longest=120) or "",
            )
        )
        external_id, aliases = _actor(fields.need("actor", fields.nested("actor")))
        frame = frame_of(NAME, context)
        facts = []
        for number, event in enumerate(events):
            about = frame.on_day(
                line,
                day,
                kind=SubjectKind.UID,
                external_id=external_id,
                aliases=aliases,
                scope=named.text("customerId", longest=120) or "",
                event_id=f"{identity}|{number}",
            )
            told = _parameters(event)
            asked = not told.get(CATEGORY, "").startswith(_UNASKED)
            surface = _SURFACES.get(told.get(APP, ""), Surface.OTHER)
            facts.append(about.fact(surface, interactions=int(asked), requests=1))
    except ReadError as fault:
        fault.facts = max(len(events), 1)
        raise
    return facts


def _actor(actor: Fields) -> tuple[str, tuple[str, ...]]:
    email = actor.text("email")
    aliases = address_alias("email", email)
    return actor.need("profileId", actor.text("profileId", longest=120)), aliases


def _parameters(event: Fields) -> dict[str, str]:
    """The two parameters that are read; whatever else an event carries is dropped."""
    return {
        name: value.lower()
        for told in event.listed("parameters")
        if (name := told.text("name")) in (CATEGORY, APP) and (value := told.text("value"))
    }
