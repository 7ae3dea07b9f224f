"""The sprint out by REST."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from organizations.api.problems import ProblemSerializer
from organizations.calculations.roles import Scope
from organizations.errors import NotFound
from organizations.models import ApiKey, Organization
from sprints.api.serializers import SprintSerializer
from sprints.calculations.calendar import SprintDay, sprint_day
from sprints.calculations.home import HomeBody, Share
from sprints.models import Sprint
from sprints.reports import SprintHome, sprint_at, sprint_home


class SprintView(APIView):
    """Where the sprint stands."""

    required_scope = Scope.READ_SPRINT

    @extend_schema(
        summary="Read the sprint",
        responses={
            200: SprintSerializer,
            **{status: OpenApiResponse(ProblemSerializer) for status in (401, 403, 404, 429)},
        },
    )
    def get(self, request: Request) -> Response:
        organization = Organization.objects.get(pk=cast(ApiKey, request.auth).organization_id)
        today = datetime.now(UTC).astimezone(ZoneInfo(organization.time_zone)).date()
        sprint = sprint_at(organization_id=organization.pk, today=today)
        if sprint is None:
            raise NotFound("No sprint is planned.", remedy="A program lead starts one.")
        day = sprint_day(starts_on=sprint.span.lower, today=today)
        home = sprint_home(organization_id=organization.pk, today=today)
        return Response(SprintSerializer(_calendar(sprint, day) | _figures(home)).data)


def _calendar(sprint: Sprint, day: SprintDay) -> dict[str, Any]:
    return {
        "name": sprint.name,
        "sprint_state": day.state.value,
        "day": day.day,
        "total": day.total,
        "days_left": day.days_left,
        "starts_on": day.starts_on,
        "ends_on": day.ends_on,
        "phase": day.phase,
        "phases": [asdict(phase) for phase in day.phases],
    }


def _figures(home: SprintHome | None) -> dict[str, Any]:
    body = home.body if home else None
    return {
        "weekly_active": _share(body.active if body else None),
        "weekly_active_at_start": _share(body.active_at_start if body else None),
        "habitual": _share(body.habitual if body else None),
        "data_through": body.data_through if body else None,
        "computed_at": home.computed_at if home else None,
        "definition_version": body.definition_version if body else None,
        "waiting": _waiting(body) if body else None,
    }


def _share(share: Share | None) -> dict[str, Any]:
    if share is None:
        nothing = dict.fromkeys(("value", "k", "n", "week"))
        return {**nothing, "status": "no_data", "at_least": False}
    return {
        "value": share.value,
        "k": share.k,
        "n": share.n,
        "status": share.status.value,
        "week": share.week,
        "at_least": share.at_least,
    }


def _waiting(body: HomeBody) -> dict[str, int]:
    return {
        "unmatched_subjects": body.waiting.unmatched_subjects,
        "failed_batches": body.waiting.failed_batches,
        "silent_weeks": len(body.waiting.silent_weeks),
    }
