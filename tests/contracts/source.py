"""The code of the product as the contracts read it: files and what their syntax says."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    *("lastmile", "sprints", "attribution", "handoffs", "adoption", "portfolio"),
    *("organizations", "ui"),
)


def python_files() -> list[Path]:
    """Every module that runs in a customer's installation."""
    return [ROOT / "dev.py", ROOT / "manage.py", *sorted(_below("*.py"))]


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.*"))


def _below(pattern: str) -> Iterator[Path]:
    for app in APPS:
        yield from (ROOT / app).rglob(pattern)


@cache
def syntax_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), filename=str(file))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all modules a module imports, at whatever depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an expression; the empty text for anything that is not a chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def where(file: Path, node: ast.expr | ast.stmt) -> str:
    return f"{file.relative_to(ROOT)}:{node.lineno}"
