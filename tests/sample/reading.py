"""The files of a sample read back with csv, json and sets, without a look at the generator.

Weekly active share as METHODS 3.1 words it: eligible on one and the same working day of the week
(access, employed, past fourteen days, not on leave), active with one use of such an initiative.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

GRACE = timedelta(days=14)
FOREVER = date(9999, 12, 31)


def day(text: str, default: date) -> date:
    return date.fromisoformat(text) if text else default


def monday(when: date) -> date:
    return when - timedelta(days=when.weekday())


@dataclass
class Reading:
    """What the files of one folder say, and the sets that follow from it."""

    folder: Path
    people: dict[str, dict[str, str]] = field(default_factory=dict)
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    rules: list[dict[str, str]] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    used: dict[tuple[date, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    strangers: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    use_rows: int = 0

    def __post_init__(self) -> None:
        self.people = {row["external_id"]: row for row in self.rows("people.csv")}
        if (self.folder / "people-first.csv").exists():
            self.before = {row["external_id"]: row for row in self.rows("people-first.csv")}
        self.rules = self.rows("eligibility.csv")
        for key, row in self.people.items():
            self.known[f"email:{row['email']}"] = key
            self.known |= dict.fromkeys(row["aliases"].split(), key)
        keys = {row["key"] for row in self.rows("initiatives.csv")}
        for subject, initiative, text in self.uses():
            self.use_rows += 1
            try:
                when = date.fromisoformat(text)
            except ValueError:
                self.broken.append(text)
                continue
            if initiative not in keys:
                self.broken.append(initiative)
            elif subject in self.known:
                self.used[monday(when), initiative].add(self.known[subject])
            else:
                self.strangers.add(subject)

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, strict=True))

    def uses(self) -> Iterator[tuple[str, str, str]]:
        """Subject, initiative and day of every row that states a qualifying use."""
        for path in sorted(self.folder.glob("usage-*.csv")):
            for row in self.rows(path.name):
                if int(row["interactions"]) + int(row["accepted"] or 0) >= 1:
                    yield row["subject"], row["initiative"], row["day"]
        for path in sorted(self.folder.glob("usage-*.ndjson")):
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                prompts = row.get("totals_by_cli", {}).get("prompt_count", 0)
                done = row["user_initiated_interaction_count"] + prompts
                if done + row["code_acceptance_activity_count"] >= 1:
                    yield f"uid:{row['user_id']}", "eta-prediction", row["day"]

    def at(self, key: str, when: date) -> dict[str, str]:
        """The person's row in force on that day."""
        now = self.people[key]
        moved = date.fromisoformat(now["as_of"][:10])
        return self.before[key] if key in self.before and when < moved else now

    def is_there(self, key: str, when: date) -> bool:
        row = self.people[key]
        employed = day(row["start"], FOREVER) + GRACE <= when <= day(row["end"], FOREVER)
        away = day(row["leave_from"], FOREVER) <= when <= day(row["leave_to"], FOREVER)
        return employed and not away

    def open_to(self, key: str, when: date) -> set[str]:
        """Initiatives that some rule opens to the person on that day."""
        row = self.at(key, when)
        value = {
            "person": row["email"],
            "job_role": row["job_role"],
            "department": row["department"].split(" / ")[0],
        }
        return {
            rule["initiative"]
            for rule in self.rules
            if rule["value"] == value[rule["rule"]]
            and date.fromisoformat(rule["from"]) <= when < day(rule["to"], FOREVER)
        }

    def eligible(self, week: date) -> dict[str, set[str]]:
        """The initiatives open to each eligible person of that week."""
        found: dict[str, set[str]] = {}
        for key in self.people:
            for weekday in range(5):
                when = week + timedelta(days=weekday)
                if self.is_there(key, when):
                    found.setdefault(key, set()).update(self.open_to(key, when))
        return {key: initiatives for key, initiatives in found.items() if initiatives}

    def active(self, week: date, eligible: dict[str, set[str]]) -> set[str]:
        return {
            key
            for key, initiatives in eligible.items()
            if any(key in self.used[week, initiative] for initiative in initiatives)
        }

    def by_department(self, keys: set[str], week: date, parts: int = 1) -> dict[str, int]:
        """People counted by the first `parts` names of their department."""
        counts: dict[str, int] = defaultdict(int)
        for key in keys:
            path = self.at(key, week + timedelta(days=6))["department"].split(" / ")
            counts[" / ".join(path[:parts])] += 1
        return dict(counts)
