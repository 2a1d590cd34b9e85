"""Contracts that a programme has with its merchants themselves, not through a network."""

import dataclasses
from datetime import date
from uuid import UUID

from cagnotte.catalog import models
from cagnotte.catalog.definitions import contract_from
from cagnotte.catalog.versions import VersionRow, in_force
from cagnotte.domain.contracts import Contract, FunderKind


def contracts_of_merchants(programme_id: UUID, on: date) -> list[Contract]:
    """Return what is in force on a day between the programme and its merchants, by reference."""
    rows = models.Contract.objects.filter(
        programme_id=programme_id, funder_kind=FunderKind.MERCHANT
    )
    columns = [field.name for field in dataclasses.fields(VersionRow)]
    found = in_force(
        VersionRow(*row) for row in rows.order_by("ref", "version").values_list(*columns)
    )
    return [
        contract_from(one.row.definition)
        for one in found
        if one.valid_from <= on <= one.valid_until
    ]
