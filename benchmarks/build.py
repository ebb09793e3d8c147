"""CPU time of `shift-etl build` on the demo's clinic, over that of one script that runs the same SQL in DuckDB.

The script finds the exports landed, so it has less to do: it opens the database, registers the same functions, and
runs the SQL of every model and every test. At most 2.5, measured in turns.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from _measure import compared, cpu_seconds, demo_project, shift

from shift.graph import read_graph
from shift.project import open_project

ROUNDS = 7
SCRIPT = """
import json, sys
import duckdb
from shift import functions

connection = duckdb.connect(sys.argv[1])
connection.execute("set TimeZone = 'UTC'")
functions.register(connection)
for statement in json.load(open(sys.argv[2])):
    connection.execute(statement).fetchall()
"""


def statements(folder: Path) -> list[str]:
    """The compiled SQL of the project: a table or view for each model, and each test of the build."""
    graph = read_graph(open_project(folder))
    models = [graph.models[name] for name in graph.order]
    made = [f"create or replace {model.materialized} {model.relation} as (\n{model.sql}\n)" for model in models]
    tests = [test.sql for test in graph.tests.values() if test.stage == "build"]
    return made + [f"select count(*) from (\n{sql}\n)" for sql in tests]


def main() -> None:
    """Build once, so that the script finds everything landed; then run both in turns."""
    with demo_project() as folder:
        ours = shift("build", folder=folder)
        written = folder / "statements.json"
        written.write_text(json.dumps(statements(folder)), encoding="utf-8")
        landed = folder / "landed.duckdb"
        shutil.copy(folder / "target" / "shift.duckdb", landed)
        bare = [sys.executable, "-c", SCRIPT, str(landed), str(written)]
        cpu_seconds(bare, folder)
        taken = [(cpu_seconds(ours, folder), cpu_seconds(bare, folder)) for _ in range(ROUNDS)]
    compared("build", [one for one, _ in taken], [other for _, other in taken], limit=2.5)


if __name__ == "__main__":
    main()
