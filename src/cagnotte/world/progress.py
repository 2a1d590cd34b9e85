"""One bar for the step at work, and a line for each step that is done."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

LABEL_WIDTH = 40


class Steps:
    """Shows steps as they are told: `show("import members.csv", done, total)`; a new name ends the step before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn(f"{{task.description:<{LABEL_WIDTH}}}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            console=console,
            transient=True,
            expand=True,
        )
        self._task = self._bar.add_task("", total=None)
        self._label = ""
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish()
        self._bar.stop()

    def show(self, label: str, done: int, total: int) -> None:
        """Say what is being done, how much of it is done, and of how much; 0: unknown."""
        if label != self._label:
            self._finish()
            self._label, self._started = label, time.perf_counter()
            self._bar.reset(self._task, description=label, total=total or None)
        self._bar.update(self._task, completed=done, total=total or None)

    def _finish(self) -> None:
        if self._label:
            seconds = time.perf_counter() - self._started
            self._console.print(
                f"[green]✔[/] {self._label:<{LABEL_WIDTH}} [dim]{seconds:6.1f} s[/]"
            )
