"""The experiments: each runs real drivers against one scratch table and counts what is in it afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock

from proofs.fault_proxy import Fault, Plan, every, fault_proxy, first_of
from proofs.lab import Lab, Outcome, Victim
from proofs.processes import Driver, ready_drivers
from tideline.jvm import LOCAL_CLASS, S3_CLASS

STOCK = {"folder": "io.delta.storage.HDFSLogStore", "S3": "io.delta.storage.S3SingleDriverLogStore"}
"""What Delta itself takes per kind of store."""

OURS = {"folder": LOCAL_CLASS, "S3": S3_CLASS}
WRITERS = ("a", "b")
DELETE_TRIGGER_MS = 4000
"""Slower than a DELETE, or none would ever come through beside the appends."""

KILLS = 3


def race(lab: Lab, commits: int, *, stock: bool = False, on_line: Callable[[str], None] = lambda _: None) -> Outcome:
    """Two drivers append to one table, each row in a commit of its own.

    Args:
        lab: where.
        commits: of each driver.
        stock: with Delta's own log store, as a demonstration.
        on_line: called with each line that a driver says.
    """
    table = lab.new_table()
    log_store = STOCK[lab.store] if stock else OURS[lab.store]
    options = ["--log-store", log_store, "--count", str(commits)]
    drivers = [
        Driver(lab.settings, lab.work / f"{w}.log", ["append", table, "--name", w, *options], on_line) for w in WRITERS
    ]
    begin = time.monotonic()
    _run(drivers)
    seconds = time.monotonic() - begin
    found = lab.rows(table, ("writer", "id"))
    told = [(w, n) for w, driver in zip(WRITERS, drivers, strict=True) for n in driver.numbers("acknowledged")]
    unknown = sum(len(driver.numbers("unknown")) for driver in drivers)
    return Outcome(
        "two drivers append",
        lab.store,
        log_store.rpartition(".")[2],
        acknowledged=len(told),
        lost=sum(row not in found for row in told),
        twice=sum(count > 1 for count in found.values()),
        seconds=seconds,
        remark=f"{unknown} of unknown outcome" if unknown else "",
        demonstration=stock,
    )


def beside_maintenance(lab: Lab, rounds: int, *, stock: bool = False) -> Outcome:
    """A stream appends while another driver runs OPTIMIZE and VACUUM in turn."""
    rows, found, maintainer, seconds = _beside(lab, "maintain", rounds, 300, stock=stock)
    rounds_done = len(maintainer.numbers("acknowledged"))
    (deleted,) = maintainer.numbers("doomed")
    return _stream_outcome(
        lab,
        "stream beside OPTIMIZE and VACUUM",
        Counter({(n,): 1 for n in range(rows)}),
        found,
        seconds,
        f"{rounds_done} rounds, {deleted} files deleted by the last, stream alive",
        stock=stock,
    )


def beside_deletes(lab: Lab, rounds: int) -> Outcome:
    """A stream appends while another driver deletes rows, each DELETE with a bounded number of tries."""
    rows, found, deleter, seconds = _beside(lab, "delete", rounds, DELETE_TRIGGER_MS, stock=False)
    gone = set(deleter.numbers("acknowledged"))
    refused = len(deleter.numbers("refused"))
    return _stream_outcome(
        lab,
        "stream beside DELETE",
        Counter({(n,): 1 for n in range(rows) if n not in gone}),
        found,
        seconds,
        f"{len(gone)} deleted, {refused} refused loudly, stream alive",
        stock=False,
    )


def faults(lab: Lab, commits: int) -> Outcome:
    """Two drivers append through a proxy that drops replies after the store has acted, sends 503s and trickles."""
    plan: Plan = first_of(
        every(3, Fault.DROP_REPLY, lambda request: request.is_commit),
        every(11, Fault.UNAVAILABLE, lambda _: True),
        every(13, Fault.TRICKLE, lambda _: True),
    )
    with fault_proxy(lab.settings.s3_endpoint, plan) as proxy:
        outcome = race(lab.through(proxy.endpoint), commits)
    met = ", ".join(
        f"{proxy.met[fault]} {fault.value}" for fault in Fault if proxy.met[fault] and fault.value != "passed"
    )
    return _renamed(outcome, "two drivers append, faults on the way", met)


def distant(lab: Lab, commits: int, *, stock: bool = False) -> Outcome:
    """Two drivers append to a store that hears of each commit a moment after it was sent."""
    with fault_proxy(lab.settings.s3_endpoint, every(1, Fault.DELAY, lambda request: request.is_commit)) as proxy:
        outcome = race(lab.through(proxy.endpoint), commits, stock=stock)
    return _renamed(outcome, "two drivers append, store far away", f"{proxy.met[Fault.DELAY]} commits delayed")


def kills(lab: Lab, commits: int, victim: Victim) -> Outcome:
    """Two drivers append while the store is killed with -9 and started again, in the middle of their commits."""
    lock = Lock()
    heard: Counter[str] = Counter()
    at = {2 * commits * part // (KILLS + 1) for part in range(1, KILLS + 1)}

    def on_line(line: str) -> None:
        with lock:
            heard["lines"] += line.startswith(("acknowledged", "unknown"))
            if heard["lines"] in at:
                at.remove(heard["lines"])
                victim.kill()
                heard["kills"] += 1

    outcome = race(lab, commits, on_line=on_line)
    return _renamed(outcome, "two drivers append, store killed", f"{heard['kills']} times killed with -9")


def _renamed(outcome: Outcome, experiment: str, remark: str) -> Outcome:
    remarks = "; ".join(text for text in (remark, outcome.remark) if text)
    return replace(outcome, experiment=experiment, remark=remarks)


def _run(drivers: Sequence[Driver]) -> None:
    with ready_drivers(drivers):
        for driver in drivers:
            driver.go()
        for driver in drivers:
            driver.finish()


def _beside(
    lab: Lab, work: str, rounds: int, trigger_ms: int, *, stock: bool
) -> tuple[int, Counter[tuple[object, ...]], Driver, float]:
    """A stream and another driver's work beside it: rows in, rows found, the other driver, seconds."""
    table = lab.new_path()
    log_store = ["--log-store", STOCK[lab.store] if stock else OURS[lab.store]]
    checkpoint = f"{lab.root}/checkpoint-{work}"
    streaming = ["stream", table, "--checkpoint", checkpoint, "--trigger-ms", str(trigger_ms), *log_store]
    stream = Driver(lab.settings, lab.work / "stream.log", streaming)
    other = Driver(lab.settings, lab.work / f"{work}.log", [work, table, "--count", str(rounds), *log_store])
    begin = time.monotonic()
    with ready_drivers([stream, other]):
        stream.go()
        stream.wait_for("streaming")
        other.go()
        other.finish()
        stream.go()
        stream.finish()
    return stream.numbers("rows")[0], lab.rows(table, ("id",)), other, time.monotonic() - begin


def _stream_outcome(
    lab: Lab,
    experiment: str,
    expected: Counter[tuple[object, ...]],
    found: Counter[tuple[object, ...]],
    seconds: float,
    remark: str,
    *,
    stock: bool,
) -> Outcome:
    unexpected = sum(1 for row in found if row not in expected)
    return Outcome(
        experiment,
        lab.store,
        (STOCK if stock else OURS)[lab.store].rpartition(".")[2],
        acknowledged=expected.total(),
        lost=sum(1 for row in expected if row not in found),
        twice=sum(1 for count in found.values() if count > 1) + unexpected,
        seconds=seconds,
        remark=remark,
        demonstration=stock,
    )
