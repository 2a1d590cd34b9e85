"""Contracts and offers as JSON and back: exact inverses, in one place.

Every field is written, so that a stored version keeps its meaning when a default changes. A field that a stored
version lacks (it was added later) takes its default, so that old versions stay readable.
"""

import dataclasses
import enum
import types
from collections.abc import Mapping
from datetime import date, time, timedelta
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from cagnotte.domain.contracts import Contract
from cagnotte.domain.offers import (
    CommissionShare,
    Effect,
    FixedPerOrder,
    FixedPerUnit,
    NextOrderVoucher,
    Offer,
    Percent,
    Progressive,
    Tiered,
)

T = TypeVar("T")
Data = dict[str, Any]
"""What JSON can hold: strings, integers, booleans, lists and mappings of these."""

EFFECTS: dict[str, type[Effect]] = {
    "percent": Percent,
    "commission_share": CommissionShare,
    "fixed_per_order": FixedPerOrder,
    "fixed_per_unit": FixedPerUnit,
    "tiered": Tiered,
    "progressive": Progressive,
    "voucher": NextOrderVoucher,
}
"""Every effect by the name that files and stored definitions use."""

EFFECT_NAMES = {effect: name for name, effect in EFFECTS.items()}


def contract_data(contract: Contract) -> Data:
    """Return a contract as JSON-able data; `contract_from` gives the equal contract back."""
    return cast("Data", _encode(contract))


def contract_from(data: Mapping[str, Any]) -> Contract:
    """Return the contract that `contract_data` wrote. Raises InvalidContract when it contradicts itself."""
    return _decode_fields(Contract, data)


def offer_data(offer: Offer) -> Data:
    """Return an offer as JSON-able data; `offer_from` gives the equal offer back."""
    return cast("Data", _encode(offer))


def offer_from(data: Mapping[str, Any]) -> Offer:
    """Return the offer that `offer_data` wrote. Raises InvalidOffer when it contradicts itself."""
    return _decode_fields(Offer, data)


def effect_from(data: Mapping[str, Any]) -> Effect:
    """Return the effect that stands under “effect” in what `offer_data` wrote."""
    return cast("Effect", _decode(Effect, data))


SECOND = timedelta(seconds=1)
"""Spans of time are stored as whole numbers of these."""

TAG = "type"
"""The key under which an effect's name is stored."""


def _encode(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        name = EFFECT_NAMES.get(cast("type[Effect]", type(value)))
        return {TAG: name, **fields} if name else fields
    if isinstance(value, frozenset):
        # Sorted, so that equal values give equal text.
        return sorted(cast("str", _encode(member)) for member in value)
    if isinstance(value, tuple):
        return [_encode(member) for member in value]
    return _encode_scalar(value)


def _encode_scalar(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // SECOND
    return str(value) if isinstance(value, UUID) else value


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _decode_fields(cls: type[T], data: Mapping[str, Any]) -> T:
    hints = _hints(cast("Any", cls))
    return cls(**{name: _decode(hints[name], raw) for name, raw in data.items()})


def _decode(hint: Any, raw: Any) -> Any:
    if hint is Effect:
        fields = {name: value for name, value in raw.items() if name != TAG}
        return _decode_fields(EFFECTS[raw[TAG]], fields)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        present = next(argument for argument in arguments if argument is not types.NoneType)
        return None if raw is None else _decode(present, raw)
    if origin in (frozenset, tuple):
        return origin(_decode(arguments[0], member) for member in raw)
    if dataclasses.is_dataclass(hint):
        return _decode_fields(cast("type[Any]", hint), raw)
    return _decode_scalar(hint, raw)


def _decode_scalar(hint: Any, raw: Any) -> Any:
    if hint in (date, time):
        return hint.fromisoformat(raw)
    if hint is timedelta:
        return raw * SECOND
    return raw if hint in (int, str, bool) else hint(raw)
