#!/usr/bin/env python3
"""The one way in: `python3 dev.py demo`. Needs Python 3.11 and nothing else.

demo       the site with two sample organizations, ready to click through
up         the site without sample data; options go to `manage.py up` (--port, --host)
test       everything: lint, types of imports, tests in a real browser; --quick, --all, or paths
bench      the benchmarks, each a ratio to a yardstick measured in the same run
lint       all static checks
backup     one FILE with the database, its files and sums
restore    FILE into an empty installation
lock       renew requirements/ from pyproject.toml (maintainers; needs uv)

Standard library only, and old syntax: an older Python must get as far as the advice.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / ".stamp"
BASE = ROOT / "requirements" / "base.txt"
TEST = ROOT / "requirements" / "test.txt"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NO_TESTS_COLLECTED = 5

# A key of no installation, so that static checks write none.
LINT_SETTINGS = {"SECRET_KEY": "static-checks-sign-nothing-with-this-key"}
QUICK_CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "import floors": ["lint-imports", "--no-logo"],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
}
SLOW_CHECKS = {
    "types": ["mypy", "."],
    "templates": ["djlint", "templates", "--check", "--lint", "--quiet"],
    "API schema": [
        "manage.py",
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--file",
        os.devnull,
    ],
    "dependencies": ["deptry", "."],
    "spelling": ["codespell"],
}


def main(arguments: list[str]) -> int:
    """Run one subcommand and return its exit code."""
    check_machine()
    commands: dict[str, Callable[[list[str]], int]] = {
        "demo": demo,
        "up": lambda rest: manage("up", *rest),
        "test": test,
        "bench": bench,
        "lint": lambda rest: lint(),
        "backup": lambda rest: manage("backup", *rest),
        "restore": lambda rest: manage("restore", *rest),
        "lock": lambda rest: lock(),
    }
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"], ["help"]) else 2
    return commands[arguments[0]](arguments[1:])


# --- the machine ------------------------------------------------------------------------------
def check_machine() -> None:
    """Leave with advice, or change to a newer Python, where this one cannot serve."""
    if os.name == "nt":
        sys.exit("Windows: run this inside WSL 2.")
    if sys.version_info >= OLDEST:
        return
    for name in NEWER:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, *sys.argv])
    sys.exit(f"Last Mile needs Python 3.11 or newer; this is {sys.version.split()[0]}.")


def prepare(requirements: Path) -> None:
    """Make `.venv` and install the locked packages, unless its stamp says that they are there."""
    make_environment()
    digest = digest_of(requirements)
    if STAMP.exists() and digest in STAMP.read_text().split():
        return
    started = time.monotonic()
    count = sum("==" in line for line in requirements.read_text().splitlines())
    print(f"Installing {count} locked packages into .venv …", flush=True)
    # Away first: an installation cut short must not look whole.
    STAMP.unlink(missing_ok=True)
    pip = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-input",
    ]
    pip += ["--require-hashes", "--only-binary", ":all:", "--no-deps", "-r", str(requirements)]
    if subprocess.run(pip, check=False).returncode:
        sys.exit(
            "The packages could not be installed. pip says why above; its own settings (index, "
            "proxy, certificates) are used unchanged."
        )
    # The tests' lock holds everything of the base lock.
    stamps = {digest, digest_of(BASE)}
    STAMP.write_text("\n".join(sorted(stamps)) + "\n")
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)


def make_environment() -> None:
    """Make `.venv` where it is missing or broken. A working one keeps its own Python."""
    if PYTHON.exists():
        trial = subprocess.run([str(PYTHON), "-c", "import pip"], capture_output=True, check=False)
        if trial.returncode == 0:
            return
        print("The environment in .venv is broken; making it anew.", flush=True)
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        sys.exit(f"This Python cannot make environments. Debian: apt install python{version}-venv")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def digest_of(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


# --- subcommands ------------------------------------------------------------------------------
def manage(*arguments: str) -> int:
    """Become `manage.py …`: one process, so that signals and the exit code pass."""
    prepare(BASE)
    replace([str(ROOT / "manage.py"), *arguments])
    return 0


def demo(rest: list[str]) -> int:
    os.environ["LASTMILE_DEMO"] = "1"
    return manage("up", "--demo", *rest)


def bench(rest: list[str]) -> int:
    prepare(TEST)
    os.chdir(ROOT)
    replace(["-m", "benchmarks", *rest])
    return 0


def replace(arguments: list[str]) -> None:
    sys.stdout.flush()
    os.execv(str(PYTHON), [str(PYTHON), *arguments])


def lint() -> int:
    prepare(TEST)
    failed = run_checks({**QUICK_CHECKS, **SLOW_CHECKS})
    print(f"Failed: {', '.join(failed)}." if failed else "All static checks pass.")
    return 1 if failed else 0


def test(rest: list[str]) -> int:
    """Lint, then pytest, whose closing line comes last. Paths or options of pytest narrow it."""
    prepare(TEST)
    chosen = [word for word in rest if word not in ("--all", "--quick")]
    command = [str(PYTHON), "-m", "pytest", "-n", "2", "--dist", "loadgroup"]
    environment = dict(os.environ)
    if "--all" in rest:
        environment["LASTMILE_TEST_ALL"] = "1"
    if "--quick" in rest:
        command += ["-m", "not browser"]
    else:
        environment["LASTMILE_CHROMIUM"] = browser()
    failed: list[str] = []
    if not chosen:
        failed = run_checks(QUICK_CHECKS)
        command += [] if "--quick" in rest else ["--cov", "--cov-report=term:skip-covered"]
    code = run([*command, *chosen], environment)
    if code == NO_TESTS_COLLECTED and chosen:
        print("No test is chosen by", " ".join(chosen))
        code = 0 if "-m" in chosen else code
    if failed:
        print(f"Static checks failed: {', '.join(failed)}.")
    return code or (1 if failed else 0)


def lock() -> int:
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("Renewing the locks needs uv on PATH.")
    common = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11"]
    common += ["--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
    subprocess.run([*common, "-o", str(BASE)], cwd=ROOT, check=True)
    groups = ["--group", "test", "--group", "lint", "-c", str(BASE)]
    subprocess.run([*common, *groups, "-o", str(TEST)], cwd=ROOT, check=True)
    return 0


# --- parts ------------------------------------------------------------------------------------
def run_checks(checks: dict[str, list[str]]) -> list[str]:
    """Run static checks one after the other; the names of those that failed."""
    failed = []
    for name, (program, *arguments) in checks.items():
        started = time.monotonic()
        done = subprocess.run(
            [*program_of(program), *arguments],
            cwd=ROOT,
            env={**os.environ, **LINT_SETTINGS},
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"{name}: {'failed' if done.returncode else 'ok'} ", end="")
        print(f"({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode:
            print(done.stdout, done.stderr, sep="", flush=True)
            failed.append(name)
    return failed


def program_of(name: str) -> list[str]:
    if name == "manage.py":
        # The check of the migrations' history asks a database that need not run.
        return [str(PYTHON), "-W", "ignore::RuntimeWarning", str(ROOT / name)]
    return [str(VENV / "bin" / name)]


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run a child to its end, passing TERM on; Ctrl-C reaches it through the terminal."""
    with subprocess.Popen(command, cwd=ROOT, env=environment) as child:
        signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return child.wait()


def browser() -> str:
    """The path of a Chromium for the tests, installed where we may; "" where there is none.

    Without one the tests that need it are skipped, loudly; in CI that is an error.
    """
    found = find_browser()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the tests (apt-get) …", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *step], env=quiet, check=False)
        found = find_browser()
    if not found and os.environ.get("CI"):
        sys.exit(
            "No Chromium. In CI the browser tests must run: install it or set LASTMILE_CHROMIUM."
        )
    if not found:
        print("!! NO CHROMIUM: browser tests will be SKIPPED. Install it or set LASTMILE_CHROMIUM.")
    return found


def find_browser() -> str:
    named = os.environ.get("LASTMILE_CHROMIUM", "")
    if named:
        return named
    return next((path for path in map(shutil.which, BROWSERS) if path), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
