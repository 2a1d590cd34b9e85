"""Whatever anybody does, in whatever order: the books are what the model says, to the minor unit."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Machine
from tests.model.system import Arena

EXAMPLES = int(os.environ.get("CAGNOTTE_MODEL_EXAMPLES", "8"))
"""Runs of the machine; hundreds in the night."""
STEPS = 40
SHRINKING_SECONDS_MAX = 90
"""How long a failing run is made shorter: less than a test may take."""


playing = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    print_blob=True,
    # Explaining takes as long again as shrinking, and the story says more.
    phases=[Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def test_whatever_is_done_the_books_are_what_the_model_says(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", SHRINKING_SECONDS_MAX)
    run_state_machine_as_test(lambda: Machine(arena), settings=playing)  # type: ignore[arg-type]  # anything that makes one
