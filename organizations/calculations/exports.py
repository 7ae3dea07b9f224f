"""The states of a data file, and the text inside it that explains the others."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol


class ExportState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DELETED = "deleted"


class Described(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, str]: ...


HEAD = """\
{name}: all data, as of {made_at} (UTC)

One CSV file per table: UTF-8 with a byte order mark, comma, CRLF, one header line. Days are
YYYY-MM-DD, instants ISO 8601 in UTC. Spans begin with their first day and end with their last one;
an empty cell is an open end, or nothing to say. Numbers use a decimal point and no thousands sign.
A text that a spreadsheet would take for a formula begins with an apostrophe.

What is not in here: usage of single people (figures about people cover five or more, smaller groups
read "not shown (small group)"), passwords, second factors, the secrets of keys and of sign-on, and
the original bodies of imports. Everybody downloads what is stored about themselves under My usage.
"""


def readme(*, name: str, tables: Sequence[Described], made_at: datetime) -> str:
    """README.txt: what each file and each column is."""
    stamp = made_at.astimezone(UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
    parts = [HEAD.format(name=name, made_at=stamp)]
    for table in tables:
        columns = "\n".join(f"  {column}: {words}" for column, words in table.columns.items())
        parts.append(f"{table.name}.csv\n{table.about}\n{columns}\n")
    return "\n".join(parts)
