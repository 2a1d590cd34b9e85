"""A plugin of pytest that collects the tests once and forks one process per mutant, which runs the tests that matter.

`run.py` starts pytest with it and hands over the work as a file. First all tests run once, unchanged, and tell which
functions they reach and how long they take. Then each mutant is switched on in a process of its own; there the tests
that reach its function run, those first that have killed others of the function, then the fast ones, until one fails.
"""

import json
import os
import resource
import signal
import sys
import time
import warnings
from collections import Counter, defaultdict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

WORK_VARIABLE = "CAGNOTTE_MUTANTS"

KILLED, SURVIVED, BROKEN = 1, 0, 70
"""How a process ends: a test failed, none did, or the test run itself could not go on."""

SLOWER_MAX = 5
"""Tests may use this many times the processor time that they took without a change, and `patience_seconds` more."""

WAITING_MAX = 5
"""And this many times as long by the clock, for those that wait for a server or a busy machine."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the unchanged run told: which functions each test reaches, and the seconds it takes."""

    functions: list[set[str]]
    seconds: list[float]
    failed: list[str]


@dataclass(slots=True)
class Run:
    """A process under way."""

    mutant: dict[str, Any]
    killer: Path
    since: float = field(default_factory=time.monotonic)


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """The same examples for every mutant, none remembered, and none made smaller: the first failure is enough."""
    settings.register_profile(
        "mutants",
        settings.get_profile("cagnotte"),
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
    )
    settings.load_profile("mutants")


def pytest_runtestloop(session: pytest.Session) -> bool:
    """In place of running the tests once, run them for each mutant."""
    # Forked processes have one thread; what others might hold, nobody here holds.
    warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork")
    work = json.loads(Path(os.environ[WORK_VARIABLE]).read_text(encoding="utf-8"))
    with _server(needed=work["database"]):
        reach = _reach(session, Path(work["folder"]))
        if reach.failed:
            for told in reach.failed:
                print(told)  # noqa: T201 - this is what the person who started it reads
            session.testsfailed = len(reach.failed)
            return True
        if work["database"]:
            _remember_template()
        _Runs(session, work, reach).all()
    return True


def _server(*, needed: bool) -> AbstractContextManager[Any]:
    """The database server, kept up for all the processes."""
    if not needed:
        return nullcontext()
    server: AbstractContextManager[Any] = import_module("tests.databases").running_server()
    return server


def _remember_template() -> None:
    """The migrated database is there since all tests have run: no process need look for it again."""
    databases = import_module("tests.databases")
    name = f"template_{databases._digest_of_migrations()}"
    databases.Server.template = lambda _self: name


def _reach(session: pytest.Session, folder: Path) -> Reach:
    """Run every test once, in a process of its own, so that this one stays as it is."""
    told = folder / "reach.json"
    told.unlink(missing_ok=True)
    pid = _fork()
    if pid == 0:
        _ending(BROKEN, lambda: _tell_reach(session, told))
    os.waitpid(pid, 0)
    if not told.exists():
        return Reach([], [], ["The tests could not be run; run them without mutants to see why."])
    found = json.loads(told.read_text(encoding="utf-8"))
    return Reach([set(each) for each in found["functions"]], found["seconds"], found["failed"])


def _tell_reach(session: pytest.Session, told: Path) -> int:
    hit: set[str] = import_module("mutmut.state").state()._stats
    os.environ["MUTMUT_DEPENDENCY_DEPTH"] = "-1"
    _switch("stats")
    _silence()
    failures: list[str] = []

    class Listener:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                failures.append(f"{report.nodeid}\n{report.longreprtext}")

    session.config.pluginmanager.register(Listener())
    functions, seconds = [], []
    for item, following in _with_next(session.items):
        hit.clear()
        begin = time.monotonic()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        seconds.append(time.monotonic() - begin)
        functions.append(sorted(hit))
    told.write_text(
        json.dumps({"functions": functions, "seconds": seconds, "failed": failures}),
        encoding="utf-8",
    )
    return 0


class _Runs:
    """The processes of all mutants, a few at a time."""

    def __init__(self, session: pytest.Session, work: dict[str, Any], reach: Reach) -> None:
        self._session = session
        self._work = work
        self._reach = reach
        self._folder = Path(work["folder"])
        self._under_way: dict[int, Run] = {}
        self._kills: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._by_function: defaultdict[str, list[int]] = defaultdict(list)
        for test, functions in enumerate(reach.functions):
            for function in functions:
                self._by_function[function].append(test)

    def all(self) -> None:
        """Run them, and write what became of each as soon as it is known."""
        with Path(self._work["results"]).open("a", encoding="utf-8") as results:
            for number, mutant in enumerate(self._work["mutants"]):
                tests = self._tests(mutant["watched"])
                if not tests:
                    _write(results, mutant, "unreached", "", 0)
                    continue
                while len(self._under_way) >= self._work["jobs"]:
                    self._reap(results)
                self._start(number, mutant, tests)
            while self._under_way:
                self._reap(results)

    def _tests(self, function: str) -> list[int]:
        kills = self._kills[function]
        reached = self._by_function[function]
        return sorted(reached, key=lambda test: (-kills[test], self._reach.seconds[test]))

    def _start(self, number: int, mutant: dict[str, Any], tests: list[int]) -> None:
        killer = self._folder / f"killer-{number}"
        known = sum(self._reach.seconds[test] for test in tests)
        seconds = int(self._work["patience_seconds"] + SLOWER_MAX * known) + 1
        pid = _fork()
        if pid == 0:
            _ending(KILLED, lambda: _judge(self._session, mutant["switch"], tests, killer, seconds))
        self._under_way[pid] = Run(mutant, killer)

    def _reap(self, results: Any) -> None:
        pid, status = os.wait()
        run = self._under_way.pop(pid, None)
        if run is None:
            return
        killer = ""
        if run.killer.exists():
            test = int(run.killer.read_text(encoding="utf-8"))
            run.killer.unlink()
            killer = self._session.items[test].nodeid
            self._kills[run.mutant["watched"]][test] += 1
        _write(results, run.mutant, _verdict(status), killer, time.monotonic() - run.since)


def _verdict(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code in {-signal.SIGALRM, -signal.SIGXCPU}:
        return "timed out"
    return {SURVIVED: "survived", KILLED: "killed"}.get(code, f"broken {code}")


def _write(results: Any, mutant: dict[str, Any], verdict: str, killer: str, seconds: float) -> None:
    told = {**mutant, "verdict": verdict, "killer": killer, "seconds": round(seconds, 2)}
    results.write(json.dumps(told, ensure_ascii=False) + "\n")
    results.flush()


def _judge(
    session: pytest.Session, switch: str, tests: list[int], killer: Path, seconds: int
) -> int:
    """Run the tests under a mutant until one fails."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WAITING_MAX * seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    _silence()
    _switch(switch)
    for test, following in _with_next(tests):
        item = session.items[test]
        after = None if following is None else session.items[following]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed:
            killer.write_text(str(test), encoding="utf-8")
            if after is not None:
                session._setupstate.teardown_exact(None)
            return KILLED
    return SURVIVED


def _with_next(items: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(items, [*items[1:], None], strict=True))


def _switch(name: str) -> None:
    import_module("mutmut.mutation.trampoline").set_mutant_under_test(name)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for output in (1, 2):
        os.dup2(nowhere, output)


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    return os.fork()


def _ending(otherwise: int, work: Any) -> None:
    """Do the work of a forked process and end it, whatever happens: nothing of the first process may go on here."""
    code = otherwise
    try:
        code = work()
    finally:
        os._exit(code)
