"""The sample as files in the formats that customers send (docs/formats): CSV and Copilot NDJSON."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

import numpy as np

from lastmile.sample import initiatives as register
from lastmile.sample.draws import Draws
from lastmile.sample.habits import active_weeks, presence
from lastmile.sample.initiatives import INITIATIVES
from lastmile.sample.people import Person, people
from lastmile.sample.plan import Plan
from lastmile.sample.timeline import Timeline
from lastmile.sample.usage import Uses, uses

PEOPLE_COLUMNS = (
    "external_id",
    "email",
    "name",
    "department",
    "job_role",
    "start",
    "end",
    "leave_from",
    "leave_to",
    "aliases",
    "as_of",
)
INITIATIVE_COLUMNS = (
    "key",
    "name",
    "stage",
    "owner_email",
    "sponsor_email",
    "champion_email",
    "department",
    "outcome",
    "metric",
    "baseline",
    "target",
    "target_date",
    "monthly_budget",
    "currency",
    "fte",
    "promised_hours_per_year",
    "origin",
    "started_on",
)
ELIGIBILITY_COLUMNS = ("initiative", "rule", "value", "from", "to", "seat")
USAGE_COLUMNS = ("initiative", "subject", "day", "surface", "interactions", "accepted")
FILE_DAYS = 98
SPONSOR = "Grace Okafor"


class Kind(StrEnum):
    """What a file holds, in the words of the API."""

    PEOPLE = "people"
    INITIATIVES = "initiatives"
    ELIGIBILITY = "eligibility"
    USAGE = "usage"


@dataclass(frozen=True, kw_only=True)
class SampleFile:
    """One file and how it is posted. `rows` counts its data lines, refused ones included."""

    kind: Kind
    path: Path
    rows: int
    source: str = ""
    initiative: str = ""

    @property
    def content_type(self) -> str:
        return "application/x-ndjson" if self.path.suffix == ".ndjson" else "text/csv"


@dataclass(frozen=True, kw_only=True)
class _Sample:
    """Everything about an organization before it is written."""

    plan: Plan
    timeline: Timeline
    people: list[Person]
    access: list[register.Access]
    uses: Uses


def timeline_of(plan: Plan, today: date) -> Timeline:
    return Timeline(today=today, weeks=plan.weeks, sprint_day=plan.sprint_day)


def write(*, plan: Plan, today: date, folder: Path) -> list[SampleFile]:
    """Write the files of one organization into `folder`; return them in the order of posting.

    The same plan and day give the same bytes on every machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    timeline = timeline_of(plan, today)
    everybody = people(plan, timeline)
    access = register.access(plan, timeline, everybody)
    present = presence(timeline, everybody, access)
    active = active_weeks(plan, timeline, everybody, present.any_week)
    sample = _Sample(
        plan=plan,
        timeline=timeline,
        people=everybody,
        access=access,
        uses=uses(plan, timeline, everybody, present, active),
    )
    return [
        *_people_files(sample, folder),
        _initiatives_file(sample, folder),
        _eligibility_file(sample, folder),
        *_usage_files(sample, folder),
    ]


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a CSV file; return the number of data rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for count, row in enumerate(rows, start=1):  # noqa: B007
            writer.writerow(row)
    return count


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def _people_files(sample: _Sample, folder: Path) -> Iterator[SampleFile]:
    """The directory as it was at the start and, where anybody moved, as it is now."""
    moved = any(person.moved_on for person in sample.people)
    for name, then in (("people-first.csv", True), ("people.csv", False)):
        if then and not moved:
            continue
        rows = [_person_row(sample.timeline, person, then=then) for person in sample.people]
        count = _csv(folder / name, PEOPLE_COLUMNS, rows)
        yield SampleFile(kind=Kind.PEOPLE, path=folder / name, rows=count)


def _person_row(timeline: Timeline, person: Person, *, then: bool) -> tuple[str, ...]:
    before = then and person.moved_on is not None
    as_of = timeline.first_day if then else person.moved_on or timeline.first_day
    aliases = [person.login_before or person.login] if then else [person.login_before, person.login]
    return (
        person.external_id,
        person.email,
        person.name,
        person.department_before if before else person.department,
        person.job_role_before if before else person.job_role,
        _text(person.start),
        _text(person.end),
        _text(person.leave_from),
        _text(person.leave_to),
        " ".join([*(f"login:{alias}" for alias in aliases if alias), f"uid:{person.vendor_id}"]),
        f"{as_of.isoformat()}T06:00:00Z",
    )


def _initiatives_file(sample: _Sample, folder: Path) -> SampleFile:
    email = {person.name: person.email for person in sample.people}
    departments = {person.department.split(" / ")[0] for person in sample.people}
    due = register.target_date(sample.timeline)
    rows = [
        (
            item.key,
            item.name,
            item.stage,
            email.get(item.owner, ""),
            email.get(SPONSOR, ""),
            email.get(item.champion, ""),
            item.department if item.department in departments else "",
            item.outcome,
            item.metric,
            item.baseline,
            item.target,
            _text(due),
            f"{item.monthly_budget}.00",
            sample.plan.currency,
            item.fte,
            item.promised_hours,
            item.origin,
            _text(register.opened_on(item, sample.timeline) if item.rules else None),
        )
        for item in INITIATIVES
    ]
    path = folder / "initiatives.csv"
    return SampleFile(kind=Kind.INITIATIVES, path=path, rows=_csv(path, INITIATIVE_COLUMNS, rows))


def _eligibility_file(sample: _Sample, folder: Path) -> SampleFile:
    rows = [
        (
            line.initiative,
            line.rule,
            line.value,
            _text(line.start),
            _text(line.until),
            "true" if line.seat else "false",
        )
        for line in sample.access
    ]
    path = folder / "eligibility.csv"
    return SampleFile(kind=Kind.ELIGIBILITY, path=path, rows=_csv(path, ELIGIBILITY_COLUMNS, rows))


def _usage_files(sample: _Sample, folder: Path) -> Iterator[SampleFile]:
    """One file per initiative and fourteen weeks, oldest first."""
    ends = [*range(sample.timeline.days, 0, -FILE_DAYS)][::-1]
    for end in ends:
        for number, initiative in enumerate(INITIATIVES):
            rows = sample.uses.of(number)
            chosen = np.flatnonzero((rows.day < end) & (rows.day >= end - FILE_DAYS))
            if not len(chosen):
                continue
            through = sample.timeline.first_day + timedelta(days=end - 1)
            stem = folder / f"usage-{through.isoformat()}-{initiative.key}"
            if initiative.key == register.COPILOT:
                yield _copilot_file(sample, stem.with_suffix(".ndjson"), rows, chosen)
            else:
                yield _canonical_file(sample, stem.with_suffix(".csv"), rows, chosen)


def _canonical_file(sample: _Sample, path: Path, rows: Uses, chosen: np.ndarray) -> SampleFile:
    initiative = INITIATIVES[int(rows.initiative[chosen[0]])]
    names = [_subject(initiative.key, person) for person in sample.people]
    first = sample.timeline.first_day
    days = [_text(first + timedelta(days=number)) for number in range(sample.timeline.days)]
    counts_accepted = initiative.key == register.SUPPORT
    lines: list[tuple[str, ...]] = [
        (
            initiative.key,
            names[rows.person[i]],
            days[rows.day[i]],
            initiative.surface,
            str(rows.interactions[i]),
            str(rows.accepted[i]) if counts_accepted else "",
        )
        for i in chosen
    ]
    newest = int(rows.day[chosen[-1]]) >= sample.timeline.days - FILE_DAYS
    if sample.plan.trouble and counts_accepted and newest:
        lines = _troubled(sample, lines)
    return SampleFile(
        kind=Kind.USAGE, path=path, rows=_csv(path, USAGE_COLUMNS, lines), source="canonical"
    )


def _subject(initiative: str, person: Person) -> str:
    """How the source names people: freight software by login, all others by address."""
    if initiative == "load-matching":
        return f"login:{person.login}"
    return f"email:{person.email}"


def _troubled(sample: _Sample, lines: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Nine rows of strangers, five of a thirteenth month, three of an unknown initiative."""
    draws = Draws(sample.plan.seed, "trouble")
    year = sample.timeline.today.year
    out = list(lines)
    for number, place in enumerate(sorted(draws.below(len(lines), 17).tolist(), reverse=True)):
        initiative, subject, day, surface, interactions, accepted = lines[place]
        if number < 9:
            subject = f"uid:{8841 + number * 3:05d}"
        elif number < 14:
            day = f"{year}-13-24"
        else:
            initiative = "copilot-v2"
        out.insert(place, (initiative, subject, day, surface, interactions, accepted))
    return out


def _copilot_file(sample: _Sample, path: Path, rows: Uses, chosen: np.ndarray) -> SampleFile:
    draws = Draws(sample.plan.seed, f"copilot {path.stem}")
    lots = draws.uniform(len(chosen), 4)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for i, lot in zip(chosen, lots.tolist(), strict=True):
            record = _copilot_record(sample, rows, int(i), lot)
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
    return SampleFile(
        kind=Kind.USAGE,
        path=path,
        rows=len(chosen),
        source="github_copilot",
        initiative=register.COPILOT,
    )


def _copilot_record(sample: _Sample, rows: Uses, i: int, lot: list[float]) -> dict[str, object]:
    """One person's day as the users-1-day report states it; active days always show an intent."""
    person = sample.people[int(rows.person[i])]
    day = sample.timeline.first_day + timedelta(days=int(rows.day[i]))
    prompts, passive = int(rows.interactions[i]), bool(rows.passive[i])
    on_command_line = not passive and lot[0] < 0.12
    only_completions = not passive and not on_command_line and lot[0] > 0.9
    offered = 3 + int(lot[1] * 40)
    taken = 0 if passive else int(offered * (0.15 + 0.3 * lot[2])) + only_completions
    asked = 0 if only_completions or (on_command_line and lot[3] < 0.3) else prompts
    if on_command_line and not asked:
        offered, taken = 0, 0
    renamed = person.login_before and day < sample.timeline.sprint_start
    record: dict[str, object] = {
        "user_id": person.vendor_id,
        "user_login": person.login_before if renamed else person.login,
        "day": day.isoformat(),
        "organization_id": "7351",
        "enterprise_id": "902",
        "user_initiated_interaction_count": asked,
        "code_generation_activity_count": offered,
        "code_acceptance_activity_count": taken,
        **_lines_of_code(offered, taken),
        "totals_by_ide": [{"ide": "vscode", **_counts(asked, offered, taken)}],
        "totals_by_feature": [
            {"feature": "code_completion", **_counts(0, offered, taken)},
            {"feature": "chat_panel_ask_mode", **_counts(asked, 0, 0)},
        ],
        "totals_by_language_feature": [],
        "totals_by_language_model": [],
        "totals_by_model_feature": [],
        "used_agent": lot[3] > 0.7 and asked > 0,
        "used_chat": asked > 0,
        "used_cli": on_command_line,
    }
    if on_command_line:
        record["totals_by_cli"] = _command_line(prompts)
    return record


def _counts(asked: int, offered: int, taken: int) -> dict[str, int]:
    return {
        "user_initiated_interaction_count": asked,
        "code_generation_activity_count": offered,
        "code_acceptance_activity_count": taken,
    }


def _lines_of_code(offered: int, taken: int) -> dict[str, int]:
    return {
        "loc_suggested_to_add_sum": offered * 4,
        "loc_suggested_to_delete_sum": 0,
        "loc_added_sum": taken * 4,
        "loc_deleted_sum": taken // 3,
    }


def _command_line(prompts: int) -> dict[str, object]:
    requests = prompts * 3
    return {
        "session_count": 1 + prompts // 6,
        "request_count": requests,
        "prompt_count": prompts,
        "token_usage": {
            "prompt_tokens_sum": requests * 1900,
            "output_tokens_sum": requests * 420,
            "avg_tokens_per_request": 2320.0,
        },
    }
