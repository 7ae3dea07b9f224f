"""`demo.json`: the address, logins and keys of the demo, for people and for scripts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lastmile.sample.plan import Login, Plan

FILE = "demo.json"
OWNER_ONLY = 0o600


@dataclass(frozen=True, kw_only=True)
class DemoLogin:
    role: str
    email: str
    password: str


@dataclass(frozen=True, kw_only=True)
class DemoOrganization:
    """One organization of the demo; `organization` is its slug."""

    organization: str
    logins: tuple[DemoLogin, ...]
    api_key: str


def login_of(plan: Plan, login: Login) -> DemoLogin:
    """A password that can be read aloud. The program lead signs in to every organization alike."""
    word = "northwind" if login.role == "program_lead" else plan.domain.partition(".")[0]
    return DemoLogin(
        role=login.role,
        email=login.email,
        password=f"{login.role.replace('_', '-')}-{word}-demo",
    )


def write(
    *, folder: Path, url: str, database_url: str, organizations: list[DemoOrganization]
) -> None:
    """Replace the file in one step; readable by its owner only."""
    first, *others = (asdict(organization) for organization in organizations)
    content = {"url": url, **first, "database_url": database_url, "others": others}
    beside = folder / f"{FILE}.new"
    beside.touch(mode=OWNER_ONLY)
    beside.chmod(OWNER_ONLY)
    beside.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(folder / FILE)


def read(*, folder: Path) -> list[DemoOrganization]:
    """The organizations of an earlier run; empty where the file is missing or not ours."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return [_organization(part) for part in (content, *content["others"])]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _organization(part: dict[str, Any]) -> DemoOrganization:
    return DemoOrganization(
        organization=part["organization"],
        logins=tuple(
            DemoLogin(role=one["role"], email=one["email"], password=one["password"])
            for one in part["logins"]
        ),
        api_key=part["api_key"],
    )


def database_url(settings: dict[str, Any]) -> str:
    """The address of a database from Django's settings of it."""
    who = quote(str(settings["USER"]), safe="")
    if settings.get("PASSWORD"):
        who += ":" + quote(str(settings["PASSWORD"]), safe="")
    host, port = str(settings.get("HOST") or ""), str(settings.get("PORT") or "")
    socket = str((settings.get("OPTIONS") or {}).get("host") or "")
    place = f"{host}:{port}" if port else host
    query = f"?host={quote(socket, safe='/')}" if socket else ""
    return f"postgres://{who}@{place}/{settings['NAME']}{query}"


def table(url: str, organizations: list[DemoOrganization]) -> list[str]:
    """Lines for the terminal: one login per role and organization, in columns."""
    rows = [("Organization", "Role", "E-mail", "Password")]
    for organization in organizations:
        rows += [
            (organization.organization, one.role.replace("_", " "), one.email, one.password)
            for one in organization.logins
        ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [f"Sign in at {url}", "", lines[0], "-" * max(map(len, lines)), *lines[1:]]
