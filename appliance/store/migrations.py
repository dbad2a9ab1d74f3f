"""The schema, step by step. A released step is never changed: a new one is added at the end.

``MIGRATIONS[n]`` leads from schema n to schema n + 1; each is one transaction together with the
new number. The number is in ``pragma user_version``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.errors import SchemaTooNew, StoreFailed

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID: Final = 0x414E4C47
"""``pragma application_id``: tells our database from any other SQLite file."""

# Times are whole microseconds since 1970 in UTC. A task's ``seq`` is the order of its creation and
# never used again; tables about one task hang on it and go away with it. ``priority`` is the
# clamped one. Blobs are named by their SHA-256.
_FIRST: Final = (
    """
    CREATE TABLE task (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        type TEXT NOT NULL,
        state TEXT NOT NULL,
        created_us INTEGER NOT NULL,
        queue TEXT NOT NULL,
        priority INTEGER NOT NULL,
        device_type TEXT NOT NULL,
        device_name TEXT,
        module TEXT NOT NULL,
        module_size INTEGER NOT NULL,
        result TEXT,
        result_size INTEGER,
        error TEXT
    ) STRICT
    """,
    "CREATE INDEX task_waiting ON task (queue, priority DESC, seq) WHERE state = 'queued'",
    "CREATE INDEX task_working ON task (seq) WHERE state = 'inprogress'",
    "CREATE INDEX task_by_owner ON task (owner, created_us DESC, id DESC)",
    "CREATE INDEX task_by_time ON task (created_us DESC, id DESC)",
    """
    CREATE TABLE compile_input (
        task INTEGER PRIMARY KEY REFERENCES task ON DELETE CASCADE,
        ode_source TEXT NOT NULL,
        k0 INTEGER
    ) STRICT
    """,
    """
    CREATE TABLE run_input (
        task INTEGER PRIMARY KEY REFERENCES task ON DELETE CASCADE,
        sample_rate INTEGER NOT NULL,
        op_time_s REAL NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE history (
        task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
        n INTEGER NOT NULL,
        state TEXT NOT NULL,
        at_us INTEGER NOT NULL,
        PRIMARY KEY (task, n)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE log (
        task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
        n INTEGER NOT NULL,
        line TEXT NOT NULL,
        PRIMARY KEY (task, n)
    ) STRICT, WITHOUT ROWID
    """,
)

# Lists and counts read the two covering indexes only. Usage and retries have rows of their own,
# because they outlive tasks; usage starts with the runs of the last day that are known.
_SECOND: Final = (
    "DROP INDEX task_by_owner",
    "DROP INDEX task_by_time",
    """
    CREATE INDEX task_of_owner
    ON task (owner, created_us DESC, id DESC, state, type, device_type, device_name)
    """,
    """
    CREATE INDEX task_in_time
    ON task (created_us DESC, id DESC, state, type, device_type, device_name, owner)
    """,
    "CREATE INDEX task_waiting_of_owner ON task (owner) WHERE state = 'queued'",
    "CREATE INDEX task_by_module ON task (module)",
    "CREATE INDEX task_by_result ON task (result) WHERE result IS NOT NULL",
    """
    CREATE TABLE usage (
        owner TEXT NOT NULL,
        device_type TEXT NOT NULL,
        at_us INTEGER NOT NULL,
        PRIMARY KEY (owner, device_type, at_us)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX usage_by_time ON usage (at_us)",
    """
    INSERT OR IGNORE INTO usage
    SELECT owner, device_type, created_us FROM task
    WHERE type = 'run' AND created_us > (SELECT max(created_us) FROM task) - 86400000000
    """,
    """
    CREATE TABLE retry (
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        request TEXT NOT NULL,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        created_us INTEGER NOT NULL,
        at_us INTEGER NOT NULL,
        PRIMARY KEY (owner, key)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX retry_by_time ON retry (at_us)",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, _SECOND)


def schema_number(connection: sqlite3.Connection) -> int:
    """The schema that the database has; 0 for a new one."""
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to the newest schema. Each step is done whole or not at all.

    Raises SchemaTooNew for a database of a newer program, StoreFailed for one that is not ours.
    """
    number = schema_number(connection)
    _check(connection, number)
    for step in range(number, len(MIGRATIONS)):
        _apply(connection, step)


def _check(connection: sqlite3.Connection, number: int) -> None:
    if number > len(MIGRATIONS):
        raise SchemaTooNew(
            f"the database has schema {number}, but this version of analogcloud knows schemas up to"
            f" {len(MIGRATIONS)}: install the newer version again, or restore a backup of before"
        )
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and application != APPLICATION_ID:
        raise StoreFailed("the database file belongs to another program; choose another state_dir")


def _apply(connection: sqlite3.Connection, step: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in MIGRATIONS[step]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {step + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
