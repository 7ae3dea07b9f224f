"""The database role that web and worker run in: it owns no table and cannot rewrite the trail."""

from typing import Any

APPLICATION_ROLE = "lastmile_app"


def may_become(cursor: Any, role: str = APPLICATION_ROLE) -> bool:
    """Whether the role exists and the connected user may set it; else connecting with it fails."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        return False
    cursor.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [role])
    return bool(cursor.fetchone()[0])


def make_role(cursor: Any) -> bool:
    """Create the application's role where it is missing; whether it exists afterwards.

    Roles belong to the server, not to the database: a restore onto a new server finds none. The
    first migration makes it too, for databases that begin empty.
    """
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE])
    if cursor.fetchone():
        return True
    cursor.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    if not cursor.fetchone()[0]:
        return False
    cursor.execute(f"CREATE ROLE {APPLICATION_ROLE} NOLOGIN")
    cursor.execute(f"GRANT {APPLICATION_ROLE} TO CURRENT_USER")
    return True


def grant_on_later_tables(cursor: Any) -> None:
    """What later tables allow the role. Such a grant names an owner, so no dump can carry it."""
    cursor.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION_ROLE}"
    )
    cursor.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
        f"GRANT USAGE, SELECT ON SEQUENCES TO {APPLICATION_ROLE}"
    )
