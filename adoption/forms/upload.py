"""A file of usage from a person."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from adoption.sources import mapper
from adoption.sources.catalogue import SOURCES
from organizations.sources.records import Media

_BY_ENDING = {
    ".csv": Media.CSV,
    ".json": Media.JSON,
    ".ndjson": Media.NDJSON,
    ".jsonl": Media.NDJSON,
    ".xlsx": Media.XLSX,
}
# What describes itself; any other table is described by a profile, on pages of its own.
BY_FORM = tuple(source for source in SOURCES.values() if source.name != mapper.NAME)


class UsageUploadForm(forms.Form):
    """A file of usage, as the API takes it, from a person."""

    file = forms.FileField(
        help_text="CSV, JSON or NDJSON, at most 64 MB; usage rows also as .xlsx of at most 20 MB.",
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
            choices=[(source.name, source.label) for source in BY_FORM],
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
            raise forms.ValidationError("Name the file .csv, .xlsx, .json, .ndjson or .jsonl.")
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
