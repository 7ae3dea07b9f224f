"""What people choose for themselves."""

from django import forms

from organizations.calculations.choices import Digest, NumberFormat, Theme
from organizations.forms.welcome import time_zones

LANGUAGES = (("en-gb", "English (United Kingdom)"),)
NUMBERS = (
    (NumberFormat.COMMA_POINT.value, "1,234.5"),
    (NumberFormat.POINT_COMMA.value, "1.234,5"),
    (NumberFormat.SPACE_COMMA.value, "1 234,5"),
    (NumberFormat.APOSTROPHE_POINT.value, "1\N{RIGHT SINGLE QUOTATION MARK}234.5"),
)
THEMES = (
    (Theme.SYSTEM.value, "As the system"),
    (Theme.LIGHT.value, "Light"),
    (Theme.DARK.value, "Dark"),
)
DIGESTS = (
    (Digest.OFF.value, "Never"),
    (Digest.DAILY.value, "Every day"),
    (Digest.WEEKLY.value, "Every week"),
)


def _zones() -> list[tuple[str, str]]:
    return [("", "As the organization"), *time_zones()]


class ProfileForm(forms.Form):
    """Name, ways of writing, and mail of one login."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="As colleagues in your organizations see it.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label="Language",
        choices=LANGUAGES,
        help_text="Last Mile is written in British English; there is no other language yet.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=_zones,
        required=False,
        help_text="For moments such as “Today 14:05”. Days and weeks of figures stay the "
        "organization's.",
    )
    number_format = forms.ChoiceField(
        label="Numbers",
        choices=NUMBERS,
        help_text="On pages. Files and the API always use a decimal point.",
    )
    theme = forms.ChoiceField(label="Light or dark", choices=THEMES)
    digest = forms.ChoiceField(
        label="Mail with what waits for you",
        choices=DIGESTS,
        help_text="Nothing is sent on a day without anything waiting.",
    )


class ThemeForm(forms.Form):
    """The theme chosen in the top bar."""

    theme = forms.ChoiceField(choices=THEMES)


class SessionForm(forms.Form):
    """Which of one's own sessions ends."""

    session = forms.IntegerField(min_value=1)
