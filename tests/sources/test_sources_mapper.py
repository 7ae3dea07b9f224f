"""Any table by a saved profile: every form and unit, and what a profile may not say."""

import dataclasses
import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.sources import mapper
from adoption.sources.formats import (
    COUNT_UNITS,
    DATE_WORDS,
    DateForm,
    NumberForm,
    Unit,
    clock_minutes,
    count_of,
    micros_of,
    minutes_of,
    part_of,
    read_date,
    read_number,
    truth_of,
)
from adoption.sources.mapping import Anchor, ColumnMap, Use, faults, mapping_of, stored
from adoption.sources.rows import Grain, ParseContext, Parsed, SubjectKind, Surface, UsageRow
from adoption.sources.sampling import SampleColumn, columns_in, head_of, preview
from organizations.sources.reading import Code, EnvelopeError, ReadError
from organizations.sources.records import Media
from tests.sources.reading import CSV, NDJSON, PATIENT

XLSX = Media.XLSX.value
COUNT = Use(column="prompts", form="point", unit="one")
BASE = {
    "subject": Use(column="user"),
    "day": Use(column="date", form="iso"),
    "interactions": COUNT,
    "initiative": Use(constant="support-replies"),
}


def a_map(uses: Mapping[str, Use | None] | None = None, **changes: Any) -> ColumnMap:
    """A good mapping, changed; a use of None is left out."""
    chosen = {**BASE, **(uses or {})}
    values: dict[str, Any] = {"grain": Grain.DAY, "subject_kind": SubjectKind.LOGIN, **changes}
    return ColumnMap(uses={name: use for name, use in chosen.items() if use}, **values)


def read(
    body: str | bytes, mapping: ColumnMap, context: ParseContext, *, form: str = CSV
) -> Parsed[UsageRow]:
    assert list(faults(mapping)) == []
    known = dataclasses.replace(context, mapping=mapping, default_source="our-tool")
    blocks = [body.encode() if isinstance(body, str) else body]
    [piece] = mapper.parse(blocks, content_type=form, context=known)
    return piece


def one(
    body: str | bytes, mapping: ColumnMap, context: ParseContext, *, form: str = CSV
) -> UsageRow:
    found = read(body, mapping, context, form=form)
    assert found.errors == []
    [row] = found.rows
    return row


def refusal(
    body: str, mapping: ColumnMap, context: ParseContext, *, form: str = CSV
) -> tuple[str, Code]:
    [error] = read(body, mapping, context, form=form).errors
    return error.field, error.code


def outcome(reading: Callable[[], object]) -> object:
    """What a reader answers, or how it refuses."""
    try:
        return reading()
    except ReadError as refused:
        return refused


def columns_of(blocks: list[bytes], form: str) -> tuple[SampleColumn, ...]:
    head, media = head_of(blocks, content_type=form)
    return columns_in(head, media=media)


# --- forms, one by one --------------------------------------------------------------------------
WRITTEN = {
    DateForm.ISO: "%Y-%m-%d",
    DateForm.COMPACT: "%Y%m%d",
    DateForm.YEAR_SLASH: "%Y/%m/%d",
    DateForm.DAY_FIRST: "%d/%m/%Y",
    DateForm.MONTH_FIRST: "%m/%d/%Y",
    DateForm.DAY_DOT: "%d.%m.%Y",
    DateForm.DAY_DASH: "%d-%m-%Y",
    DateForm.NAMED: "%d %b %Y",
    DateForm.LOCAL_TIME: "%Y-%m-%d 23:59:59",
}
DAYS = st.dates(min_value=date(2015, 1, 1), max_value=date(2199, 12, 31))


@given(day=DAYS, form=st.sampled_from(sorted(WRITTEN)))
def test_a_day_is_read_back_in_every_form(day: date, form: DateForm) -> None:
    assert read_date("date", day.strftime(WRITTEN[form]), form) == day


@given(day=DAYS)
def test_a_month_is_its_first_day(day: date) -> None:
    assert read_date("month", day.strftime("%Y-%m"), DateForm.YEAR_MONTH) == day.replace(day=1)


@given(
    moment=st.integers(min_value=1_420_070_400, max_value=7_226_582_400).map(
        lambda seconds: datetime.fromtimestamp(seconds, tz=UTC)
    )
)
def test_a_moment_is_read_back_as_instant_and_as_epoch(moment: datetime) -> None:
    assert read_date("at", moment.isoformat(), DateForm.INSTANT) == moment
    seconds = int(moment.timestamp())
    assert read_date("at", str(seconds), DateForm.EPOCH) == moment
    assert read_date("at", str(seconds * 1000), DateForm.EPOCH_MILLIS) == moment


@given(text=st.text(max_size=24), form=st.sampled_from(DateForm))
def test_whatever_stands_there_a_date_is_read_or_its_column_named(
    text: str, form: DateForm
) -> None:
    found = outcome(lambda: read_date("date", text, form))
    if isinstance(found, ReadError):
        assert found.field == "date"
        assert found.code in (Code.BAD_DATE, Code.OFFSET_MISSING)
    else:
        assert isinstance(found, date)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (DateForm.DAY_FIRST, "10/13/2026"),
        (DateForm.MONTH_FIRST, "13/10/2026"),
        (DateForm.DAY_FIRST, "13/10/26"),
        (DateForm.ISO, "2026-2-3"),
        (DateForm.ISO, "2026-02-30"),
        (DateForm.COMPACT, "2026106"),
        (DateForm.NAMED, "06 Okt 2026"),
        (DateForm.NAMED, "06 Oct-2026"),
        (DateForm.LOCAL_TIME, "2026-10-06T09:00:00Z"),
        (DateForm.INSTANT, "2026-10-06T09:00:00"),
        (DateForm.EPOCH, "9999999999999999"),
        (DateForm.YEAR_MONTH, "2026-13"),
        (DateForm.ISO, "\uff12026-10-06"),
    ],
)
def test_another_form_than_the_declared_one_is_refused(form: DateForm, text: str) -> None:
    with pytest.raises(ReadError) as refused:
        read_date("date", text, form)
    assert refused.value.field == "date"


AMOUNTS = st.decimals(min_value=0, max_value=10**11, places=3, allow_nan=False)


def written(number: Decimal, form: NumberForm) -> str:
    grouped = form in (NumberForm.POINT_GROUPED, NumberForm.COMMA_GROUPED)
    text = f"{number:,f}" if grouped else f"{number:f}"
    if form in (NumberForm.COMMA, NumberForm.COMMA_GROUPED):
        text = text.replace(",", "_").replace(".", ",").replace("_", ".")
    return text


@given(number=AMOUNTS, form=st.sampled_from(NumberForm))
def test_a_number_is_read_back_in_every_form(number: Decimal, form: NumberForm) -> None:
    assert read_number("n", written(number, form), form) == number


@given(
    text=st.text(alphabet="0123456789.,- e'+%\u0663", max_size=14), form=st.sampled_from(NumberForm)
)
def test_whatever_stands_there_a_number_is_read_or_refused(text: str, form: NumberForm) -> None:
    found = outcome(lambda: read_number("n", text, form))
    if isinstance(found, ReadError):
        assert found.field == "n"
    else:
        plain = text.replace("." if form.startswith("comma") else ",", "").replace(",", ".")
        assert found == Decimal(plain) >= 0


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (NumberForm.POINT, "1,234"),
        (NumberForm.COMMA, "1.234"),
        (NumberForm.POINT_GROUPED, "1,23"),
        (NumberForm.POINT_GROUPED, "1,2345"),
        (NumberForm.COMMA_GROUPED, "1.5"),
        (NumberForm.POINT, "1e3"),
        (NumberForm.POINT, "nan"),
        (NumberForm.POINT, "٣"),
        (NumberForm.POINT, "-1"),
        (NumberForm.POINT, "1" * 41),
        (NumberForm.POINT, "1000000000000"),
    ],
)
def test_a_number_of_another_form_is_refused(form: NumberForm, text: str) -> None:
    with pytest.raises(ReadError):
        read_number("n", text, form)


@given(count=st.integers(min_value=0, max_value=10**9), unit=st.sampled_from(COUNT_UNITS))
def test_counts_are_exact_in_every_unit(count: int, unit: Unit) -> None:
    size = {Unit.ONE: 1, Unit.THOUSAND: 1000, Unit.MILLION: 1_000_000}[unit]
    assert count_of("n", Decimal(count) / size, unit) == count


@given(whole=st.integers(min_value=0, max_value=10**6), data=st.data())
def test_a_share_gives_the_nearest_count(whole: int, data: st.DataObject) -> None:
    share = data.draw(st.decimals(min_value=0, max_value=1, places=4, allow_nan=False))
    count = part_of("n", share, Unit.SHARE, whole=whole)
    assert abs(Decimal(count) - share * whole) <= Decimal("0.5")
    assert part_of("n", share * 100, Unit.PERCENT, whole=whole) == count


@given(seconds=st.integers(min_value=0, max_value=10**7))
def test_seconds_minutes_hours_and_clocks_agree(seconds: int) -> None:
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    minutes = minutes_of("t", Decimal(seconds), Unit.SECOND)
    assert clock_minutes("t", clock) == minutes
    assert minutes_of("t", Decimal(seconds) / 60, Unit.MINUTE) == minutes
    assert abs(minutes - Decimal(seconds) / 60) <= Decimal("0.005")
    assert minutes_of("t", Decimal(seconds), Unit.HOUR) == seconds * 60


@given(amount=st.decimals(min_value=0, max_value=10**6, places=2, allow_nan=False))
def test_money_is_the_same_in_every_unit(amount: Decimal) -> None:
    micros = int(amount * 1_000_000)
    assert micros_of(amount, Unit.WHOLE) == micros
    assert micros_of(amount * 100, Unit.CENT) == micros
    assert micros_of(amount * 1000, Unit.THOUSANDTH) == micros
    assert micros_of(amount * 1_000_000, Unit.MILLIONTH) == micros


@given(word=st.text(max_size=12))
def test_a_truth_is_one_of_the_declared_words(word: str) -> None:
    declared = {"ja": True, "nein": False}
    found = outcome(lambda: truth_of("a", word, true=("ja",), false=("nein",)))
    if isinstance(found, ReadError):
        assert found.code is Code.UNKNOWN_WORD
        assert word.casefold() not in declared
    else:
        assert found is declared[word.casefold()]


# --- lines --------------------------------------------------------------------------------------
def test_a_line_becomes_the_declared_fact(context: ParseContext) -> None:
    mapping = a_map(
        {
            "day": Use(column="datum", form="day_dot"),
            "interactions": Use(column="anfragen", form="comma_grouped", unit="one"),
            "suggestions": Use(column="gezeigt", form="comma_grouped", unit="one"),
            "accepted": Use(column="quote", form="comma", unit="percent"),
            "active": Use(column="aktiv"),
            "minutes_claimed": Use(column="dauer", unit="clock"),
            "cost_estimate": Use(column="kosten", form="comma", unit="cent"),
            "currency": Use(constant="CHF"),
            "surface": Use(constant="chat"),
            "scope": Use(column="bereich"),
            "alias": Use(column="mail"),
        },
        alias_kind=SubjectKind.EMAIL,
        true_words=("ja",),
        false_words=("nein",),
        nothing=("-",),
    )
    row = one(
        "User;Datum;Anfragen;gezeigt;Quote;Aktiv;Dauer;Kosten;Bereich;Mail;Text\n"
        "BoC;06.10.2026;1.234;200;33,5 %;Ja;1:30:00;12,5;Werk 1;Bo@Acme.test;secret words\n",
        mapping,
        context,
    )
    assert (row.kind, row.external_id, row.aliases) == ("login", "boc", ("email:bo@acme.test",))
    assert (row.source, row.scope, row.surface) == ("our-tool", "Werk 1", Surface.CHAT)
    assert (row.period_start, row.period_end) == (date(2026, 10, 6), date(2026, 10, 7))
    assert (row.interactions, row.suggestions, row.accepted, row.active) == (1234, 200, 67, True)
    assert (row.minutes_claimed, row.cost_micros, row.currency) == (90, 125_000, "CHF")


def test_columns_that_nobody_chose_leave_no_trace(context: ParseContext) -> None:
    found = read("user,date,prompts,prompt text\nbo,2026-10-06,3,my salary\n", a_map(), context)
    assert "salary" not in repr(found)
    assert found.warnings == []


def test_json_lines_are_read_by_dotted_names_and_numbers_need_no_form(
    context: ParseContext,
) -> None:
    mapping = a_map(
        {
            "subject": Use(column="actor.id"),
            "interactions": Use(column="usage.prompts", form="comma", unit="thousand"),
            "active": Use(column="active"),
        },
        true_words=("true",),
        false_words=("false",),
    )
    body = {"Actor": {"Id": 17}, "date": "2026-10-06", "usage": {"prompts": 1.5}, "active": True}
    row = one(json.dumps(body), mapping, context, form=NDJSON)
    assert (row.external_id, row.interactions, row.active) == ("17", 1500, True)


def test_a_member_with_several_values_is_refused(context: ParseContext) -> None:
    body = json.dumps({"user": "bo", "date": "2026-10-06", "prompts": [1, 2]})
    assert refusal(body, a_map(), context, form=NDJSON) == ("prompts", Code.BAD_TYPE)


def workbook(*rows: list[object]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def test_a_workbook_is_read_with_its_dates_and_numbers(context: ParseContext) -> None:
    body = workbook(["User", "Date", "Prompts"], ["bo", date(2026, 10, 6), 12])
    row = one(body, a_map(), context, form=XLSX)
    assert (row.period_start, row.interactions) == (date(2026, 10, 6), 12)


def test_a_workbook_with_declared_groups_is_refused_before_1_234_becomes_1234(
    context: ParseContext,
) -> None:
    mapping = a_map({"interactions": Use(column="prompts", form="comma_grouped", unit="one")})
    with pytest.raises(EnvelopeError, match="save the sheet as CSV"):
        read(
            workbook(["User", "Date", "Prompts"], ["bo", "2026-10-06", 1.234]),
            mapping,
            context,
            form=XLSX,
        )


@pytest.mark.parametrize(
    ("grain", "anchor", "week", "day", "expected"),
    [
        (Grain.WEEK, Anchor.FIRST, "sun", "2026-10-04", ("2026-10-04", "2026-10-11")),
        (Grain.WEEK, Anchor.LAST, "mon", "2026-10-11", ("2026-10-05", "2026-10-12")),
        (Grain.MONTH, Anchor.FIRST, "", "2026-09-01", ("2026-09-01", "2026-10-01")),
        (Grain.MONTH, Anchor.LAST, "", "2026-02-28", ("2026-02-01", "2026-03-01")),
        (Grain.ROLLING_28, Anchor.LAST, "", "2026-10-28", ("2026-10-01", "2026-10-29")),
        (Grain.ROLLING_7, Anchor.FIRST, "", "2026-10-01", ("2026-10-01", "2026-10-08")),
        (Grain.DAY, Anchor.LAST, "", "2026-10-01", ("2026-10-01", "2026-10-02")),
    ],
)
def test_a_period_follows_from_its_day(
    grain: Grain,
    anchor: Anchor,
    week: str,
    day: str,
    expected: tuple[str, str],
    context: ParseContext,
) -> None:
    mapping = a_map(grain=grain, anchor=anchor, week_start=week)
    row = one(f"user,date,prompts\nbo,{day},3\n", mapping, context)
    assert (row.period_start.isoformat(), row.period_end.isoformat()) == expected
    assert (row.grain, row.week_start) == (grain, week or None)


@pytest.mark.parametrize(
    ("grain", "anchor", "week", "day"),
    [
        (Grain.WEEK, Anchor.FIRST, "mon", "2026-10-04"),
        (Grain.WEEK, Anchor.FIRST, "sun", "2026-10-05"),
        (Grain.MONTH, Anchor.FIRST, "", "2026-09-02"),
        (Grain.MONTH, Anchor.LAST, "", "2026-09-29"),
    ],
)
def test_a_period_that_is_none_is_refused_under_its_column(
    grain: Grain, anchor: Anchor, week: str, day: str, context: ParseContext
) -> None:
    mapping = a_map(grain=grain, anchor=anchor, week_start=week)
    assert refusal(f"user,date,prompts\nbo,{day},3\n", mapping, context) == (
        "date",
        Code.BAD_PERIOD,
    )


def test_a_cycle_has_a_last_day_of_its_own(context: ParseContext) -> None:
    mapping = a_map({"last_day": Use(column="to", form="iso")}, grain=Grain.CYCLE)
    header = "user,date,to,prompts\n"
    row = one(f"{header}bo,2026-09-15,2026-10-14,3\n", mapping, context)
    assert row.period_end == date(2026, 10, 15)
    for last in ("2026-09-14", "2027-09-20"):
        found = refusal(f"{header}bo,2026-09-15,{last},3\n", mapping, context)
        assert found == ("to", Code.BAD_PERIOD)


def test_a_moment_counts_on_the_organizations_day(context: ParseContext) -> None:
    mapping = a_map({"day": Use(column="date", form="instant")})
    chicago = dataclasses.replace(context, time_zone="America/Chicago")
    row = one("user,date,prompts\nbo,2026-10-06T03:00:00Z,3\n", mapping, chicago)
    assert row.period_start == date(2026, 10, 5)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (",2026-10-06,3", ("user", Code.MISSING_FIELD)),
        ("bo,,3", ("date", Code.MISSING_FIELD)),
        ("bo,06.10.2026,3", ("date", Code.BAD_DATE)),
        ("bo,2014-12-31,3", ("date", Code.BEFORE_2015)),
        ("bo,2027-12-31,3", ("date", Code.TIME_IN_FUTURE)),
        ("bo,2026-10-06,3.5", ("prompts", Code.BAD_TYPE)),
        ("bo,2026-10-06,-3", ("prompts", Code.NEGATIVE)),
        ("bo,2026-10-06,three", ("prompts", Code.BAD_TYPE)),
        ("b\u202eo,2026-10-06,3", ("user", Code.CONTROL_CHARACTER)),
        (f"{'b' * 401},2026-10-06,3", ("user", Code.TOO_LONG)),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_the_files_own_column(
    line: str, expected: tuple[str, Code], context: ParseContext
) -> None:
    assert refusal(f"user,date,prompts\n{line}\n", a_map(), context) == expected


@pytest.mark.parametrize(
    ("uses", "value", "code"),
    [
        ({"surface": Use(column="x")}, "kitchen", Code.UNKNOWN_SURFACE),
        ({"initiative": Use(column="x")}, "unheard-of", Code.UNKNOWN_INITIATIVE),
        ({"active_days": Use(column="x", form="point", unit="one")}, "2", Code.OUT_OF_RANGE),
        ({"active": Use(column="x")}, "perhaps", Code.UNKNOWN_WORD),
        ({"alias": Use(column="x")}, "no address", Code.BAD_EMAIL),
        (
            {
                "suggestions": Use(column="prompts2", form="point", unit="one"),
                "accepted": Use(column="x", form="point", unit="percent"),
            },
            "50",
            Code.MISSING_FIELD,
        ),
        (
            {
                "cost_estimate": Use(column="prompts2", form="point", unit="whole"),
                "currency": Use(column="x"),
            },
            "euro",
            Code.BAD_CURRENCY,
        ),
    ],
)
def test_words_and_ids_that_do_not_fit_are_told_by_their_column(
    uses: dict[str, Use], value: str, code: Code, context: ParseContext
) -> None:
    mapping = a_map(uses, alias_kind=SubjectKind.EMAIL, true_words=("yes",), false_words=("no",))
    second = "1" if "cost_estimate" in uses else ""
    body = f"user,date,prompts,prompts2,x\nbo,2026-10-06,3,{second},{value}\n"
    assert refusal(body, mapping, context) == ("x", code)


def test_a_line_without_a_measure_states_nothing(context: ParseContext) -> None:
    mapping = a_map(nothing=("n/a",))
    found = read("user,date,prompts\nbo,2026-10-06,\nbo,2026-10-07,N/A\n", mapping, context)
    assert (found.rows, found.errors, found.lines, found.lines_empty) == ([], [], 2, 2)


def test_a_file_without_a_chosen_column_is_refused_naming_it(context: ParseContext) -> None:
    with pytest.raises(EnvelopeError, match="lacks prompts"):
        read("user,date\nbo,2026-10-06\n", a_map(), context)


def test_without_a_profile_nothing_is_read(context: ParseContext) -> None:
    with pytest.raises(EnvelopeError) as refused:
        list(mapper.parse([b"a,b\n1,2\n"], content_type=CSV, context=context))
    assert refused.value.code == "profile_missing"


@PATIENT
@given(
    body=st.lists(
        st.sampled_from(
            ["bo", ",", ";", "\n", '"', "2026-10-06", "3", "-", "1.5", "\x00", "{", "}", ":", "é"]
        ),
        max_size=30,
    ).map("".join),
    form=st.sampled_from([CSV, NDJSON, XLSX]),
)
def test_no_bytes_break_it_and_its_counts_add_up(
    body: str, form: str, context: ParseContext
) -> None:
    head = "user,date,prompts\n" if form == CSV else ""
    try:
        found = read(head + body, a_map(), context, form=form)
    except EnvelopeError:
        return
    assert found.lines == len(found.rows) + found.lines_rejected + found.lines_empty


# --- profiles that are none ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("field", "mapping"),
    [
        ("subject", a_map({"subject": None})),
        ("subject", a_map({"subject": Use(constant="bo")})),
        ("day", a_map({"day": None})),
        ("day", a_map({"day": Use(column="date")})),
        ("day", a_map({"day": Use(column="date", form="whatever")})),
        ("day", a_map({"day": Use(column="date", form="year_month")})),
        ("interactions", a_map({"interactions": None})),
        ("interactions", a_map({"interactions": Use(column="n", form="point")})),
        ("interactions", a_map({"interactions": Use(column="n", unit="one")})),
        ("interactions", a_map({"interactions": Use(column="n", form="point", unit="cent")})),
        ("interactions", a_map({"interactions": Use(constant="1")})),
        ("requests", a_map({"requests": COUNT})),
        ("accepted", a_map({"accepted": Use(column="a", form="point", unit="share")})),
        ("last_day", a_map(grain=Grain.CYCLE)),
        ("last_day", a_map({"last_day": Use(column="to", form="iso")})),
        (
            "anchor",
            a_map(
                {"last_day": Use(column="to", form="iso")}, grain=Grain.CYCLE, anchor=Anchor.LAST
            ),
        ),
        (
            "anchor",
            a_map(
                {"day": Use(column="m", form="year_month")}, grain=Grain.MONTH, anchor=Anchor.LAST
            ),
        ),
        ("week_start", a_map(grain=Grain.WEEK)),
        ("week_start", a_map(week_start="mon")),
        ("alias_kind", a_map({"alias": Use(column="mail")})),
        ("alias", a_map({"alias": Use(column="user")}, alias_kind=SubjectKind.EMAIL)),
        ("active", a_map({"active": Use(constant="perhaps")})),
        ("true_words", a_map({"active": Use(column="a")})),
        ("false_words", a_map(true_words=("x",), false_words=("x",))),
        ("nothing", a_map(nothing=(" N/A",))),
        ("nothing", a_map(nothing=tuple(f"w{n}" for n in range(21)))),
        ("surface", a_map({"surface": Use(constant="kitchen")})),
        ("surface", a_map({"surface": Use(column="a", constant="chat")})),
        ("currency", a_map({"currency": Use(constant="EUR")})),
        (
            "currency",
            a_map(
                {
                    "cost_estimate": Use(column="c", form="point", unit="whole"),
                    "currency": Use(constant="euro"),
                }
            ),
        ),
        ("scope", a_map({"scope": Use(constant="x" * 121)})),
        ("subject", a_map({"subject": Use(column="x" * 201)})),
        ("mood", a_map({"mood": Use(column="x")})),
    ],
)
def test_a_bad_profile_is_refused_in_words_at_its_field(field: str, mapping: ColumnMap) -> None:
    found = list(faults(mapping))
    assert field in [name for name, _ in found]
    assert all(sentence.endswith(".") for _, sentence in found)


def test_a_mapping_is_the_same_after_it_was_stored() -> None:
    mapping = a_map(nothing=("-",), grain=Grain.WEEK, week_start="sun")
    assert mapping_of(json.loads(json.dumps(stored(mapping)))) == mapping


# --- samples and previews -----------------------------------------------------------------------
def test_a_sample_shows_columns_with_their_first_values_cut(context: ParseContext) -> None:
    text = "w" * 90
    body = f"User,Note,Empty\nbo,{text},\nbo,short,\nal,short,\n".encode()
    columns = {column.name: column.values for column in columns_of([body], CSV)}
    assert columns["user"] == ("bo", "al")
    assert columns["note"] == ("w" * 39 + "…", "short")
    assert columns["empty"] == ()


def test_a_sample_is_whole_lines_of_bounded_size() -> None:
    body = b"user,note\n" + b"bo," + b"x" * 997 + b"\n" + b"al,1\n" * 400_000
    head, _ = head_of([body[at : at + 1000] for at in range(0, len(body), 1000)], content_type=CSV)
    assert head.endswith(b"\n")
    assert len(head) <= 100_000
    assert head.count(b"\n") == 200


def test_a_sheet_is_sampled_as_a_table() -> None:
    body = workbook(["User", "Note"], ["bo", "two\nlines"], ["al", date(2026, 10, 6)])
    head, media = head_of([body], content_type=XLSX)
    assert media is Media.CSV
    [user, note] = columns_in(head, media=media)
    assert (user.values, note.values) == (("bo", "al"), ("two lines", "2026-10-06"))


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", CSV),
        (b"\n\n", CSV),
        (b"user\n", CSV),
        (b"no json", NDJSON),
        (b"x" * 200_000, CSV),
        (b"PK", XLSX),
    ],
)
def test_what_is_no_table_cannot_be_sampled(body: bytes, form: str) -> None:
    with pytest.raises(EnvelopeError):
        columns_of([body], form)


def test_a_preview_is_what_the_import_would_read(context: ParseContext) -> None:
    day = date(2026, 10, 1)
    lines = [f"u{n},{day + timedelta(days=n % 3)},{'x' if n % 10 == 0 else n}" for n in range(60)]
    body = "\n".join(["user,date,prompts", *lines]).encode()
    known = dataclasses.replace(context, mapping=a_map())
    shown = preview([body], content_type=CSV, context=known)
    [whole] = mapper.parse([body], content_type=CSV, context=known)
    assert list(shown.rows) == whole.rows[:20]
    assert list(shown.errors) == whole.errors[:20]
    assert (shown.lines, shown.facts, shown.refused, shown.cut) == (60, 54, 6, False)
    assert shown.told[0][1] == "interactions 1"
    assert DATE_WORDS.keys() == set(DateForm)
