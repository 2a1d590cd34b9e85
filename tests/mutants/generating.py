"""The mutants of a file: what mutmut changes, each told by its function and by the lines that differ.

mutmut writes all variants of a function into one file, behind a switch that reads which of them is on; so one
process that has loaded everything can be forked once per mutant. What it changes are the bodies of functions:
operators, comparisons, constants, arguments, names, strings, conditions. Tables of modules and decorated functions
(properties, context managers) it leaves alone.
"""

import difflib
import os
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Attributes:
        switch: the name under which mutmut turns it on.
        watched: the name under which calls of its function are counted.
        module, function: where it is, such as `cagnotte.domain.money` and `Money.parse`.
        was, becomes: the lines that differ, stripped and joined.
        nth: 2, 3 … when the same change of a function is possible in several places.
    """

    switch: str
    watched: str
    module: str
    function: str
    was: str
    becomes: str
    nth: int

    @property
    def change(self) -> tuple[str, str, str, int]:
        """What identifies the mutant after edits of other functions: place and change."""
        return f"{self.module}.{self.function}", self.was, self.becomes, self.nth


def write_mutants(file: Path, source: Path) -> list[Mutant]:
    """Write all mutants of a file into it; return them. `source` is the folder that packages lie in."""
    # Not among what tests install, so that its types may be missing too.
    mutation: Any = import_module("mutmut.mutation.file_mutation")
    code = file.read_text(encoding="utf-8")
    before = Path.cwd()
    os.chdir(source.parent)  # where mutmut looks for its settings
    try:
        mutated = mutation.mutate_file_contents(str(file), code)
    finally:
        os.chdir(before)
    file.write_text(mutated.code, encoding="utf-8")
    module = ".".join(file.relative_to(source).with_suffix("").parts)
    lines = mutated.code.splitlines()
    spans = mutated.line_span_by_function_name
    seen: Counter[tuple[str, str, str]] = Counter()
    mutants = []
    for name in mutated.mutant_names:
        mangled = name.partition("__mutmut_")[0]
        function = mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        own_name = function.rpartition(".")[2]
        original, variant = (
            [
                line.replace(each, own_name)
                for line in lines[spans[each].start - 1 : spans[each].end]
            ]
            for each in (f"{mangled}__mutmut_orig", name)
        )
        was, becomes = _difference(original, variant)
        seen[function, was, becomes] += 1
        nth = seen[function, was, becomes]
        mutants.append(
            Mutant(f"{module}.{name}", f"{module}.{mangled}", module, function, was, becomes, nth)
        )
    return mutants


def _difference(original: list[str], variant: list[str]) -> tuple[str, str]:
    was, becomes = [], []
    for line in difflib.ndiff(original, variant):
        if line.startswith("- "):
            was.append(line[2:].strip())
        elif line.startswith("+ "):
            becomes.append(line[2:].strip())
    return " ".join(was), " ".join(becomes)
