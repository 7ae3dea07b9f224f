from datetime import date
from pathlib import Path

import pytest

from lastmile.sample.fabrikam import FABRIKAM
from lastmile.sample.northwind import NORTHWIND
from lastmile.sample.plan import Plan
from lastmile.sample.writing import write
from tests.sample.reading import Reading

TODAY = date(2026, 11, 25)


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sample organizations as of TODAY, each in the folder of its slug."""
    folder = tmp_path_factory.mktemp("sample")
    for plan in (NORTHWIND, FABRIKAM):
        write(plan=plan, today=TODAY, folder=folder / plan.slug)
    return folder


def read(plan: Plan, folder: Path) -> Reading:
    return Reading(folder / plan.slug)


@pytest.fixture(scope="session")
def northwind(sample_folder: Path) -> Reading:
    return read(NORTHWIND, sample_folder)


@pytest.fixture(scope="session")
def fabrikam(sample_folder: Path) -> Reading:
    return read(FABRIKAM, sample_folder)
