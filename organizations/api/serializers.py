"""Batches and their refused rows as the API tells them."""

from typing import Any

from rest_framework import serializers

from organizations.models import ImportBatch, RowError
from organizations.reports.parts import waits_for

BATCH_FIELDS = [
    *("number", "kind", "source", "source_version", "content_type", "initiative", "strict"),
    *("state", "problem", "problem_code", "as_of", "as_of_stated", "received_at", "finished_at"),
    *("received", "accepted", "revised", "duplicate", "rejected", "unmatched"),
    *("withdrawn", "slice_id", "part", "waits_for"),
    *("lines", "lines_rejected", "lines_empty", "body_bytes", "sha256", "warnings"),
]
ERROR_FIELDS = ["line", "field", "code", "message", "value"]


class BatchSerializer(serializers.ModelSerializer[ImportBatch]):
    """received = accepted + revised + duplicate + rejected, counted in rows after reading."""

    waits_for = serializers.SerializerMethodField(
        help_text="what a part of a slice waits for; null: for nothing"
    )

    def get_waits_for(self, batch: ImportBatch) -> str | None:
        return waits_for(batch=batch)

    class Meta:
        model = ImportBatch
        fields = BATCH_FIELDS
        read_only_fields = BATCH_FIELDS


class BatchErrorSerializer(serializers.ModelSerializer[RowError]):
    """One refused row: its physical line, what is wrong with it and what to do."""

    class Meta:
        model = RowError
        fields = ERROR_FIELDS
        read_only_fields = ERROR_FIELDS


def cells(row: dict[str, Any]) -> list[Any]:
    """A serialized row as the cells of a table: a list is one cell."""
    return [" | ".join(cell) if isinstance(cell, list) else cell for cell in row.values()]
