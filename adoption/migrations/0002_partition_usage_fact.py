"""Usage facts by month, so that retention can detach one.

`ensure_usage_months` makes partitions on demand. It runs with the owner's rights because the
application's role owns no table; its search path is fixed.
"""

from django.db import migrations

FORWARD = """
ALTER TABLE adoption_usagefact RENAME TO adoption_usagefact_plain;
CREATE TABLE adoption_usagefact (LIKE adoption_usagefact_plain INCLUDING ALL)
    PARTITION BY RANGE (period_start);
DROP TABLE adoption_usagefact_plain;
ALTER TABLE adoption_usagefact
    ADD CONSTRAINT usagefact_subject_tenant FOREIGN KEY (organization_id, subject_id)
        REFERENCES organizations_subject (organization_id, id),
    ADD CONSTRAINT usagefact_initiative_tenant FOREIGN KEY (organization_id, initiative_id)
        REFERENCES portfolio_initiative (organization_id, id);

CREATE FUNCTION ensure_usage_months(first date, last date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month date := date_trunc('month', first)::date;
    made integer := 0;
    name text;
BEGIN
    IF first < DATE '2015-01-01' OR last > CURRENT_DATE + 62 THEN
        RAISE EXCEPTION 'usage months between 2015 and next month only';
    END IF;
    WHILE month <= last LOOP
        name := 'adoption_usagefact_' || to_char(month, 'YYYYMM');
        IF to_regclass(name) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('ensure_usage_months'));
            IF to_regclass(name) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF adoption_usagefact FOR VALUES FROM (%L) TO (%L)',
                    name, month, (month + interval '1 month')::date);
                made := made + 1;
            END IF;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION ensure_usage_months(date, date) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lastmile_app') THEN
        GRANT EXECUTE ON FUNCTION ensure_usage_months(date, date) TO lastmile_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON adoption_usagefact TO lastmile_app;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
"""

BACKWARD = """
DROP FUNCTION ensure_usage_months(date, date);
ALTER TABLE adoption_usagefact RENAME TO adoption_usagefact_parts;
CREATE TABLE adoption_usagefact (LIKE adoption_usagefact_parts INCLUDING ALL);
INSERT INTO adoption_usagefact SELECT * FROM adoption_usagefact_parts;
DROP TABLE adoption_usagefact_parts;
"""


class Migration(migrations.Migration):
    dependencies = [("adoption", "0001_first"), ("organizations", "0002_role_trail_and_cache")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
