"""`late_row`: one late row for one person of many, until the weekly figures are true again.

Ours: what the refresh does after the row has been imported: takes the mark, redoes the person's
week and masks, and adds the difference to the counts of all later weeks. The import is not timed.

Yardstick: DuckDB, the same facts in its own columns in memory, scans the year for the weekly
actives of each department, which is the least that a page would need without rollups.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import duckdb
from django.db import connection

from adoption.calculations.weeks import week_of
from adoption.refresh.run import refresh_adoption
from benchmarks.company import Company, make_company, make_departments
from benchmarks.findings import Finding, Goal, exponent
from benchmarks.harness import interleaved, median, ratio
from benchmarks.installation import Installation
from organizations import scope
from organizations.actions.batches import NewBatch, receive, work_off
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import BatchKind
from organizations.models import ImportBatch

WEEKS: Final = 40
DEPARTMENTS: Final = 12
# Two thirds of the people use it in a week, on its Tuesday; the late row speaks of a Thursday.
_FACTS = """
INSERT INTO adoption_usagefact
    (organization_id, period_start, subject_id, initiative_id, surface, grain, period_end,
     active, interactions, accepted, state, revision, as_of, batch_id)
SELECT {org}, DATE '{first}' + 7 * w + 1, s.id, {initiative}, 'chat', 'day',
       DATE '{first}' + 7 * w + 2, true, 1 + (s.id + w) % 9, 0, 1, 1,
       DATE '{first}' + 7 * w + 2, 0
  FROM generate_series(0, {weeks} - 1) w, organizations_subject s
 WHERE s.organization_id = {org} AND (s.id * 7 + w * 5 + s.id * w) % 3 <> 0
"""
_SUBJECTS = """
INSERT INTO organizations_subject
    (organization_id, public_id, source, scope, kind, external_id, first_seen, last_seen)
SELECT organization_id, gen_random_uuid(), 'upload', '', 'email', email,
       DATE '{first}', DATE '{first}' + 7 * {weeks}
  FROM organizations_person WHERE organization_id = {org} ORDER BY id
"""
_LINKS = """
INSERT INTO organizations_subjectlink (organization_id, subject_id, person_id, span, how)
SELECT s.organization_id, s.id, p.id, daterange(NULL, NULL), 'address'
  FROM organizations_subject s
  JOIN organizations_person p ON p.organization_id = {org} AND p.email = s.external_id
 WHERE s.organization_id = {org}
"""
_ACCESS = """
INSERT INTO portfolio_eligibility (organization_id, initiative_id, person_id, span)
SELECT organization_id, {initiative}, id, daterange(NULL, NULL)
  FROM organizations_person WHERE organization_id = {org}
"""
_SPREAD = """
INSERT INTO organizations_persondepartment (organization_id, person_id, department_id, span)
SELECT p.organization_id, p.id, (ARRAY[{departments}])[p.id % {many} + 1], daterange(NULL, NULL)
  FROM organizations_person p WHERE p.organization_id = {org}
"""
_COPY_OUT = """
SELECT f.period_start, l.person_id, f.initiative_id, f.active, d.department_id
  FROM adoption_usagefact f
  JOIN organizations_subjectlink l ON l.subject_id = f.subject_id
  JOIN organizations_persondepartment d ON d.person_id = l.person_id
 WHERE f.organization_id = %s
"""
_SCAN = """
SELECT date_trunc('week', period_start) AS week, department_id,
       count(DISTINCT person_id) FILTER (active)
  FROM facts GROUP BY ALL
"""
_KEEP = "CREATE TEMPORARY TABLE kept_group AS SELECT * FROM adoption_groupweek"
_CHANGED = """
SELECT count(*) FROM (
    (TABLE adoption_groupweek EXCEPT ALL TABLE kept_group)
    UNION ALL
    (TABLE kept_group EXCEPT ALL TABLE adoption_groupweek)) d
"""
_ACTIVES = """
SELECT week, group_id, active FROM adoption_groupweek
 WHERE organization_id = %s AND dimension = 'direct' AND initiative_id = %s AND active > 0
"""


def run(*, site: Installation, quick: bool) -> list[Finding]:
    sizes = (1_000, 10_000) if quick else (10_000, 100_000)
    measured = [_measure(site, people=people, rounds=5 if quick else 9) for people in sizes]
    small, large = measured
    return [
        Finding(
            name="late_row ÷ DuckDB scan of the year",
            sizes=f"1 of {small.people:,} people, {WEEKS} weeks",
            seconds=small.seconds,
            yardstick=small.scan,
            ratio=small.ratio,
            equal=small.equal,
        ),
        Finding(
            name="late_row ÷ DuckDB scan of the year",
            sizes=f"1 of {large.people:,} people, {WEEKS} weeks",
            seconds=large.seconds,
            yardstick=large.scan,
            ratio=large.ratio,
            # A scan of a small company is over before one transaction is; the goal is for 100,000.
            goal=None if quick else Goal(limit=0.2),
            exponent=exponent(
                small=(small.people, small.seconds), large=(large.people, large.seconds)
            ),
            exponent_goal=Goal(limit=0.3),
            equal=large.equal,
        ),
        Finding(
            name="late_row until true",
            sizes=f"1 of {large.people:,} people",
            seconds=large.seconds,
            goal=None if quick else Goal(limit=0.05, absolute=True),
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Measured:
    people: int
    seconds: float
    scan: float
    ratio: float
    equal: bool


def _measure(site: Installation, *, people: int, rounds: int) -> Measured:
    company = make_company(name=f"Late {people}", people=people)
    with scope.organization(company.organization_id):
        bench = Bench(site=site, company=company)
        bench.prepare()
        equal = bench.same_as_scan()
        # The first delta of a connection also plans and reads the tables' definitions.
        bench.post(0)
        bench.refresh(0)
        late = iter(range(1, rounds + 1))
        times: dict[str, list[float]] = {"ours": [], "scan": []}
        for number in late:
            bench.post(number)
            found = interleaved({"ours": bench.refresh, "scan": bench.scan}, rounds=1)
            for name, measured in found.items():
                times[name] += measured
        equal = equal and bench.same_as_rebuild()
    return Measured(
        people=people,
        seconds=median(times["ours"]),
        scan=median(times["scan"]),
        ratio=ratio(times["ours"], times["scan"]),
        equal=equal,
    )


class Bench:
    """One company with 40 weeks behind it, in PostgreSQL and in DuckDB."""

    def __init__(self, *, site: Installation, company: Company) -> None:
        self._site = site
        self._company = company
        self._first = week_of(day=datetime.now(UTC).date()) - timedelta(weeks=WEEKS + 1)
        self._engine = duckdb.connect()

    def prepare(self) -> None:
        """Write history set-based as the owner, whom no trigger stops, and compute it once."""
        company = self._company
        departments = make_departments(DEPARTMENTS)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ensure_usage_months(%s, %s)",
                [self._first, self._first + timedelta(weeks=WEEKS)],
            )
        words = {
            "org": company.organization_id,
            "initiative": company.initiative_id,
            "first": self._first,
            "weeks": WEEKS,
            "departments": ", ".join(map(str, departments)),
            "many": len(departments),
        }
        for statement in (_SUBJECTS, _LINKS, _ACCESS, _SPREAD, _FACTS):
            self._site.as_owner(statement.format(**words), unchecked=True)
        self._site.as_owner("ANALYZE")
        refresh_adoption(organization_id=company.organization_id, now=_now(), full=True)
        self._site.as_owner("VACUUM ANALYZE adoption_groupweek, adoption_weekmask")
        self._load()

    def _load(self) -> None:
        path = self._site.data / f"facts-{self._company.organization_id}.csv"
        with connection.cursor() as cursor, path.open("wb") as file:
            bound = cursor.mogrify(_COPY_OUT, [self._company.organization_id]).decode()
            cursor.copy_expert(f"COPY ({bound}) TO STDOUT (FORMAT csv, HEADER)", file)
        self._engine.execute(f"CREATE TABLE facts AS SELECT * FROM read_csv('{path}')")
        path.unlink()

    def post(self, number: int) -> None:
        """Import one row for a Thursday that nothing is known of, 20 weeks back and earlier."""
        day = self._first + timedelta(weeks=WEEKS - 20 - number % 15, days=3)
        address = self._company.address(1 + number * 37 % self._company.people)
        body = (
            f'{{"initiative":"copilot","subject":"email:{address}","day":"{day}",'
            '"surface":"chat","interactions":4}\n'
        )
        batch = receive(new=self._described(), blocks=[body.encode()], now=_now()).batch
        if not work_off(batch=batch, clock=_now):
            raise RuntimeError("The late row was not imported.")
        done = ImportBatch.objects.get(pk=batch.pk)
        if (done.accepted, done.unmatched) != (1, 0):
            raise RuntimeError(f"The late row was not taken: {done.state} {done.problem}")

    def _described(self) -> NewBatch:
        return NewBatch(
            organization_id=self._company.organization_id,
            kind=BatchKind.USAGE,
            source="canonical",
            source_version=1,
            content_type="application/x-ndjson",
            actor=SYSTEM,
        )

    def refresh(self, _: int) -> None:
        changed = refresh_adoption(organization_id=self._company.organization_id, now=_now())
        if not changed:
            raise RuntimeError("The late row changed no figure.")

    def scan(self, _: int) -> None:
        self._engine.execute(_SCAN).fetchall()

    def same_as_scan(self) -> bool:
        """Whether the first computation agrees with DuckDB's, department by department."""
        scanned = {
            (_date(week), department, active)
            for week, department, active in self._engine.execute(_SCAN).fetchall()
        }
        with connection.cursor() as cursor:
            cursor.execute(_ACTIVES, [self._company.organization_id, self._company.initiative_id])
            return set(cursor.fetchall()) == scanned

    def same_as_rebuild(self) -> bool:
        """Whether computing everything again from the facts changes no row of any group."""
        with connection.cursor() as cursor:
            cursor.execute(_KEEP)
            refresh_adoption(organization_id=self._company.organization_id, now=_now(), full=True)
            cursor.execute(_CHANGED)
            changed = int(cursor.fetchone()[0])
            cursor.execute("DROP TABLE kept_group")
        return changed == 0


def _now() -> datetime:
    return datetime.now(UTC)


def _date(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value
