# ruff: noqa: T201 - prints what its caller was asked for
"""What became of the mutants: kept in a file, compared with the survivors that are explained, printed as a table."""

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

SURVIVORS = Path(__file__).with_name("survivors.toml")
SCORE_MIN = 90
"""Of a hundred mutants, so many must be noticed."""

Change = tuple[str, str, str, int]
"""A function's full name, its lines before and after, and which of several equal changes of it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mutant.

    Attributes:
        verdict: "killed" or "timed out" when a test noticed; "survived" when none did, "unreached" when none reaches
            its function, "explained" when it was not tried, "broken …" when the process could not go on.
        killer: the test that noticed.
    """

    switch: str
    watched: str
    module: str
    function: str
    was: str
    becomes: str
    nth: int
    verdict: str
    killer: str = ""
    seconds: float = 0

    @property
    def change(self) -> Change:
        """What identifies the mutant."""
        return f"{self.module}.{self.function}", self.was, self.becomes, self.nth

    @property
    def is_noticed(self) -> bool:
        """Whether a test noticed it."""
        return self.verdict in {"killed", "timed out"}


def read(file: Path) -> dict[Change, Result]:
    """Read the results kept in a file; the last word on a mutant counts."""
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    results = [Result(**json.loads(line)) for line in lines]
    return {result.change: result for result in results}


def write(file: Path, results: Iterable[Result]) -> None:
    """Write results to a file that `read` reads."""
    lines = [json.dumps(asdict(result), ensure_ascii=False) + "\n" for result in results]
    file.write_text("".join(lines), encoding="utf-8")


def explained() -> set[Change]:
    """Read which changes are known not to be noticed, with a reason."""
    told = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))
    return {
        (function, was, becomes, nth[0] if nth else 1)
        for group in told["survivors"]
        for function, was, becomes, *nth in group["changes"]
    }


def report(results: list[Result], minutes: float, *, whole: bool) -> int:
    """Print who survived unexplained, and a table; return the exit code. `whole`: nothing was left out."""
    excused = explained()
    survivors = {result.change: result for result in results if not result.is_noticed}
    for change, result in survivors.items():
        if change not in excused:
            _print_survivor(result)
    _print_table(results, excused)
    unexplained = len(survivors.keys() - excused)
    noticed = len(results) - len(survivors)
    score = 100 * noticed / len(results) if results else 100
    print(
        f"\n{len(results)} mutants, {noticed} killed, {len(survivors)} survived, "
        f"{len(survivors) - unexplained} explained, score {score:.1f} %, {minutes:.0f} min"
    )
    if whole:
        for function, was, becomes, nth in sorted(excused - survivors.keys()):
            print(f"explained, but no longer there: {function} ({nth})\n  - {was}\n  + {becomes}")
    return int(score < SCORE_MIN or unexplained > 0)


def _print_survivor(result: Result) -> None:
    nth = f" ({result.nth})" if result.nth > 1 else ""
    print(f"\n{result.module}.{result.function}{nth}: {result.verdict}")
    print(f"  - {result.was}\n  + {result.becomes}")


def _print_table(results: list[Result], excused: set[Change]) -> None:
    by_module: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        row = by_module[result.module]
        row["mutants"] += 1
        row["killed"] += result.is_noticed
        row["timed out"] += result.verdict == "timed out"
        row["explained"] += not result.is_noticed and result.change in excused
    heads = ("mutants", "killed", "timed out", "explained")
    print(f"\n{'module':<36}" + "".join(f"{head:>11}" for head in heads) + f"{'score':>9}")
    for module, row in sorted(by_module.items()):
        score = 100 * row["killed"] / row["mutants"]
        print(f"{module:<36}" + "".join(f"{row[head]:>11}" for head in heads) + f"{score:>7.1f} %")
