"""Everything stored about one person as one file: a table for each kind, and all as JSON."""

import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import IO, Any

from organizations.registry import PersonData, person_data
from ui.tables import write_csv

README = """Everything that Last Mile stores about one person in one organization.

One table (CSV, UTF-8) for each kind of thing, and the same rows in data.json. A table without rows
means that nothing of that kind is stored. Spans are written "from / to", the end is not in them;
an empty end is open. "not known" means that a source did not say, which is not zero.

Written at {now}.
"""


def write_copy(*, person_id: int, now: datetime) -> tuple[IO[bytes], dict[str, int]]:
    """An open ZIP at its beginning, and the rows by table. Runs inside the organization."""
    file = BytesIO()
    counts: dict[str, int] = {}
    everything: dict[str, list[dict[str, Any]]] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.format(now=now.isoformat(timespec="seconds")))
        for data in person_data.values():
            rows = [tuple(row) for row in data.copy(person_id=person_id)]
            counts[data.name] = len(rows)
            everything[data.name] = _as_objects(data, rows)
            with write_csv(_flat(rows), data.header) as table:
                archive.writestr(f"{data.name}.csv", table.read())
        archive.writestr(
            "data.json", json.dumps(everything, indent=1, ensure_ascii=False, default=_json)
        )
    file.seek(0)
    return file, counts


def _as_objects(data: PersonData, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(data.header, row, strict=True)) for row in rows]


def _flat(rows: Iterable[Sequence[Any]]) -> Iterable[tuple[Any, ...]]:
    for row in rows:
        yield tuple(
            json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell
            for cell in row
        )


def _json(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in a copy.")
