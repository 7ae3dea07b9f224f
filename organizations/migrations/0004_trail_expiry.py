"""The oldest entries of a trail end with their time, and only so.

The guard of the trail lets a deletion through inside lastmile_trail_expire alone: the function sets
a variable that ends with it. It runs with the owner's rights, because the application may only add
to the trail; it writes the cut into the head, so that the rest of the chain still proves itself.
"""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION lastmile_trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('lastmile.trail_expires', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit trail is append-only.';
END
$$;
CREATE FUNCTION lastmile_trail_expire(organization bigint, before timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT SET lastmile.trail_expires = 'yes' AS $$
DECLARE
    cut record;
    gone bigint;
BEGIN
    IF before > now() - interval '360 days' THEN
        RAISE EXCEPTION 'The audit trail is kept for a year at least.';
    END IF;
    PERFORM 1 FROM organizations_audithead h WHERE h.organization_id = organization FOR UPDATE;
    SELECT e.sequence, e.hash INTO cut FROM organizations_auditevent e
        WHERE e.organization_id = organization AND e.at < before
        AND e.sequence < coalesce(
            (SELECT min(kept.sequence) FROM organizations_auditevent kept
             WHERE kept.organization_id = organization AND kept.at >= before),
            9223372036854775807)
        ORDER BY e.sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    DELETE FROM organizations_auditevent e
        WHERE e.organization_id = organization AND e.sequence <= cut.sequence;
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE organizations_audithead h SET cut_sequence = cut.sequence, cut_hash = cut.hash
        WHERE h.organization_id = organization;
    RETURN gone;
END
$$;
REVOKE ALL ON FUNCTION lastmile_trail_expire(bigint, timestamptz) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lastmile_app') THEN
        GRANT EXECUTE ON FUNCTION lastmile_trail_expire(bigint, timestamptz) TO lastmile_app;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
"""

BACKWARD = """
DROP FUNCTION lastmile_trail_expire(bigint, timestamptz);
CREATE OR REPLACE FUNCTION lastmile_trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is append-only.';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_people_access_and_queue")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
