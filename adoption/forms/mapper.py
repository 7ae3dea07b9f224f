"""Columns of a file and what they are: the file, the mapping, and an import by a profile."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.forms import BoundField

from adoption.sources.mapping import TARGETS, Anchor, ColumnMap, Target, Use, faults
from adoption.sources.rows import Grain, SubjectKind, Surface
from adoption.sources.sampling import SampleColumn, columns_in
from organizations.errors import LastMileError
from organizations.sources.reading import EnvelopeError
from organizations.sources.records import Media

CONTENT_TYPES = {
    ".csv": Media.CSV.value,
    ".xlsx": Media.XLSX.value,
    ".ndjson": Media.NDJSON.value,
    ".jsonl": Media.NDJSON.value,
}
LONGEST_HEAD = 200_000
WORDS = ("true_words", "false_words", "nothing")
GRAIN_WORDS = {
    Grain.DAY: "One day",
    Grain.WEEK: "A week",
    Grain.MONTH: "A month",
    Grain.ROLLING_7: "The last 7 days",
    Grain.ROLLING_28: "The last 28 days",
    Grain.ROLLING_30: "The last 30 days",
    Grain.ROLLING_90: "The last 90 days",
    Grain.ROLLING_180: "The last 180 days",
    Grain.CYCLE: "A cycle of its own, with a last day",
}
KIND_WORDS = {
    SubjectKind.EMAIL: "an e-mail address",
    SubjectKind.UPN: "a user principal name",
    SubjectKind.LOGIN: "a login",
    SubjectKind.UID: "an id that never changes",
    SubjectKind.GUID: "a GUID",
    SubjectKind.CONCEALED: "a concealed id",
    SubjectKind.APIKEY: "an API key, nobody's use",
    SubjectKind.NONE: "nobody",
}
_WEEKS = (("", "No weeks"), ("mon", "Monday"), ("sun", "Sunday"))
_ANCHORS = ((Anchor.FIRST.value, "its first or only day"), (Anchor.LAST.value, "its last day"))


def _pairs(words: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(str(value), text) for value, text in words.items()]


class TableFileForm(forms.Form):
    """A file whose columns are to be looked at."""

    file = forms.FileField(
        help_text="CSV or JSON lines in UTF-8, at most 64 MB, or an .xlsx of at most 20 MB.",
        widget=forms.ClearableFileInput({"accept": ",".join(CONTENT_TYPES)}),
    )
    sheet = forms.CharField(
        max_length=31, required=False, help_text="Of a workbook. Left empty: the first one."
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if _content_type(file) is None:
            raise forms.ValidationError(f"Its name has to end in {', '.join(CONTENT_TYPES)}.")
        if (file.size or 0) > settings.MAX_BODY_BYTES:
            raise forms.ValidationError("A file may have 64 MB: split it.")
        return file

    @property
    def content_type(self) -> str:
        return _content_type(self.cleaned_data["file"]) or ""


def _content_type(file: UploadedFile) -> str | None:
    return CONTENT_TYPES.get(PurePath(file.name or "").suffix.lower())


class ProfileImportForm(TableFileForm):
    """A file to read by a profile. Where the profile names no initiative, somebody does here."""

    def __init__(
        self, *args: Any, initiatives: Sequence[tuple[str, str]], named: bool, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        del self.fields["sheet"]
        if not named:
            self.fields["initiative"] = forms.ChoiceField(
                help_text="Whose usage this is: the profile does not say.",
                choices=[("", "Choose"), *initiatives],
            )
            self.order_fields(["initiative", "file"])

    @property
    def initiative(self) -> str:
        return str(self.cleaned_data.get("initiative", ""))


@dataclass(frozen=True, kw_only=True)
class MapLine:
    """One field of a usage row and the controls that fill it; a control may be missing."""

    target: Target
    column: BoundField
    constant: BoundField | None
    form: BoundField | None
    unit: BoundField | None

    @property
    def controls(self) -> list[BoundField]:
        return [each for each in (self.column, self.constant, self.form, self.unit) if each]


class MappingForm(forms.Form):
    """Which column is which. The beginning of the file travels with the page, never the server."""

    name = forms.CharField(
        max_length=40,
        required=False,
        label="Name of the profile",
        help_text="Needed to keep it: small letters, digits, _ and -. Senders name it.",
    )
    grain = forms.ChoiceField(
        label="A line is about", choices=[("", "Choose"), *_pairs(GRAIN_WORDS)]
    )
    anchor = forms.ChoiceField(label="Its day is", choices=_ANCHORS)
    week_start = forms.ChoiceField(label="Weeks begin on", choices=_WEEKS, required=False)
    subject_kind = forms.ChoiceField(
        label="Who is named by", choices=[("", "Choose"), *_pairs(KIND_WORDS)]
    )
    alias_kind = forms.ChoiceField(
        label="Also known by",
        choices=[("", "No second id"), *_pairs(KIND_WORDS)],
        required=False,
    )
    true_words = forms.CharField(
        label="Words for yes", required=False, max_length=400, help_text="With commas between."
    )
    false_words = forms.CharField(
        label="Words for no", required=False, max_length=400, help_text="With commas between."
    )
    nothing = forms.CharField(
        label="Words for an empty cell",
        required=False,
        max_length=400,
        help_text="Such as -, n/a. An empty cell always means that nothing is said.",
    )
    head = forms.CharField(required=False, max_length=LONGEST_HEAD, widget=forms.HiddenInput)
    written_as = forms.ChoiceField(
        required=False,
        choices=[(media, media) for media in CONTENT_TYPES.values()],
        widget=forms.HiddenInput,
    )
    sheet = forms.CharField(required=False, max_length=31, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        initiatives: Sequence[tuple[str, str]],
        known: Iterable[str] = (),
        new: bool,
        **more: Any,
    ) -> None:
        """`known`: columns that a mapping names already, whether the file has them or not."""
        super().__init__(*args, **more)
        if not new:
            del self.fields["name"]
        self.sample = self._sample()
        names = dict.fromkeys([*(column.name for column in self.sample), *sorted(known)])
        for target in TARGETS.values():
            self._add(target, list(names), initiatives)

    def _sample(self) -> tuple[SampleColumn, ...]:
        """The columns of the carried beginning; none where there is none or it was damaged."""
        try:
            return columns_in(self.carried, media=_media(str(self["written_as"].value() or "")))
        except EnvelopeError:
            return ()

    @property
    def carried(self) -> bytes:
        """The beginning of the file, as the page carries it."""
        try:
            return base64.b64decode(str(self["head"].value() or ""), validate=True)
        except (binascii.Error, ValueError):
            return b""

    @property
    def carried_media(self) -> Media:
        return _media(self.cleaned_data["written_as"])

    def _add(
        self, target: Target, columns: list[str], initiatives: Sequence[tuple[str, str]]
    ) -> None:
        name = target.name
        self.fields[f"{name}_column"] = _choice(
            f"Column of {target.label}",
            [("", "Not in the file"), *((each, each) for each in columns)],
        )
        if target.constant:
            self.fields[f"{name}_constant"] = _constant(target, initiatives)
        if target.forms:
            self.fields[f"{name}_form"] = _choice(
                f"{target.label} is written", _blank(target.forms)
            )
        if target.units:
            self.fields[f"{name}_unit"] = _choice(
                f"{target.label} is counted in", _blank(target.units)
            )

    @property
    def lines(self) -> list[MapLine]:
        return [
            MapLine(
                target=target,
                column=self[f"{name}_column"],
                constant=self._bound(f"{name}_constant"),
                form=self._bound(f"{name}_form"),
                unit=self._bound(f"{name}_unit"),
            )
            for name, target in TARGETS.items()
        ]

    @property
    def general(self) -> list[BoundField]:
        names = ("grain", "anchor", "week_start", "subject_kind", "alias_kind", *WORDS)
        return [self[name] for name in names]

    def _bound(self, name: str) -> BoundField | None:
        return self[name] if name in self.fields else None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not self.errors:
            self.mapping = _mapping_of(values)
            for name, sentence in faults(self.mapping):
                self.add_error(name if name in self.fields else f"{name}_column", sentence)
        return values


def _choice(label: str, choices: Sequence[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False)


def _blank(words: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [("", "Choose"), *_pairs(words)]


def _constant(target: Target, initiatives: Sequence[tuple[str, str]]) -> forms.Field:
    label = f"{target.label} of all lines"
    offered: dict[str, Sequence[tuple[str, str]]] = {
        "initiative": initiatives,
        "surface": [(word.value, word.value) for word in Surface],
        "active": (("true", "yes"), ("false", "no")),
    }
    if target.name in offered:
        return _choice(label, [("", "Differs"), *offered[target.name]])
    return forms.CharField(label=label, required=False, max_length=120)


def _mapping_of(values: Mapping[str, Any]) -> ColumnMap:
    uses = {}
    for name in TARGETS:
        column, constant = values[f"{name}_column"], values.get(f"{name}_constant", "")
        if column or constant:
            uses[name] = Use(
                column=column,
                constant=constant,
                form=values.get(f"{name}_form", "") if column else "",
                unit=values.get(f"{name}_unit", "") if column else "",
            )
    alias = values["alias_kind"]
    return ColumnMap(
        grain=Grain(values["grain"]),
        subject_kind=SubjectKind(values["subject_kind"]),
        uses=uses,
        anchor=Anchor(values["anchor"]),
        week_start=values["week_start"],
        alias_kind=SubjectKind(alias) if alias else None,
        **{name: _words(values[name]) for name in WORDS},
        sheet=values["sheet"],
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for each in text.split(",") if (word := each.strip().casefold()))


def _media(text: str) -> Media:
    return Media(text) if text in set(Media) else Media.CSV


def initial_of(mapping: ColumnMap) -> dict[str, Any]:
    """What the form shows of a stored mapping."""
    values: dict[str, Any] = {
        "grain": mapping.grain.value,
        "anchor": mapping.anchor.value,
        "week_start": mapping.week_start,
        "subject_kind": mapping.subject_kind.value,
        "alias_kind": mapping.alias_kind.value if mapping.alias_kind else "",
        "sheet": mapping.sheet,
        **{name: ", ".join(getattr(mapping, name)) for name in WORDS},
    }
    for name, use in mapping.uses.items():
        for part in ("column", "constant", "form", "unit"):
            values[f"{name}_{part}"] = getattr(use, part)
    return values


def tell_of_file(form: forms.Form, refusal: LastMileError) -> None:
    """Put a refusal beside the field it is about; what is about no field is about the file."""
    field = refusal.field if refusal.field in form.fields else "file"
    form.add_error(field, f"{refusal.message} {refusal.remedy}".strip())


def carried(head: bytes, media: Media) -> dict[str, str]:
    """The beginning of a file as fields of the form."""
    return {"head": base64.b64encode(head).decode(), "written_as": media.value}
