from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0005_forget_organization"),
    ]

    operations = [
        migrations.AddField(
            model_name="importbatch",
            name="first_day",
            field=models.DateField(
                help_text="first day on which a period of its rows begins", null=True
            ),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="last_day",
            field=models.DateField(
                help_text="last day on which a period of its rows begins", null=True
            ),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="part",
            field=models.PositiveSmallIntegerField(help_text="from 1; null: not a part", null=True),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="slice_id",
            field=models.CharField(
                blank=True, help_text="parts of one slice are worked off together", max_length=120
            ),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="withdrawn",
            field=models.PositiveIntegerField(
                default=0, help_text="earlier facts that a full slice left out"
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("part__isnull", False),
                    models.Q(("state__in", ["refused", "undone", "discarded"]), _negated=True),
                ),
                fields=("organization", "kind", "source", "initiative", "slice_id", "part"),
                name="batch_part_once",
            ),
        ),
    ]
