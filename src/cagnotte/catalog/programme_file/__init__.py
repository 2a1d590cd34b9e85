"""The programme file: a programme as one reviewed YAML file.

`reading` turns YAML into text with the line of every value, `scalars` says how rates, amounts and windows are
written, `schema` is the shape of the file, `problems` words what is wrong with it, `building` makes the domain's
values of it, and `parsing` puts these together.
"""

from cagnotte.catalog.programme_file.building import Definitions
from cagnotte.catalog.programme_file.parsing import (
    ParsedProgramme,
    ProgrammeFileInvalid,
    json_schema,
    parse,
)
from cagnotte.catalog.programme_file.problems import Level, Problem

__all__ = [
    "Definitions",
    "Level",
    "ParsedProgramme",
    "Problem",
    "ProgrammeFileInvalid",
    "json_schema",
    "parse",
]
