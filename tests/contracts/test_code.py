"""What no line of the product may do (SECURITY R19, section 8), and what a start may not load."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings

from lastmile.celery import app as celery
from tests.contracts.source import (
    ROOT,
    calls,
    dotted,
    imports,
    python_files,
    syntax_of,
    templates,
    where,
)

# Modules that run what they read, and drivers we do not use beside the one we do.
NEVER_IMPORTED = ("pickle", "cPickle", "dill", "marshal", "shelve", "yaml", "psycopg", "jinja2")
NEVER_CALLED = ("eval", "exec", "compile", "os.system", "os.popen", "mark_safe", "Template")
HEAVY = ("pandas", "plotly", "scipy", "matplotlib", "statsmodels")
UNESCAPED = ("|safe", "| safe", "autoescape off", "mark_safe", "safeseq")


def found_in(files: list[Path], *, check: object) -> list[str]:
    return [where(file, node) for file in files for node in check(syntax_of(file))]  # type: ignore[operator]


def test_nothing_unpickles_or_reads_yaml() -> None:
    bad = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in python_files()
        for name in imports(syntax_of(file))
        if name.split(".")[0] in NEVER_IMPORTED
    ]
    assert bad == []


def test_nothing_evaluates_text_or_calls_it_safe() -> None:
    def forbidden(tree: ast.Module) -> Iterator[ast.Call]:
        names = {name.split(".")[-1] for name in NEVER_CALLED}
        for call in calls(tree):
            name = dotted(call.func)
            if name in NEVER_CALLED or (name in names and "." not in name):
                yield call

    assert found_in(python_files(), check=forbidden) == []


def test_nothing_opens_a_shell() -> None:
    def with_shell(tree: ast.Module) -> Iterator[ast.Call]:
        for call in calls(tree):
            if any(word.arg == "shell" for word in call.keywords):
                yield call

    assert found_in(python_files(), check=with_shell) == []


def test_only_constants_are_declared_safe_for_html() -> None:
    """Anything else is joined by format_html, which escapes; widgets render themselves."""

    def declared(tree: ast.Module) -> Iterator[ast.Call]:
        for call in calls(tree):
            if dotted(call.func).endswith("SafeString") and not (
                call.args and isinstance(call.args[0], ast.Constant)
            ):
                yield call

    assert found_in(python_files(), check=declared) == []


def test_format_html_takes_its_text_from_the_code() -> None:
    def from_elsewhere(tree: ast.Module) -> Iterator[ast.Call]:
        for call in calls(tree):
            if dotted(call.func) in ("format_html", "format_html_join"):
                text = call.args[0] if dotted(call.func) == "format_html" else call.args[1]
                if not isinstance(text, ast.Constant):
                    yield call

    assert found_in(python_files(), check=from_elsewhere) == []


@pytest.mark.parametrize("word", UNESCAPED)
def test_no_template_leaves_text_unescaped(word: str) -> None:
    assert [str(f.relative_to(ROOT)) for f in templates() if word in f.read_text()] == []


def test_no_template_holds_a_script_or_a_style() -> None:
    """The content policy would refuse them in the browser; here it is said earlier."""
    for file in templates():
        text = file.read_text().lower()
        bare = [tag for tag in re.findall(r"<script[^>]*>", text) if " src=" not in tag]
        assert bare == [], file.name
        assert "<style" not in text, file.name
        assert " style=" not in text, file.name
        assert " onclick=" not in text, file.name


def test_what_lies_in_redis_and_in_the_database_is_json() -> None:
    assert celery.conf.task_serializer == "json"
    assert celery.conf.accept_content == ["json"]
    assert celery.conf.result_backend is None
    assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
    assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"
    assert {name: backend["BACKEND"] for name, backend in settings.CACHES.items()} == {
        "default": "lastmile.cache.JsonDatabaseCache",
        # In the process's own memory: nobody else can write there.
        "pages": "django.core.cache.backends.locmem.LocMemCache",
    }


def test_redis_redelivers_no_task_that_is_still_running() -> None:
    visible = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    assert settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < visible
    assert celery.conf.task_acks_late
    assert celery.conf.task_reject_on_worker_lost


def test_the_site_starts_without_the_heavy_packages() -> None:
    code = (
        "import sys, django; django.setup(); import lastmile.urls; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_only_one_driver_of_postgresql_is_installed() -> None:
    """With the newer one beside it, Django would take that."""
    assert find_spec("psycopg") is None
    assert find_spec("psycopg2") is not None


def test_the_environment_is_read_by_settings_and_by_what_runs_before_them() -> None:
    """An app that reads the environment hides a setting."""
    apps = [
        file
        for file in python_files()
        if file.relative_to(ROOT).parts[0] not in ("lastmile", "dev.py", "manage.py")
    ]

    def reads(tree: ast.Module) -> Iterator[ast.expr]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and dotted(node) in ("os.environ", "os.getenv"):
                yield node

    assert found_in(apps, check=reads) == []
