"""Usage as CSV: cells that lie, headers that lie, and what spreadsheets make of honest rows."""

from tests.corpus.case import CSV, USAGE, Case, Refused, Rows, Taken, bad_cells, table

HEADER = ",".join(USAGE)
GOOD = "copilot,uid:1,2026-11-02,chat,1"


def _header(name: str, header: str, answer: Refused | Taken, row: str = GOOD) -> Case:
    return Case(name=f"header: {name}", body=table(row, header=header), media=CSV, answer=answer)


def _count(text: str) -> str:
    return f"copilot,uid:9,2026-11-02,chat,{text}"


def _good(name: str, cells: str, *finds: str) -> Case:
    return Case(name=f"csv: {name}", body=table(cells), media=CSV, answer=Taken(finds=finds))


def _body(name: str, body: bytes, answer: Refused | Rows | Taken) -> Case:
    return Case(name=f"csv: {name}", body=body, media=CSV, answer=answer)


CELLS = [
    bad_cells("cell: 1_000", _count("1_000"), "bad_type", "interactions"),
    bad_cells("cell: full-width digits", _count("\uff11\uff12"), "bad_type", "interactions"),
    bad_cells("cell: Arabic digits", _count("\u0661\u0662"), "bad_type", "interactions"),
    bad_cells("cell: 1.0", _count("1.0"), "bad_type", "interactions"),
    bad_cells("cell: 1e3", _count("1e3"), "bad_type", "interactions"),
    bad_cells("cell: +1", _count("+1"), "bad_type", "interactions"),
    bad_cells("cell: -1", _count("-1"), "negative", "interactions"),
    bad_cells("cell: nan", _count("nan"), "not_finite", "interactions"),
    bad_cells("cell: Infinity", _count("Infinity"), "not_finite", "interactions"),
    bad_cells("cell: 1e400", _count("1e400"), "bad_type", "interactions"),
    bad_cells("cell: NA", _count("NA"), "bad_type", "interactions"),
    bad_cells("cell: TRUE", _count("TRUE"), "bad_type", "interactions"),
    bad_cells("cell: a formula", _count("=1+1"), "bad_type", "interactions"),
    bad_cells("cell: 2^63", _count("9223372036854775808"), "out_of_range", "interactions"),
    bad_cells("cell: 41 digits", _count("1" * 41), "too_long", "interactions"),
    bad_cells("cell: nothing stated", _count(""), "missing_field", "interactions"),
    bad_cells("cell: one too many", _count("1,"), "surplus_cells"),
    bad_cells("cell: one too few", "copilot,uid:9,2026-11-02,chat", "missing_cells"),
    bad_cells("cell: a decimal comma", _count("1,5"), "surplus_cells"),
    bad_cells("cell: a day before its month", "copilot,uid:9,02/11/2026,chat,1", "bad_date", "day"),
    bad_cells(
        "cell: a spreadsheet's number of a day", "copilot,uid:9,46328,chat,1", "bad_date", "day"
    ),
    bad_cells("cell: 8,193 characters", f"copilot,uid:{'1' * 8189},2026-11-02,chat,1", "too_long"),
    bad_cells(
        "cell: a line above 64 kB", f"copilot,uid:{'1' * 66_000},2026-11-02,chat,1", "too_long"
    ),
    bad_cells("cell: NUL", "copilot,uid:1\x002,2026-11-02,chat,1", "control_character", "subject"),
    bad_cells(
        "cell: turned round",
        "copilot,login:\u202ebo,2026-11-02,chat,1",
        "control_character",
        "subject",
    ),
    bad_cells(
        "cell: a newline in an id",
        'copilot,"login:a\nb",2026-11-02,chat,1',
        "control_character",
        "subject",
    ),
    bad_cells("cell: no UTF-8", "copilot,uid:\udcff,2026-11-02,chat,1", "not_utf8"),
    bad_cells("cell: a lone carriage return", "copilot,uid:1\r2,2026-11-02,chat,1", "bad_csv"),
    bad_cells("cell: something behind a quote", 'copilot,"uid:1"x,2026-11-02,chat,1', "bad_csv"),
    bad_cells("cell: a quote that never closes", 'copilot,"uid:9,2026-11-02,chat,1', "bad_csv"),
]

HEADERS = [
    _header("a name twice", HEADER + ",Day", Refused(400, "duplicate_column"), GOOD + ",x"),
    _header(
        "201 columns",
        ",".join(f"c{n}" for n in range(201)),
        Refused(400, "too_many_columns"),
        "x" + "," * 200,
    ),
    _header("a quote that never closes", '"initiative,subject', Refused(400, "no_header")),
    _header("no UTF-8", "initiative,\udcff", Refused(400, "no_header")),
    _header("above 64 kB", "x" * 66_000, Refused(400, "no_header")),
    _header(
        "200 columns",
        HEADER + "".join(f",c{n}" for n in range(195)),
        Taken(warns="c0"),
        GOOD + "," * 195,
    ),
    _header("capitals and blanks", " Initiative ,SUBJECT,Day,Surface,Interactions", Taken()),
    _header("columns without a name", HEADER + ",,", Taken(), GOOD + ",,"),
    _header(
        "another order",
        "day,interactions,subject,initiative",
        Taken(),
        "2026-11-02,1,uid:1,copilot",
    ),
    _header("semicolons", HEADER.replace(",", ";"), Taken(), GOOD.replace(",", ";")),
    _header("tabs", HEADER.replace(",", "\t"), Taken(), GOOD.replace(",", "\t")),
    _header(
        "semicolons in a quoted name", f'{HEADER},"a;b;c;d;e;f"', Taken(warns="a;b"), GOOD + ",x"
    ),
    _header("a column nobody knows", HEADER + ",team", Taken(warns="team"), GOOD + ",x"),
    Case(
        name="header: a mark before a quoted name",
        body=b"\xef\xbb\xbf" + table(GOOD, header=HEADER.replace("initiative", '"initiative"')),
        media=CSV,
        answer=Taken(),
    ),
]

TAKEN = [
    _body("a header and nothing else", table(), Taken(accepted=0)),
    _body("blank lines before the header", b"\n\n" + table(GOOD), Taken()),
    _body("rows of separators only", table(",,,,", GOOD, ",,,,"), Taken(empty=2)),
    _body("CRLF and no last newline", table(GOOD).strip().replace(b"\n", b"\r\n"), Taken()),
    _good("007 stays 007", "copilot,uid:007,2026-11-02,chat,007", "uid:007"),
    _good("NA is a name", "copilot,uid:NA,2026-11-02,chat,1", "uid:NA"),
    _good("a delimiter in quotes", 'copilot,"uid:a,b",2026-11-02,chat,1', "uid:a,b"),
    _good("a quote in quotes", 'copilot,"uid:a""b",2026-11-02,chat,1', 'uid:a"b'),
    _good("what a spreadsheet would compute", "copilot,uid:=1+1,2026-11-02,chat,1", "uid:=1+1"),
    _good("the largest count", _count("9223372036854775807"), "uid:9"),
    _good("blanks around everything", " copilot , uid:9 , 2026-11-02 , chat , 1 ", "uid:9"),
    _good("U+2028 is no end of a line", '"copilot","uid:9",2026-11-02,chat,1\u00a0', "uid:9"),
    _body(
        "a bad row below a cell of three lines is told by its physical line",
        table(
            'copilot,uid:1,2026-11-02,chat,1,"a\nb\nc"',
            "copilot,uid:2,x,chat,1,n",
            header=HEADER + ",note",
        ),
        Rows(((5, "day", "bad_date"),), kept=1),
    ),
    _body(
        "a row of two lines is told by its first",
        table(
            'copilot,uid:1,x,chat,1,"a\nb"',
            "copilot,uid:2,2026-11-02,chat,1,n",
            header=HEADER + ",note",
        ),
        Rows(((2, "day", "bad_date"),), kept=1),
    ),
]

CASES = [*CELLS, *HEADERS, *TAKEN]
