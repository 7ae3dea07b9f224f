"""Requests to copy: lines for a terminal that work as they are printed."""

import json
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from organizations.calculations.roles import Scope

KEY_VARIABLE = "$LASTMILE_KEY"
FIRST_INITIATIVE = "first-pilot"
# Nobody's address: it stays unmatched, so that a try changes no figure of anybody.
NOBODY = "email:first.try@example.test"
CANONICAL = "canonical"

FILES = {
    Scope.INGEST_PEOPLE: ("Send a file of people", "people"),
    Scope.INGEST_INITIATIVES: ("Send a file of initiatives", "initiatives"),
    Scope.INGEST_ELIGIBILITY: ("Send a file of who may use what", "eligibility"),
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """One request: what it does, and what to paste. file: the file it needs, or ""."""

    title: str
    command: str
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends where. site: "https://lastmile.example"; key: its text or a shell variable.

    initiative: the key of one that takes usage, "" where none is registered.
    """

    site: str
    key: str
    scopes: Collection[str]
    initiative: str
    source: str = CANONICAL


def examples_for(*, sender: Sender, today: date) -> tuple[Example, ...]:
    """Requests this key can send, in the order in which to send them.

    Without any initiative a key that may send initiatives gets the request that registers one
    before that, and then the line for usage works.
    """
    found: list[Example] = []
    if not sender.initiative and Scope.INGEST_INITIATIVES in sender.scopes:
        command = _row(sender, "initiatives", _initiative(today))
        found.append(Example(title="Register a first initiative", command=command))
    if Scope.INGEST_USAGE in sender.scopes:
        found.append(_usage(sender, today))
    found += [
        _file(sender, title=title, file=f"{name}.csv", name=name, asked={})
        for scope, (title, name) in FILES.items()
        if scope in sender.scopes
    ]
    return tuple(found)


def _usage(sender: Sender, today: date) -> Example:
    initiative = sender.initiative or FIRST_INITIATIVE
    if sender.source != CANONICAL:
        asked = {"source": sender.source, "initiative": initiative}
        title = f"Send a file of {sender.source}"
        return _file(sender, title=title, file=f"{sender.source}.ndjson", name="usage", asked=asked)
    row = {
        "initiative": initiative,
        "subject": NOBODY,
        "day": (today - timedelta(days=1)).isoformat(),
        "surface": "chat",
        "interactions": 11,
    }
    return Example(title="Send one row of usage", command=_row(sender, "usage", row))


def _initiative(today: date) -> dict[str, Any]:
    return {
        "key": FIRST_INITIATIVE,
        "name": "First pilot",
        "stage": "pilot",
        "outcome": "Support answers a question in 2 hours instead of 6",
        "metric": "Median hours to the first answer",
        "baseline": "6",
        "target": "2",
        "target_date": (today + timedelta(days=90)).isoformat(),
    }


def _row(sender: Sender, name: str, row: dict[str, Any]) -> str:
    body = shlex.quote(json.dumps(row, indent=2))
    return _curl(sender, f"{sender.site}/api/v1/{name}", "application/json", f"-d {body}")


def _file(sender: Sender, *, title: str, file: str, name: str, asked: dict[str, str]) -> Example:
    form = "text/csv" if file.endswith(".csv") else "application/x-ndjson"
    address = f"{sender.site}/api/v1/{name}" + (f"?{urlencode(asked)}" if asked else "")
    command = _curl(sender, address, form, f"--data-binary @{file}")
    return Example(title=title, command=command, file=file)


def _curl(sender: Sender, address: str, form: str, body: str) -> str:
    # Double quotes around the key: the shell has to fill in a variable.
    lines = (
        f"curl -sS -X POST {shlex.quote(address)}",
        f'-H "Authorization: Bearer {sender.key}"',
        f'-H "Content-Type: {form}"',
        body,
    )
    return " \\\n  ".join(lines)
