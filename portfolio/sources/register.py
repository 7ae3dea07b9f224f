"""The register of initiatives, and who may use them when, from CSV, JSON, NDJSON
or a sheet of a workbook."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from organizations.sources.collecting import Parsed, parse_records
from organizations.sources.directory import LONGEST_PATH, read_path
from organizations.sources.fields import Fields, read_email
from organizations.sources.reading import Code, ReadError
from organizations.sources.records import WITH_SHEETS, Columns, media_of
from portfolio.calculations.stages import Origin, Rule, Stage
from portfolio.calculations.statement import GOOD_OUTCOME, vague_outcome

INITIATIVE_COLUMNS = Columns(
    known=frozenset(
        {
            *("key", "name", "stage", "owner_email", "sponsor_email", "champion_email"),
            *("department", "outcome", "metric", "baseline", "target", "target_date"),
            *("monthly_budget", "currency", "fte", "promised_hours_per_year", "origin"),
            "started_on",
        }
    ),
    required=frozenset(
        {"key", "name", "stage", "outcome", "metric", "baseline", "target", "target_date"}
    ),
    sheet="initiatives",
)
ELIGIBILITY_COLUMNS = Columns(
    known=frozenset({"initiative", "rule", "value", "from", "to", "seat"}),
    required=frozenset({"initiative", "rule", "from"}),
    sheet="eligibility",
)
INITIATIVES_TEMPLATE = (
    "key,name,stage,owner_email,sponsor_email,champion_email,department,outcome,metric,baseline,"
    "target,target_date,monthly_budget,currency,fte,promised_hours_per_year,origin,started_on\n"
    "support-replies,Support replies,live,elena.marsh@acme.test,grace.okafor@acme.test,"
    f"bo.chen@acme.test,Operations / Customer service,{GOOD_OUTCOME},Median hours to answer,26,8,"
    "2027-03-31,12000.00,EUR,1.50,2400,business,2026-04-01\n"
)
ELIGIBILITY_TEMPLATE = (
    "initiative,rule,value,from,to,seat\n"
    "support-replies,department,Operations / Customer service,2026-04-01,,true\n"
)

_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Pages of the register have these words as addresses.
RESERVED_KEYS = frozenset({"new", "import"})
_CURRENCY = re.compile(r"[A-Z]{3}")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class InitiativeRow:
    """One initiative as stated. Money per month in `currency` (None: the organization's)."""

    line: int
    key: str
    name: str
    stage: Stage
    owner_email: str | None
    sponsor_email: str | None
    champion_email: str | None
    department: tuple[str, ...]
    outcome: str
    metric: str
    baseline: str
    target: str
    target_date: date
    monthly_budget: Decimal | None
    currency: str | None
    fte: Decimal | None
    promised_hours_per_year: Decimal | None
    origin: Origin | None
    started_on: date | None


@dataclass(frozen=True, slots=True)
class EligibilityRow:
    """One rule: from a day on (to the last day inside, None: open) somebody may use an initiative.

    value: the department's path as `A / B`, the job role's name, or the person's address; empty
    for the rule `all`. seat: whether a seat was given, None where nothing was said.
    """

    line: int
    initiative: str
    rule: Rule
    value: str
    start: date
    end: date | None
    seat: bool | None


def parse_initiatives(
    blocks: Iterable[bytes], *, content_type: str
) -> Iterator[Parsed[InitiativeRow]]:
    """Yield the body in pieces. Raises `EnvelopeError`."""
    yield from parse_records(
        blocks,
        media=media_of(content_type, WITH_SHEETS),
        columns=INITIATIVE_COLUMNS,
        read=_read_initiative,
    )


def parse_eligibility(
    blocks: Iterable[bytes], *, content_type: str
) -> Iterator[Parsed[EligibilityRow]]:
    """Yield the body in pieces. Raises `EnvelopeError`."""
    yield from parse_records(
        blocks,
        media=media_of(content_type, WITH_SHEETS),
        columns=ELIGIBILITY_COLUMNS,
        read=_read_eligibility,
    )


def valid_key(text: str) -> bool:
    """Whether it is a key of the register: lower-case words with single hyphens, none of ours."""
    return _KEY.fullmatch(text) is not None and text not in RESERVED_KEYS


def read_key(name: str, text: str) -> str:
    """A valid key. Raises `ReadError` bad_key."""
    if not valid_key(text):
        raise ReadError(
            Code.BAD_KEY,
            "A key has lower-case letters, digits and single hyphens: support-replies."
            " The words new and import are taken.",
            field=name,
            value=text,
        )
    return text


def _read_initiative(line: int, fields: Fields) -> list[InitiativeRow]:
    return [
        InitiativeRow(
            line=line,
            key=read_key("key", _needed(fields, "key", 80)),
            name=_needed(fields, "name", 160),
            stage=fields.need("stage", fields.choice("stage", Stage)),
            owner_email=fields.email("owner_email"),
            sponsor_email=fields.email("sponsor_email"),
            champion_email=fields.email("champion_email"),
            department=read_path("department", fields.text("department", longest=LONGEST_PATH)),
            outcome=_outcome(fields),
            metric=_needed(fields, "metric", 200),
            baseline=_needed(fields, "baseline", 80),
            target=_needed(fields, "target", 80),
            target_date=fields.need("target_date", fields.day("target_date")),
            monthly_budget=_amount(fields, "monthly_budget", below=Decimal(10) ** 12),
            currency=_currency(fields),
            fte=_amount(fields, "fte", below=Decimal(10) ** 4),
            promised_hours_per_year=_amount(
                fields, "promised_hours_per_year", below=Decimal(10) ** 9
            ),
            origin=fields.choice("origin", Origin),
            started_on=fields.day("started_on"),
        )
    ]


def _read_eligibility(line: int, fields: Fields) -> list[EligibilityRow]:
    rule = fields.need("rule", fields.choice("rule", Rule))
    start = fields.need("from", fields.day("from"))
    end = fields.day("to")
    if end is not None and end < start:
        raise ReadError(Code.BAD_PERIOD, "It lies before from.", field="to", value=end.isoformat())
    return [
        EligibilityRow(
            line=line,
            initiative=read_key("initiative", _needed(fields, "initiative", 80)),
            rule=rule,
            value=_value(fields, rule),
            start=start,
            end=end,
            seat=fields.flag("seat"),
        )
    ]


def _value(fields: Fields, rule: Rule) -> str:
    text = fields.text("value", longest=LONGEST_PATH)
    if rule is Rule.ALL:
        if text is not None:
            raise ReadError(
                Code.BAD_TYPE, "The rule all takes no value.", field="value", value=text
            )
        return ""
    stated = fields.need("value", text)
    if rule is Rule.DEPARTMENT:
        return " / ".join(read_path("value", stated))
    return read_email("value", stated) if rule is Rule.PERSON else stated


def _outcome(fields: Fields) -> str:
    outcome = fields.need("outcome", fields.text("outcome", longest=400, lines=True))
    if vague_outcome(outcome):
        raise ReadError(
            Code.VAGUE_OUTCOME,
            f"Say what will be different and by how much, such as: {GOOD_OUTCOME}.",
            field="outcome",
            value=outcome,
        )
    return outcome


def _needed(fields: Fields, name: str, longest: int) -> str:
    return fields.need(name, fields.text(name, longest=longest, lines=True))


def _amount(fields: Fields, name: str, *, below: Decimal) -> Decimal | None:
    stated = fields.amount(name)
    if stated is not None and stated >= below:
        raise ReadError(Code.OUT_OF_RANGE, "The number is too large.", field=name, value=stated)
    if stated is not None and stated != stated.quantize(_CENT):
        raise ReadError(
            Code.OUT_OF_RANGE, "At most two decimals are kept.", field=name, value=stated
        )
    return stated


def _currency(fields: Fields) -> str | None:
    stated = fields.text("currency")
    if stated is not None and not _CURRENCY.fullmatch(stated):
        raise ReadError(
            Code.BAD_CURRENCY,
            "Write the currency as three capital letters, such as EUR.",
            field="currency",
            value=stated,
        )
    return stated
