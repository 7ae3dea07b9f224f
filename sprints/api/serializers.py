"""The sprint as the API tells it."""

from typing import Any

from rest_framework import serializers

from sprints.calculations.calendar import SprintState

STATUSES = ("known", "unknown", "suppressed", "no_data")


class PhaseSerializer(serializers.Serializer[Any]):
    """Thirty days, both ends included."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()


class ShareSerializer(serializers.Serializer[Any]):
    """k of n people in a week. Null unless known; at_least: a source was silent that week."""

    value = serializers.FloatField(allow_null=True, help_text="from 0 to 1")
    k = serializers.IntegerField(allow_null=True)
    n = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=STATUSES)
    week = serializers.DateField(allow_null=True, help_text="its Monday")
    at_least = serializers.BooleanField()


class WaitingSerializer(serializers.Serializer[Any]):
    """Counts of what waits for somebody."""

    unmatched_subjects = serializers.IntegerField()
    failed_batches = serializers.IntegerField()
    silent_weeks = serializers.IntegerField(
        help_text="weeks of initiatives without any data, of the last four complete ones"
    )


class SprintSerializer(serializers.Serializer[Any]):
    """The running sprint; else the next one, else the last one. Figures as of computed_at."""

    name = serializers.CharField()
    sprint_state = serializers.ChoiceField(choices=[state.value for state in SprintState])
    day = serializers.IntegerField(help_text="1 to 90; 0 before the start")
    total = serializers.IntegerField()
    days_left = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    phase = serializers.IntegerField()
    phases = PhaseSerializer(many=True)
    weekly_active = ShareSerializer()
    weekly_active_at_start = ShareSerializer()
    habitual = ShareSerializer()
    data_through = serializers.DateField(allow_null=True)
    computed_at = serializers.DateTimeField(allow_null=True)
    definition_version = serializers.CharField(allow_null=True)
    waiting = WaitingSerializer(allow_null=True)
