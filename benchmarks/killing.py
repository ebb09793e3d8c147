"""A load killed 50 times at random, while the CRM drops answers and refuses calls: each record must be there once.

A process that loads is ended from outside (SIGKILL) after a random time, and the next one goes on, until all is in;
then the CRM's records are counted by its own API. Rounds, each in a new workspace, until the kills are used up.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from shift.database import open_database
from shift.project import Project, open_project
from shift.sandbox.twenty import start

KILLS = 50
SEED = 5
KEY = "key-of-the-benchmark"
FAULTS = "drop:rate=0.1,garble:rate=0.05,500:rate=0.05,429:rate=0.1"
COMPANIES, PEOPLE = 300, 1500
ROOT = Path(__file__).parents[1]
LOAD = [sys.executable, str(ROOT / "tests" / "python" / "load_that_dies.py")]

STAGING = f"""
create schema twenty;
create table twenty.company as
select uuid()::varchar as id, 'Company ' || number as name from range({COMPANIES}) as numbers(number);
create table twenty.person as
select
    uuid()::varchar as id,
    {{'firstName': 'Person', 'lastName': number::varchar}} as name,
    {{'primaryEmail': 'p' || number || '@example.test'}} as emails,
    (select min(id) from twenty.company) as companyId,
from range({PEOPLE}) as numbers(number)
"""


def one_round(kills: int, chance: random.Random) -> tuple[int, bool]:
    """One load, killed so many times at most: how often it was, and whether each record is there once."""
    with (
        TemporaryDirectory(prefix="shift-bench-") as folder,
        start(api_key=KEY, faults=FAULTS, seed=chance.randrange(1000), latency=20, automations=False) as url,
    ):
        settings = f"loader: twenty, url: '{url}', api_key: {KEY}, requests_per_minute: 1000000, batch_size: 5"
        text = f"name: bench\nto: twenty\ndestinations: {{twenty: {{{settings}}}}}\n"
        (Path(folder) / "project.yml").write_text(text, encoding="utf-8")
        project = open_project(Path(folder))
        with closing(open_database(project.database)) as connection:
            connection.execute(STAGING)
        before = records(url)
        killed = 0
        while (code := load(project, chance.uniform(0.5, 4.0) if killed < kills else None)) != 0:
            if code > 0:
                sys.exit(f"a load ended with {code}")
            killed += 1
        meant = Counter([f"Company {at}" for at in range(COMPANIES)] + [f"Person {at}" for at in range(PEOPLE)])
        return killed, records(url) - before == meant


def load(project: Project, seconds: float | None) -> int:
    """The exit code of a load that is killed after so many seconds, where it lives that long."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([*LOAD, str(project.root), "0"], env=environment)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def records(url: str) -> Counter[str]:
    """How often each name stands in the CRM."""
    names: Counter[str] = Counter()
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client:
        for plural in ("companies", "people"):
            after = ""
            while True:
                page = client.get(f"/rest/{plural}?limit=200{after}").raise_for_status().json()
                for one in page["data"][plural]:
                    name = one["name"]
                    names[name if isinstance(name, str) else f"{name['firstName']} {name['lastName']}"] += 1
                if not page["pageInfo"]["hasNextPage"]:
                    break
                after = f"&starting_after={page['pageInfo']['endCursor']}"
    return names


def main() -> None:
    chance, kills, rounds, whole = random.Random(SEED), 0, 0, 0
    began = time.monotonic()
    while kills < KILLS:
        killed, exact = one_round(min(10, KILLS - kills), chance)
        kills, rounds, whole = kills + killed, rounds + 1, whole + exact
    seconds = time.monotonic() - began
    print(f"killing: {kills} kills, each record once in {whole} of {rounds} rounds (in all of them), {seconds:.0f} s")
    sys.exit(whole != rounds)


if __name__ == "__main__":
    main()
