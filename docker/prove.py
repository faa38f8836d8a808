"""``make compose-test``: the live demo, really run, killed and put to rest, with every row accounted for at the end.

It runs as a compose project of its own, on ports of its own, beside any other, and removes all of it afterwards. It
needs Docker with compose and the standard library. ``TWEETS_FILE`` may name a TSV to be replayed instead of generated
tweets.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "tideline-test"
PORTS = {"KAFKA_PORT": "39092", "MINIO_PORT": "39000", "MINIO_CONSOLE_PORT": "39001"}
PORTS |= {"POSTGRES_PORT": "35432", "AIRFLOW_PORT": "38080", "DASHBOARD_PORT": "38501"}
PRODUCERS = ("tweets", "emissions")
KILLED = ("stream", "kafka", "minio")
DAG = "lakehouse_hourly"
DEADLINE_SECONDS = 1800.0
"""For a machine that has other things to do as well; what is said is how long it really took."""

ACCOUNTS = """
import json
from dataclasses import asdict
from cli.accounting import read_accounts
from cli.kafka import read_offsets
from cli.lake import Lake
from tideline.settings import load_settings
settings = load_settings()
print(json.dumps(asdict(read_accounts(Lake(settings), read_offsets(settings)))))
"""
"""Read by the demo's own image as its reader, without Spark."""


class ProofError(Exception):
    """Something is not as the demo promises."""


@dataclass(frozen=True)
class Container:
    """A service's container, as compose and the engine see it."""

    id: str
    service: str
    state: str
    health: str
    exit_code: int

    @property
    def is_up(self) -> bool:
        """Whether it runs well, or ended well."""
        ended = self.state == "exited" and self.exit_code == 0
        return ended or (self.state == "running" and self.health in {"", "healthy"})


def say(sentence: str) -> None:
    """One line with the time since the start."""
    sys.stdout.write(f"{time.monotonic() - STARTED:6.0f} s  {sentence}\n")
    sys.stdout.flush()


STARTED = time.monotonic()


def run(*command: str, check: bool = True) -> str:
    """Run a command; its standard output.

    Raises:
        ProofError: it failed; with what it said.
    """
    environment = os.environ | PORTS | {"COMPOSE_ANSI": "never"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if check and done.returncode:
        msg = f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        raise ProofError(msg)
    return done.stdout


def compose(*arguments: str, check: bool = True) -> str:
    """Run ``docker compose`` for this project."""
    return run("docker", "compose", "--project-name", PROJECT, *arguments, check=check)


def until(what: str, is_so: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """Wait until something is so, and say how long that took; returns what ``is_so`` returned.

    Raises:
        ProofError: it took too long.
    """
    began = time.monotonic()
    while not (found := is_so()):
        if time.monotonic() - began > seconds:
            msg = f"after {seconds:.0f} s still not: {what}"
            raise ProofError(msg)
        time.sleep(2)
    say(f"{what} (after {time.monotonic() - began:.0f} s)")
    return found


def containers() -> dict[str, Container]:
    """The containers of all services, by service."""
    listed = [json.loads(line) for line in compose("ps", "--all", "--format", "json").splitlines()]
    found = [Container(c["ID"], c["Service"], c["State"], c["Health"], c["ExitCode"]) for c in listed]
    return {c.service: c for c in found}


def not_up() -> list[str]:
    """The services that are not as they should be."""
    return [c.service for c in containers().values() if not c.is_up]


def accounts() -> dict[str, Any]:
    """Both proofs of the lake; empty while there are no tables."""
    text = compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "python", "tideline", "-c", ACCOUNTS)
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def rows(found: dict[str, Any]) -> dict[str, int]:
    """Rows in bronze by topic."""
    counted = {part["topic"]: 0 for part in found["partitions"]}
    for part in found["partitions"]:
        counted[part["topic"]] += part["rows"]
    return counted


def have_grown(before: dict[str, int]) -> dict[str, int] | None:
    """The rows in bronze, when every topic has more than before, but for one whose file is at its end."""
    now, producers = rows(accounts()), containers()
    growing = [topic for topic in now if producers[topic].state != "exited"]
    return now if growing and all(now[topic] > before.get(topic, 0) for topic in growing) else None


def build() -> None:
    """Build both images."""
    began = time.monotonic()
    compose("build")
    say(f"images are built ({time.monotonic() - began:.0f} s)")


def start() -> None:
    """Start, and wait until every service is well."""
    for image in sorted(set(compose("config", "--images").split())):
        size = int(run("docker", "image", "inspect", "--format", "{{.Size}}", image))
        say(f"  image {image}: {size / 1e6:,.0f} MB")
    began = time.monotonic()
    compose("up", "--detach")
    until("every service is well", lambda: not not_up())
    say(f"  from `up` to there: {time.monotonic() - began:.0f} s")
    first = until("there are rows of both topics", lambda: have_grown({}))
    then = until("the rows grow", lambda: have_grown(first))
    say(f"  {first} → {then}")


class Airflow:
    """Airflow's API, as its user."""

    def __init__(self) -> None:
        self._url = f"http://127.0.0.1:{PORTS['AIRFLOW_PORT']}"
        passwords = compose("exec", "-T", "airflow-api", "cat", "/secrets/airflow/passwords.json")
        password = json.loads(passwords)["admin"]
        self._token = self._ask("/auth/token", {"username": "admin", "password": password})["access_token"]

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if path != "/auth/token":
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        # The address is our own.
        with urlopen(Request(self._url + path, data, headers), timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def trigger(self, run_id: str) -> None:
        """Start the hourly DAG."""
        self._ask(f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None, "dag_run_id": run_id})

    def is_green(self, run_id: str) -> bool:
        """Whether a run succeeded, in all of its tasks.

        Raises:
            ProofError: it failed; names the tasks.
        """
        state = self._ask(f"/api/v2/dags/{DAG}/dagRuns/{run_id}")["state"]
        tasks = self._ask(f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances")["task_instances"]
        states = {task["task_id"]: task["state"] for task in tasks}
        if state == "failed":
            msg = f"{DAG} failed: {states}"
            raise ProofError(msg)
        return state == "success" and set(states.values()) == {"success"}

    def unpaused(self) -> list[str]:
        """The DAGs whose schedule runs."""
        return sorted(dag["dag_id"] for dag in self._ask("/api/v2/dags")["dags"] if not dag["is_paused"])


class Memory(threading.Thread):
    """Looks at every container's memory, without page cache, until the end; keeps the most that each ever took."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._most: dict[str, float] = {}
        self._last = 0.0

    def run(self) -> None:
        """Look every few seconds."""
        while True:
            shown = run("docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", check=False)
            taken = dict(self._read(line) for line in shown.splitlines() if line.startswith(f"{PROJECT}-"))
            self._most |= {name: max(size, self._most.get(name, 0.0)) for name, size in taken.items()}
            self._last = sum(taken.values())
            time.sleep(5)

    def say(self) -> None:
        """What was found."""
        for name, size in sorted(self._most.items()):
            say(f"  memory of {name}: {size:,.0f} MiB at most")
        say(f"  memory of all now: {self._last:,.0f} MiB")

    def _read(self, line: str) -> tuple[str, float]:
        name, size, *_ = line.split()
        number = size.rstrip("KMGiB")
        mebibytes = float(number) * {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}.get(size.removeprefix(number), 0.0)
        return name.removeprefix(f"{PROJECT}-").rpartition("-")[0], mebibytes


def kill(service: str) -> None:
    """Kill a service's process as a crash would, and wait until the demo has healed by itself, and nothing is lost."""
    container = containers()[service].id
    before = rows(accounts())
    inspect = ("docker", "inspect", "--format", "{{.State.Pid}} {{.RestartCount}}", container)
    pid, restarts = run(*inspect).split()
    image = run("docker", "inspect", "--format", "{{.Config.Image}}", containers()["stream"].id).strip()
    # `docker kill` would count as a manual stop, after which nothing restarts. By a container, the pid is the engine's.
    as_root = ("--rm", "--pid", "host", "--user", "0", "--network", "none", "--entrypoint", "sh")
    run("docker", "run", *as_root, image, "-c", f"kill -9 {pid}")
    say(f"killed {service}, pid {pid}")
    until(f"{service} was restarted", lambda: int(run(*inspect).split()[1]) > int(restarts))
    until("every service is well again", lambda: not not_up())
    healed = rows(accounts())
    after = until("the rows grow again", lambda: have_grown(healed))
    say(f"  {before} → {healed} → {after}")
    wrong = [part for part in accounts()["partitions"] if not part["proven"] or part["rows"] != part["offsets"]]
    if wrong:
        msg = f"after the kill of {service} the accounts do not hold: {wrong}"
        raise ProofError(msg)


def settle(airflow: Airflow) -> None:
    """No more input: then Kafka, bronze, live, silver and gold must hold the same."""
    compose("stop", *PRODUCERS)

    def drained() -> bool:
        parts = accounts()["partitions"]
        return all(part["lag"] == 0 for part in parts)

    until("all that Kafka has is in bronze", drained)
    airflow.trigger("settled")
    until("the hourly run is green", lambda: airflow.is_green("settled"))
    found = accounts()
    for part in found["partitions"]:
        say(
            "  "
            + ", ".join(f"{name} {part[name]}" for name in ("topic", "partition", "kafka", "rows", "offsets", "valid"))
        )
    for event in found["events"]:
        say("  " + ", ".join(f"{name} {value}" for name, value in event.items()))
    say(compose("run", "--rm", "--no-deps", "-T", "tideline", "report").strip())
    say("the accounts hold")


def repeat() -> None:
    """A second `up` changes nothing."""
    secret = ("exec", "-T", "airflow-api", "cat", "/secrets/airflow/passwords.json")
    before, password = containers(), compose(*secret)
    compose("up", "--detach")
    until("every service is well after a second `up`", lambda: not not_up())
    changed = [name for name, container in containers().items() if container.id != before[name].id]
    if changed or compose(*secret) != password:
        msg = f"a second `up` changed {changed or 'the secrets'}"
        raise ProofError(msg)


def remove() -> None:
    """`down -v` leaves nothing."""
    compose("down", "--volumes", "--remove-orphans")
    label = f"label=com.docker.compose.project={PROJECT}"
    for what in ("container", "volume", "network"):
        left = run("docker", what, "ls", "--quiet", *(["--all"] if what == "container" else []), "--filter", label)
        if left:
            msg = f"`down --volumes` left a {what}: {left}"
            raise ProofError(msg)
    say("`down --volumes` left nothing")


@contextmanager
def _logs_on_failure() -> Iterator[None]:
    try:
        yield
    except BaseException:
        sys.stderr.write(compose("ps", "--all", check=False) + compose("logs", "--tail", "40", check=False))
        raise


def main() -> int:
    """Prove it; 0 when all of it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the demo running when something fails")
    parser.add_argument("--built", action="store_true", help="take the images as they are")
    arguments = parser.parse_args()
    remove()
    memory = Memory()
    memory.start()
    try:
        with _logs_on_failure():
            if not arguments.built:
                build()
            start()
            airflow = Airflow()
            say(f"  unpaused: {', '.join(airflow.unpaused())}")
            until("the first hourly run is green", lambda: airflow.is_green("first"))
            memory.say()
            for service in KILLED:
                kill(service)
            settle(airflow)
            repeat()
            memory.say()
    except ProofError as error:
        sys.stderr.write(f"error: {error}\n")
        if not arguments.keep:
            remove()
        return 1
    remove()
    say("the live demo holds what it promises")
    return 0


if __name__ == "__main__":
    sys.exit(main())
