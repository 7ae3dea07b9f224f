"""Components as they reach the browser."""

import re
from datetime import UTC, datetime

import pytest
from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template import RequestContext, Template
from django.template.loader import render_to_string

from ui.charts.line import Series, line_chart

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def drawn(source: str, *, cookies: dict[str, str] | None = None, **context: object) -> str:
    """A template rendered in a request without a person, white space folded."""
    request = HttpRequest()
    request.COOKIES = cookies or {}
    html = Template(source).render(RequestContext(request, context))
    return re.sub(r"\s+", " ", html)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (':value="0" kind="integer"', "0"),
        (':value="0.571" kind="percent"', "57%"),
        (':value="None" kind="percent"', "Not known"),
        ('kind="percent" reason="no usage imported"', "Not known (no usage imported)"),
        (':value="3" kind="integer" status="suppressed"', "Not shown (small group)"),
    ],
)
def test_three_signs_by_component(attributes: str, expected: str) -> None:
    assert words(drawn(f"{{% cotton value {attributes} %}}{{% endcotton %}}")) == expected


def test_three_signs_by_tag() -> None:
    source = (
        '{% figure 0 "integer" %}|{% figure none "percent" %}|{% figure 3 status="suppressed" %}'
    )
    assert words(drawn(source, none=None)) == "0 | Not known | Not shown (small group)"


def test_a_suppressed_figure_does_not_reach_the_page_at_all() -> None:
    kpi = '{% cotton kpi :value="41" unit="people" status="suppressed" %}{% endcotton %}'
    meter = '{% cotton meter :value="0.41" status="suppressed" %}{% endcotton %}'
    html = drawn(kpi + meter)
    assert html.count("Not shown (small group)") == 2
    assert "41" not in html


def test_filters_write_unknown_in_words() -> None:
    source = "{{ n|integer }}, {{ n|percent }}, {{ n|long_date }}, {{ n|money:'USD' }}"
    assert drawn(source, n=None) == "not known, not known, not known, not known"


def test_a_component_does_not_take_words_from_the_page_around_it() -> None:
    html = drawn(
        "{% cotton card %}Body{% endcotton %}", title="Leaked", subtitle="Leaked", foot="Leaked"
    )
    assert "Leaked" not in html


def test_what_people_typed_is_escaped() -> None:
    html = drawn('{% cotton pagehead :title="name" %}{{ name }}{% endcotton %}', name="<b>&")
    assert html.count("&lt;b&gt;&amp;") == 2


def test_a_moment_is_machine_readable() -> None:
    html = drawn("{% moment when now %}", when=NOW.replace(hour=3), now=NOW)
    assert html == '<time datetime="2026-11-25T03:00:00+00:00">Today 03:00</time>'


def test_a_misspelt_icon_is_an_error() -> None:
    with pytest.raises(ValueError, match="hose"):
        drawn('{% icon "hose" %}')


def test_an_icon_is_silent_unless_it_speaks() -> None:
    assert 'aria-hidden="true"' in drawn('{% icon "home" %}')
    assert 'role="img" aria-label="Home"' in drawn('{% icon "home" "Home" %}')


@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><b', ""), ("", "")],
)
def test_only_a_known_theme_reaches_the_page(cookie: str, attribute: str) -> None:
    assert drawn("<html{% theme %}>", cookies={"theme": cookie}) == f"<html{attribute}>"


class Handoff(forms.Form):
    name = forms.CharField(help_text="What people call it")
    weekly = forms.IntegerField(widget=forms.NumberInput(attrs={"placeholder": "120"}))
    note = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "One")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(help_text="Version 3")


def field(name: str, form: forms.Form, attributes: str = "") -> str:
    return drawn(
        f'{{% cotton field :field="field" {attributes} %}}{{% endcotton %}}', field=form[name]
    )


def test_a_field_is_tied_to_its_hint_and_its_error() -> None:
    html = field("name", Handoff({}))
    assert 'aria-describedby="id_name_hint id_name_error"' in html
    assert 'id="id_name_hint"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_clean_field_points_at_nothing_that_is_not_there() -> None:
    html = field("weekly", Handoff())
    assert "aria-describedby" not in html
    assert "placeholder" not in html
    assert "(optional)" not in html
    assert "(optional)" in field("note", Handoff())


def test_a_field_may_leave_its_hint_out() -> None:
    html = field("name", Handoff(), "bare")
    assert "hint" not in html


def test_a_hint_of_the_page_is_tied_too() -> None:
    html = field("weekly", Handoff(), 'hint="About how often"')
    assert 'aria-describedby="id_weekly_hint"' in html
    assert "About how often" in html


def test_radio_buttons_stand_in_a_fieldset_and_a_tick_before_its_label() -> None:
    assert re.search(r"<fieldset.*<legend[^>]*>Kind</legend>", field("kind", Handoff()))
    tick = field("agreed", Handoff())
    assert tick.index("<input") < tick.index("<label")


def test_the_summary_of_a_refused_form_links_to_its_fields() -> None:
    html = drawn('{% cotton form_errors :form="form" %}{% endcotton %}', form=Handoff({}))
    assert 'href="#id_name"' in html
    assert 'role="alert"' in html
    silent = drawn('{% cotton form_errors :form="form" %}{% endcotton %}', form=Handoff())
    assert "notice" not in silent


def test_paging_keeps_the_filters_of_the_address() -> None:
    page = Paginator(range(6214), 50).page(3)
    request = HttpRequest()
    request.GET = request.GET.copy()
    request.GET["state"] = "failed"
    source = '{% cotton pagination :page="page" noun="batches" %}{% endcotton %}'
    html = Template(source).render(RequestContext(request, {"page": page}))
    assert "101 to 150 of 6,214 batches" in html
    assert "?state=failed&amp;page=2" in html
    assert "?state=failed&amp;page=4" in html


def test_a_sorted_column_says_so_and_turns_around() -> None:
    source = '{% cotton sort_th field="name" :current="sort" %}Name{% endcotton %}'
    up, down, other = (drawn(source, sort=sort) for sort in ("name", "-name", "size"))
    assert 'aria-sort="ascending"' in up
    assert "?sort=-name" in up
    assert 'aria-sort="descending"' in down
    assert "aria-sort" not in other


def test_a_line_chart_has_both_drawings_and_its_table() -> None:
    chart = line_chart(
        series=[
            Series("active", (0.2, None, 0.4)),
            Series("habitual", (None, None, 0.1), frozenset({1})),
        ],
        labels=["Wk 1", "Wk 2", "Wk 3"],
        finding="Use doubled to 40%.",
    )
    html = drawn('{% cotton line_chart :chart="chart" %}{% endcotton %}', chart=chart)
    assert html.count('role="img" aria-label="Use doubled to 40%."') == 2
    assert "Read as a table" in html
    assert html.count("Not shown (small group)") == 2  # the note and the cell
    assert "style=" not in html


@pytest.mark.parametrize("page", ["400.html", "403.html", "404.html", "500.html"])
def test_a_fault_page_needs_neither_request_nor_database(page: str) -> None:
    html = render_to_string(page)
    assert html.count("<h1>") == 1
    assert 'href="/"' in html
    assert "Reference" not in html


def test_a_fault_page_shows_what_it_is_told_and_escapes_it() -> None:
    html = render_to_string("403.html", {"sentence": "Only <executives> sign", "reference": "7F3A"})
    assert "Only &lt;executives&gt; sign" in html
    assert "7F3A" in html
