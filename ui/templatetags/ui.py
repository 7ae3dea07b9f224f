"""Filters and tags of every page. Settings list this library as a builtin: no load line needed.

A filter given None writes "not known": a page can forget to ask, and still never shows a zero.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone

from ui import formats, icons, signs, values
from ui.charts import sparkline as sparklines

register = template.Library()

NOT_KNOWN = "not known"
THEMES = ("light", "dark")
WRITERS: dict[str, Callable[[Any], str]] = {
    "integer": formats.integer,
    "percent": formats.percent,
    "points": formats.signed_points,
    "date": formats.long_date,
}
HIDDEN = SafeString('aria-hidden="true"')


@register.filter
def integer(value: formats.Number | None) -> str:
    """``{{ 6214|integer }}`` → 6,214"""
    return NOT_KNOWN if value is None else formats.integer(value)


@register.filter
def percent(share: formats.Number | None, places: int = 0) -> str:
    """``{{ 0.571|percent }}`` → 57%, ``{{ 0.9752|percent:1 }}`` → 97.5%"""
    return NOT_KNOWN if share is None else formats.percent(share, places=places)


@register.filter
def signed_points(change: formats.Number | None) -> str:
    """``{{ 0.08|signed_points }}`` → +8 points"""
    return NOT_KNOWN if change is None else formats.signed_points(change)


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """``{{ amount|money:"USD" }}`` → $186,400"""
    return NOT_KNOWN if amount is None else formats.money(amount, currency=currency)


@register.filter
def money_short(amount: Decimal | None, currency: str) -> str:
    """``{{ amount|money_short:"USD" }}`` → $186k"""
    return NOT_KNOWN if amount is None else formats.money_short(amount, currency=currency)


@register.filter
def long_date(day: date | None) -> str:
    """``{{ day|long_date }}`` → 25 Nov 2026"""
    return NOT_KNOWN if day is None else formats.long_date(day)


@register.filter
def short_date(day: date | None) -> str:
    """``{{ day|short_date }}`` → 25 Nov"""
    return NOT_KNOWN if day is None else formats.short_date(day)


@register.filter
def initials(name: str) -> str:
    """``{{ user.name|initials }}`` → EM"""
    return formats.initials(name)


@register.filter
def step(share: float | None, prefix: str) -> str:
    """Class that draws a share: ``<i class="{{ share|step:"v" }}">`` → v-57"""
    return values.step(share, prefix=prefix)


@register.filter
def day_step(day: int, prefix: str) -> str:
    """Class that places a sprint day: ``{{ 52|day_step:"d" }}`` → d-52"""
    return values.day_step(day, prefix=prefix)


@register.simple_tag
def moment(when: datetime | None, now: datetime, zone: tzinfo | None = None) -> SafeString | str:
    """``{% moment batch.received_at now %}`` → <time …>Today 03:00</time>, in the active zone."""
    if when is None:
        return NOT_KNOWN
    words = formats.moment(when, now=now, zone=zone or get_current_timezone())
    return format_html('<time datetime="{}">{}</time>', when.isoformat(timespec="seconds"), words)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One symbol of the sprite. Without a label it is decoration and hidden from readers.

    Raises ValueError for a name that the sprite does not hold.
    """
    if name not in icons.names():
        raise ValueError(f"There is no icon {name} in static/icons.svg")
    voice = format_html('role="img" aria-label="{}"', label) if label else HIDDEN
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" {}><use href="{}#i-{}"/></svg>',
        voice,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def sign(value: Any, status: str = "", reason: str = "") -> signs.Shown:
    """``{% sign value status reason as shown %}``: known, unknown or suppressed, never mixed."""
    return signs.shown(value, status=status or "", reason=reason or "")


@register.inclusion_tag("components/sign.html")
def figure(value: Any, kind: str = "", status: str = "", reason: str = "") -> dict[str, Any]:
    """``{% figure row.share "percent" status=row.status %}``, the tag form of <c-value>.

    Inside long tables it is several times faster than the component.
    """
    return {"value": value, "kind": kind, "status": status, "reason": reason}


@register.filter
def written(value: Any, kind: str) -> str:
    """A known figure in the words of its kind: integer, percent, points, date, or as it is."""
    return WRITERS[kind](value) if kind else str(value)


@register.inclusion_tag("components/sparkline.html")
def sparkline(points: Sequence[float | None], label: str) -> dict[str, Any]:
    """``{% sparkline row.shares "Rose from 22% to 71%" %}``: shares by week, None is a gap."""
    return {"spark": sparklines.sparkline(points=points, label=label)}


@register.simple_tag
def control(field: BoundField, hint: str = "", bare: bool = False) -> SafeString:
    """The widget of a form field in our look, tied to its hint and its error.

    ``hint`` stands in for the help text of the field, ``bare`` leaves the help text out.
    Placeholders are dropped: every field has a visible label.
    """
    described = [
        f"{field.auto_id}_{part}"
        for part, present in (
            ("hint", hint or (field.help_text and not bare)),
            ("error", field.errors),
        )
        if present
    ]
    widget = field.field.widget
    look = "" if isinstance(widget, CheckboxInput) or widget.use_fieldset else "input"
    classes = f"{widget.attrs.get('class', '')} {look}".strip()
    attrs: dict[str, Any] = {"placeholder": False, "aria-describedby": " ".join(described) or False}
    return field.as_widget(attrs=attrs | ({"class": classes} if classes else {}))


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """A single tick box, whose label stands behind it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.simple_tag(takes_context=True)
def theme(context: Context) -> SafeString | str:
    """``<html{% theme %}>``: the theme the person chose, so that no page flashes in the other one.

    A login keeps its choice, elsewhere a cookie does. Without a choice, or where there is no
    request, the system decides.
    """
    request = context.get("request")
    kept = getattr(request, "theme", None)
    chosen = kept or (request.COOKIES.get("theme") if request else None)
    return format_html(' data-theme="{}"', chosen) if chosen in THEMES else ""
