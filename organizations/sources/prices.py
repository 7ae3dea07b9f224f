"""Prices of an hour by job role from a CSV file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from organizations.sources.fields import Fields
from organizations.sources.reading import (
    BodyCode,
    Code,
    EnvelopeError,
    ReadError,
    RowError,
)
from organizations.sources.table import read_table

HEADER = ("job_role", "week_hours", "hour_price", "price_source", "priced_on")
LONGEST_ROLE = 120
LONGEST_SOURCE = 200
MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One job role as stated; None: nothing is known. Columns outside `stated` stay as they are."""

    line: int
    stated: frozenset[str]
    job_role: str
    week_hours: Decimal | None
    hour_price: Decimal | None
    price_source: str
    priced_on: date | None


def read_prices(blocks: Iterable[bytes]) -> tuple[list[PriceRow], list[RowError]]:
    """Rows in the order of the file, and the lines that are none. Raises EnvelopeError."""
    rows: list[PriceRow] = []
    errors: list[RowError] = []
    for line, found in _records(blocks):
        try:
            rows.append(_row(line, found))
        except ReadError as problem:
            errors.append(problem.at(line))
    return rows, errors


def _records(blocks: Iterable[bytes]) -> Iterator[tuple[int, "dict[str, object] | ReadError"]]:
    table = read_table(blocks)
    if table is None:
        raise EnvelopeError(BodyCode.NO_HEADER, "The file is empty.")
    if "job_role" not in table.header:
        raise EnvelopeError(
            BodyCode.MISSING_COLUMN, "The file needs the column job_role.", field="job_role"
        )
    for count, (line, cells) in enumerate(row for row in table.rows if row[1] is not None):
        if count >= MOST_ROWS:
            raise EnvelopeError(BodyCode.TOO_MANY_ROWS, f"At most {MOST_ROWS:,} rows.")
        if isinstance(cells, ReadError):
            yield line, cells
        elif cells is not None:
            yield line, dict(zip(table.header, cells, strict=True))


def _row(line: int, found: "dict[str, object] | ReadError") -> PriceRow:
    if isinstance(found, ReadError):
        raise found
    fields = Fields(found, written=True)
    return PriceRow(
        line=line,
        stated=frozenset(found),
        job_role=fields.need("job_role", fields.text("job_role", longest=LONGEST_ROLE)),
        week_hours=_decimal(fields, "week_hours", places=1),
        hour_price=_decimal(fields, "hour_price", places=2),
        price_source=fields.text("price_source", longest=LONGEST_SOURCE) or "",
        priced_on=fields.day("priced_on"),
    )


def _decimal(fields: Fields, name: str, *, places: int) -> Decimal | None:
    amount = fields.amount(name)
    if amount is not None and -int(amount.normalize().as_tuple().exponent) > places:
        raise ReadError(
            Code.OUT_OF_RANGE, f"At most {places} decimal places.", field=name, value=str(amount)
        )
    return amount
