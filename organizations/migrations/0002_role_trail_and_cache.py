"""The application's role, the guard of the audit trail and the table of rate limits.

Migrations run as the owner; web and worker run as `lastmile_app`, which owns nothing and may only add
to the trail. Where the owner may not create roles the trigger alone guards, and /readyz says so.
"""

from django.core.management import call_command
from django.db import migrations

ROLE = """
DO $$
BEGIN
    BEGIN
        CREATE ROLE lastmile_app NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    EXECUTE format('GRANT lastmile_app TO %I', current_user);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO lastmile_app', current_schema());
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO lastmile_app',
        current_schema());
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO lastmile_app',
        current_schema());
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lastmile_app',
        current_schema());
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO lastmile_app',
        current_schema());
    REVOKE UPDATE, DELETE ON organizations_auditevent FROM lastmile_app;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'The role lastmile_app cannot be made here; the trigger alone guards the trail.';
END
$$
"""

TRAIL = """
CREATE FUNCTION lastmile_trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only.';
END
$$;
CREATE TRIGGER trail_is_append_only BEFORE UPDATE OR DELETE ON organizations_auditevent
    FOR EACH ROW EXECUTE FUNCTION lastmile_trail_is_append_only();
CREATE TRIGGER trail_is_never_truncated BEFORE TRUNCATE ON organizations_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION lastmile_trail_is_append_only();
"""

NO_TRAIL = """
DROP TRIGGER trail_is_append_only ON organizations_auditevent;
DROP TRIGGER trail_is_never_truncated ON organizations_auditevent;
DROP FUNCTION lastmile_trail_is_append_only();
"""


def make_cache(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_first"),
        ("account", "0001_initial"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(make_cache, migrations.RunPython.noop),
        migrations.RunSQL(TRAIL, NO_TRAIL),
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),
    ]
