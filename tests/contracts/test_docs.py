"""What the documents say of the code is what the code does."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import LABELS, Role, Scope
from tests.contracts.source import ROOT, calls, dotted, python_files, syntax_of

DOCS = ROOT / "docs"
OF_PYTEST = {"PYTEST_XDIST_WORKER"}


def table(file: Path, *, title: str, under: str = "") -> list[list[str]]:
    """Cells of the rows below the header whose first cell is `title`, in the part named `under`."""
    text = file.read_text()
    part = text.split(f"## {under}\n")[1].split("\n## ")[0] if under else text
    found = re.search(rf"^\| {title} \|.*\n.*\n((?:\|.*\n?)+)", part, re.MULTILINE)
    assert found, f"{file.name} has no table that begins with {title!r}."
    rows = found[1].strip().splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def variables_of_settings() -> set[str]:
    """Every name in `env("NAME")`, `env.bool("NAME")` … of the settings module."""
    return {
        str(call.args[0].value)
        for call in calls(syntax_of(ROOT / "lastmile" / "settings.py"))
        if dotted(call.func).partition(".")[0] == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def variables_elsewhere() -> set[str]:
    """Every name in `os.environ.get("NAME")` or a look-up `os.environ["NAME"]`."""
    files = [*python_files(), ROOT / "tests" / "conftest.py"]
    return {name for file in files for name in _looked_up(syntax_of(file))}


def _looked_up(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        name: ast.expr | None = None
        if isinstance(node, ast.Call) and dotted(node.func) in ("os.environ.get", "os.getenv"):
            name = node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            name = node.slice if dotted(node.value) == "os.environ" else None
        if isinstance(name, ast.Constant):
            yield str(name.value)


def documented(under: str) -> set[str]:
    rows = table(DOCS / "settings.md", title="variable", under=under)
    return {row[0].strip("`") for row in rows}


def test_every_setting_is_in_the_documents_and_nothing_else_is() -> None:
    assert documented("Read by the application") == variables_of_settings()


def test_every_other_variable_we_read_is_in_the_documents() -> None:
    others = variables_elsewhere() - variables_of_settings() - OF_PYTEST
    assert documented("Read by commands and tests") == others


def test_the_table_of_permissions_is_the_one_in_force() -> None:
    roles = list(Role)
    header = "| action | what it opens | " + " | ".join(LABELS[r].lower() for r in roles) + " |"
    file = DOCS / "permissions.md"
    assert header in file.read_text().splitlines()
    written = {
        row[0].strip("`"): {
            role for role, cell in zip(roles, row[2:], strict=True) if cell == "yes"
        }
        for row in table(file, title="action")
    }
    assert written == {action: set(allowed) for action, allowed in ALLOWED.items()}


def test_every_scope_of_a_key_is_in_the_documents() -> None:
    written = [row[0].strip("`") for row in table(DOCS / "permissions.md", title="scope")]
    assert sorted(written) == sorted(Scope)


def names_of(requirements: list[str]) -> set[str]:
    """Names as the locks write them: `Django>=5.2` and `celery[redis]>=5` → django, celery."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {re.sub(r"[._-]+", "-", name[0]).lower() for name in found if name}


def locked(name: str) -> set[str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return names_of([line for line in lines if not line.startswith((" ", "#"))])


def test_every_package_we_name_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = names_of(project["project"]["dependencies"])
    groups = project["dependency-groups"]
    assert named - locked("base.txt") == set()
    for group in groups.values():
        assert names_of(group) - locked("test.txt") == set()


def test_every_locked_package_is_pinned_by_its_hash() -> None:
    for name in ("base.txt", "test.txt"):
        text = (ROOT / "requirements" / name).read_text()
        packages = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
        bare = [one.split()[0] for one in packages if "--hash=sha256:" not in one]
        assert bare == []


def test_what_is_installed_for_tests_pins_the_application_alike() -> None:
    pins = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
    base, test = (
        set(pins.findall((ROOT / "requirements" / name).read_text()))
        for name in ("base.txt", "test.txt")
    )
    assert base <= test


@pytest.mark.parametrize("file", sorted(DOCS.rglob("*.md")), ids=lambda file: file.name)
def test_a_document_links_to_files_that_exist(file: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", file.read_text())
    assert [link for link in links if not (file.parent / link).exists()] == []
