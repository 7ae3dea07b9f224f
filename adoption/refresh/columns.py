"""Whole columns of integers between PostgreSQL and numpy, by COPY in its binary form.

Ten times faster than rows as tuples; half a million week masks come and go in a second. Every
column is a bigint that is never null.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final, TypeAlias

import numpy as np
from django.db import connection
from numpy.typing import NDArray

Column: TypeAlias = NDArray[np.int64]
Columns: TypeAlias = dict[str, Column]

# Of the format: signature, flags, length of the extension; and the field count that ends a stream.
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_VALUE_BYTES: Final = 8


def read(query: str, params: Mapping[str, Any], *, names: Sequence[str]) -> Columns:
    """The result of a query as int64 arrays. It must select one non-null bigint for every name.

    Raises ValueError when a value was null, for then the rows have no fixed width.
    """
    sink = BytesIO()
    with connection.cursor() as cursor:
        bound = cursor.mogrify(query, params).decode()
        cursor.copy_expert(f"COPY ({bound}) TO STDOUT (FORMAT binary)", sink)
    body = memoryview(sink.getbuffer())[len(_HEAD) : -len(_TAIL)]
    row = _row(len(names))
    if len(body) % row.itemsize:
        message = "A null in a column that holds none."
        raise ValueError(message)
    table = np.frombuffer(body, dtype=row)
    return {name: table[f"value{at}"].astype(np.int64) for at, name in enumerate(names)}


def write(table: str, columns: Mapping[str, NDArray]) -> int:
    """Append arrays of equal length to the bigint columns of a table. Returns their length."""
    rows = len(next(iter(columns.values())))
    body = np.empty(rows, dtype=_row(len(columns)))
    body["fields"] = len(columns)
    for at, values in enumerate(columns.values()):
        body[f"size{at}"] = _VALUE_BYTES
        body[f"value{at}"] = values
    stream = BytesIO(_HEAD + body.tobytes() + _TAIL)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)", stream
        )
    return rows


def _row(columns: int) -> np.dtype:
    parts = [("fields", ">i2")]
    for at in range(columns):
        parts += [(f"size{at}", ">i4"), (f"value{at}", ">i8")]
    return np.dtype(parts)
