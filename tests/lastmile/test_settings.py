"""What a start refuses, said in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = {"ALLOWED_HOSTS": "lastmile.example", "LASTMILE_HTTPS": "1"}


def start(data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own and say whether a second factor is asked for."""
    ours = ("LASTMILE_", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    code = "from django.conf import settings; print(settings.REQUIRE_MFA)"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=kept
        | {"LASTMILE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "lastmile.settings"}
        | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, "True"),
        ({"LASTMILE_REQUIRE_MFA": "0"}, "False"),
        ({"LASTMILE_DEMO": "1"}, "False"),
        (OUTSIDE, "True"),
    ],
)
def test_a_second_factor_is_asked_for_unless_somebody_here_says_no(
    variables: dict[str, str], asked: str, tmp_path: Path
) -> None:
    started = start(tmp_path, **variables)
    assert started.stdout.strip() == asked, started.stderr


@pytest.mark.parametrize("without", ["LASTMILE_REQUIRE_MFA=0", "LASTMILE_DEMO=1"])
def test_where_others_can_reach_it_nobody_turns_it_off(without: str, tmp_path: Path) -> None:
    name, _, value = without.partition("=")
    started = start(tmp_path, **OUTSIDE, **{name: value})
    assert started.returncode != 0
    assert name in started.stderr.splitlines()[-1]
