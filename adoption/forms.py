"""Shapes of what people send to the adoption pages."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from adoption.reports.adoption import AdoptionReport
from adoption.sources.catalogue import SOURCES
from organizations.calculations.choices import RequestKind
from organizations.sources.records import Media

_BY_ENDING = {
    ".csv": Media.CSV,
    ".json": Media.JSON,
    ".ndjson": Media.NDJSON,
    ".jsonl": Media.NDJSON,
}


class AdoptionFilter(forms.Form):
    """What the page shows. Its values are taken from the report, which has checked the address."""

    def __init__(self, *, report: AdoptionReport, ranges: tuple[tuple[str, str], ...]) -> None:
        place, chosen = report.place, report.initiative
        initial = {
            "department": place.path if place else None,
            "initiative": chosen.key if chosen else "",
            "weeks": report.range.choice,
        }
        super().__init__(initial=initial)
        everybody = [("", "All departments")] if report.sees_everything else []
        departments = [(each.path, each.path) for each in report.departments]
        initiatives = [(each.key, each.name) for each in report.initiatives]
        self.fields["department"] = forms.ChoiceField(
            required=False, choices=[*everybody, *departments]
        )
        self.fields["initiative"] = forms.ChoiceField(
            required=False, choices=[("", "Any initiative"), *initiatives]
        )
        self.fields["weeks"] = forms.ChoiceField(required=False, choices=ranges)


class UsageUploadForm(forms.Form):
    """A file of usage, as the API takes it, from a person."""

    file = forms.FileField(
        help_text="CSV, JSON or NDJSON, at most 64 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(_BY_ENDING)}),
    )
    as_of = forms.DateTimeField(
        label="Stated on",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )

    def __init__(
        self, *args: Any, initiatives: list[tuple[str, str]], time_zone: str, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.time_zone = time_zone
        self.fields["as_of"].help_text = (
            f"When the source stated these rows, in {time_zone}. A later statement replaces an"
            " earlier one. Left empty: now."
        )
        self.fields["source"] = forms.ChoiceField(
            label="Form of the file",
            choices=[(source.name, source.label) for source in SOURCES.values()],
        )
        self.fields["initiative"] = forms.ChoiceField(
            required=False,
            help_text="Whose usage this is. Usage rows name their initiative themselves.",
            choices=[("", "Named in the rows"), *initiatives],
        )
        self.order_fields(["source", "initiative", "file", "as_of"])

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_BODY_BYTES:
            raise forms.ValidationError("A file may have 64 MB: split it.")
        if self._media(file) is None:
            raise forms.ValidationError("Name the file .csv, .json, .ndjson or .jsonl.")
        return file

    def clean_as_of(self) -> datetime | None:
        """A wall-clock time of the organization becomes a point in time."""
        stated: datetime | None = self.cleaned_data["as_of"]
        if stated is None:
            return None
        return stated.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        source = SOURCES.get(values.get("source", ""))
        if source and not source.names_initiative and not values.get("initiative"):
            self.add_error("initiative", f"{source.label} does not name one: choose it here.")
        return values

    @property
    def content_type(self) -> str:
        media = self._media(self.cleaned_data["file"])
        return media.value if media else ""

    @staticmethod
    def _media(file: Any) -> Media | None:
        name = str(file.name).lower()
        return next((media for ending, media in _BY_ENDING.items() if name.endswith(ending)), None)


class ConsentForm(forms.Form):
    """May the champion see the name?"""

    given = forms.ChoiceField(choices=(("yes", "Yes"), ("no", "No")))


class OwnRequestForm(forms.Form):
    """What a person asks about the own data."""

    kind = forms.ChoiceField(
        choices=[(kind.value, kind.value) for kind in (RequestKind.ERASE, RequestKind.CORRECT)]
    )
    words = forms.CharField(max_length=1000, required=False)
