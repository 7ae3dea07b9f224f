"""The trail of an organization that is erased goes with it, and only then.

Runs with the owner's rights, because the application may only add to the trail. It refuses for an
organization that is open. The guard lets the deletion through as it does for lastmile_trail_expire.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION lastmile_forget_organization(erased bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT SET lastmile.trail_expires = 'yes' AS $$
DECLARE
    forgotten bigint;
BEGIN
    PERFORM 1 FROM organizations_organization
      WHERE id = erased AND NOT active AND closing_on IS NOT NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Only a closed organization is forgotten.';
    END IF;
    DELETE FROM organizations_auditevent WHERE organization_id = erased;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    DELETE FROM organizations_audithead WHERE organization_id = erased;
    RETURN forgotten;
END
$$;
REVOKE ALL ON FUNCTION lastmile_forget_organization(bigint) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lastmile_app') THEN
        GRANT EXECUTE ON FUNCTION lastmile_forget_organization(bigint) TO lastmile_app;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
"""

BACKWARD = "DROP FUNCTION lastmile_forget_organization(bigint)"


class Migration(migrations.Migration):
    dependencies = [("organizations", "0004_trail_expiry")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
