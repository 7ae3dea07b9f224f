from django.apps import AppConfig


class SprintsConfig(AppConfig):
    name = "sprints"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from adoption.registry import register_range
        from organizations.reports.offers import SetupStep, add_setup_step
        from sprints.reports import planned, started_on

        register_range(name="sprint")(started_on)
        add_setup_step(
            SetupStep(
                key="sprint",
                order=30,
                title="Set the sprint's dates",
                hint="Ninety days, three phases of thirty.",
                button="Plan the sprint",
                url_name="sprint_start",
                said=planned,
            )
        )
