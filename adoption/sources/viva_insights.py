"""Source `viva_insights`: a person query of Viva Insights with Copilot metrics, version 1.

One line is one person over one week from Sunday to Saturday. The actions taken in each app are
added up into interactions; hours that the vendor says were saved stay a claim of the vendor. The
id is made for one query and joins nothing else, unless the query carries an address: then it is
kept as an alias. Days of use above days with a licence occur in real files and are taken as sent.

Source: Microsoft docs, "Copilot metrics in the Advanced analysis app"; headers as exported.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal

from adoption.sources.periods import check_day
from adoption.sources.rows import Grain, ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.stating import added, address_alias, frame_of, parse_report
from adoption.sources.subjects import normal_id
from organizations.sources.fields import Fields
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import Columns, Media

NAME = "viva_insights"
VERSION = 1
ACCEPTED = (Media.CSV,)
SETTLES_AFTER_DAYS = 7
ACTIONS = "copilot_actions_taken_in_"
HOURS = "copilot_assisted_hours"
ACTIVE_DAYS, ENABLED_DAYS = "total_copilot_active_days", "total_copilot_enabled_days"
ADDRESSES = ("email", "emailaddress", "userprincipalname")
MINUTES_AN_HOUR = 60
SUNDAY, WEEK = 6, timedelta(days=7)


class _Headers(dict[str, str]):
    """Spaces and underscores are the same; what is not read has no name, and so no warning: a
    query has as many columns as its author chose, most of them about other things."""

    def get(self, header: str, default: object = None) -> str:
        plain = "_".join(header.lower().split())
        return plain if plain in _READ or plain.startswith(ACTIONS) else ""


_READ = frozenset({"personid", "metricdate", HOURS, ACTIVE_DAYS, ENABLED_DAYS, *ADDRESSES})
COLUMNS = Columns(
    renamed=_Headers(),
    required=frozenset({"personid", "metricdate"}),
    known=_READ,
    known_beginning=ACTIONS,
)


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
        label="Viva Insights",
    )


def _facts(line: int, fields: Fields, context: ParseContext) -> list[UsageRow]:
    first = check_day("MetricDate", fields.need("MetricDate", fields.day("metricdate")), context)
    if first.weekday() != SUNDAY:
        raise ReadError(
            Code.BAD_PERIOD,
            "Weeks of Viva begin on a Sunday; group the query by week.",
            field="MetricDate",
            value=first.isoformat(),
        )
    if not (fields.whole(ENABLED_DAYS) or fields.whole(ACTIVE_DAYS) or _actions(fields)):
        return []
    person = fields.need("PersonId", fields.text("personid", longest=120))
    about = frame_of(NAME, context).over(
        line,
        Grain.WEEK,
        first,
        first + WEEK,
        week_start="sun",
        kind=SubjectKind.GUID,
        external_id=normal_id("PersonId", SubjectKind.GUID, person),
        aliases=_aliases(fields),
    )
    hours = fields.amount(HOURS)
    return [
        about.fact(
            Surface.OFFICE,
            interactions=_actions(fields),
            active_days=_at_most_a_week(fields.whole(ACTIVE_DAYS)),
            minutes_claimed=None if hours is None else _minutes(hours),
        )
    ]


def _actions(fields: Fields) -> int | None:
    return added(*(fields.whole(n) for n in fields.names() if n.startswith(ACTIONS)))


def _aliases(fields: Fields) -> tuple[str, ...]:
    email = next((found for name in ADDRESSES if (found := fields.text(name))), None)
    return address_alias("email", email)


def _at_most_a_week(days: int | None) -> int | None:
    if days is not None and days > WEEK.days:
        raise ReadError(
            Code.OUT_OF_RANGE, "The week has 7 days only.", field=ACTIVE_DAYS, value=days
        )
    return days


def _minutes(hours: Decimal) -> Decimal:
    return (hours * MINUTES_AN_HOUR).quantize(Decimal("0.01"))
