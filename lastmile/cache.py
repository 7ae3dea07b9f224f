"""The cache table, with JSON for values. What lies in a database may have been planted there, and
Django's own backend would unpickle it; it would also throw live rate limits away beyond 300 keys.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connection

_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_GONE_AT_ONCE = 100
_GET = "SELECT cache_key, value FROM {table} WHERE cache_key = ANY(%s) AND expires > %s"
_SET = """
INSERT INTO {table} AS c (cache_key, value, expires) VALUES (%s, %s, %s)
ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
"""
_ADD = _SET + " WHERE c.expires <= %s"
_TOUCH = "UPDATE {table} SET expires = %s WHERE cache_key = %s AND expires > %s"
# Whoever writes takes some of what has expired along; two of them never wait for each other.
_FORGET = """
DELETE FROM {table} WHERE cache_key IN (
    SELECT cache_key FROM {table} WHERE expires <= %s LIMIT %s FOR UPDATE SKIP LOCKED)
"""


class JsonDatabaseCache(DatabaseCache):
    """Keeps what JSON can say; a value that is no JSON counts as absent."""

    _table: str

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {self.make_and_validate_key(key, version=version): key for key in keys}
        with connection.cursor() as cursor:
            cursor.execute(self._sql(_GET), [list(names), self._now()])
            found = {names[name]: _read(text) for name, text in cursor.fetchall()}
        return {key: value for key, value in found.items() if value is not None}

    def _base_set(
        self, mode: str, key: str, value: Any, timeout: float | object | None = DEFAULT_TIMEOUT
    ) -> bool:
        """Set, add or touch one key in one statement; False when add or touch did nothing."""
        until, now = self._until(timeout), self._now()
        with connection.cursor() as cursor:
            if mode == "touch":
                cursor.execute(self._sql(_TOUCH), [until, key, now])
                return bool(cursor.rowcount)
            cursor.execute(self._sql(_FORGET), [now, _GONE_AT_ONCE])
            values: list[Any] = [key, json.dumps(value), until]
            if mode == "add":
                cursor.execute(self._sql(_ADD), [*values, now])
            else:
                cursor.execute(self._sql(_SET), values)
            return bool(cursor.rowcount)

    def _sql(self, statement: str) -> str:
        return statement.format(table=connection.ops.quote_name(self._table))

    def _until(self, timeout: Any) -> datetime:
        seconds = self.get_backend_timeout(timeout)
        return _FOR_EVER if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)

    def _now(self) -> datetime:
        return datetime.now(UTC)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
