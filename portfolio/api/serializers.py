"""The register as the API tells it. Its people are not given out."""

from rest_framework import serializers

from portfolio.models import Initiative

FIELDS = [
    *("key", "name", "stage", "department", "outcome", "metric", "baseline", "target"),
    *("target_date", "monthly_budget", "currency", "fte", "promised_hours_per_year"),
    *("origin", "started_on"),
]


class InitiativeSerializer(serializers.ModelSerializer[Initiative]):
    """Money per month as decimal text; null is not known. department is the path "A / B"."""

    department = serializers.CharField(source="department.key", allow_null=True, default=None)

    class Meta:
        model = Initiative
        fields = FIELDS
        read_only_fields = FIELDS
