"""Data files that were asked for, as the page lists them."""

from dataclasses import dataclass

from organizations.calculations.exports import ExportState
from organizations.models import ExportRun, JobRun
from organizations.registry import table_exports

RUNS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """One data file: how far it is, and until when it can be fetched."""

    run: ExportRun
    by: str
    tables_done: int
    tables: int

    @property
    def open(self) -> bool:
        return self.run.state in (ExportState.WAITING, ExportState.RUNNING)

    @property
    def share(self) -> float:
        """How much of it is written, by tables, from 0 to 1."""
        return self.tables_done / self.tables if self.tables else 0.0

    @property
    def ready(self) -> bool:
        return self.run.state == ExportState.DONE

    @property
    def failed(self) -> bool:
        return self.run.state == ExportState.FAILED


def run_lines() -> tuple[RunLine, ...]:
    """The newest runs of the organization in force. Two queries."""
    runs = ExportRun.objects.select_related("asked_by").order_by("-asked_at", "-pk")
    return _lines(list(runs[:RUNS_SHOWN]))


def run_line(run: ExportRun) -> RunLine:
    return _lines([run])[0]


def _lines(runs: list[ExportRun]) -> tuple[RunLine, ...]:
    jobs = JobRun.objects.filter(kind="export", period__in=[str(run.pk) for run in runs])
    steps = {job.period: len(job.steps) for job in jobs}
    return tuple(
        RunLine(
            run=run,
            by=run.asked_by.name,
            tables_done=steps.get(str(run.pk), 0),
            tables=len(table_exports),
        )
        for run in runs
    )
