"""The keys of a programme file as tables in Markdown, made from its schema for docs/reference/programme-file.md."""

import json
from collections.abc import Iterator
from typing import Any

from cagnotte.catalog.programme_file.parsing import json_schema

Schema = dict[str, Any]

TOP = "ProgrammeFile"

WRITTEN_FORMATS = ("percentage", "amount", "date")
"""Kinds of values that are named as they are written."""

PLAIN_TYPES = {
    "object": "mapping",
    "string": "text",
    "boolean": "`true`, `false`",
    "integer": "whole number",
    "number": "number",
}

ALTERNATIVES_SHOWN_MAX = 3
"""More kinds of sections than this are not listed in a cell."""

ORDER = (
    TOP,
    "ProgrammeSection",
    "StorefrontSection",
    "CompanySection",
    "ShopCategorySection",
    "PartySection",
    "MerchantSection",
    "DescriptorsSection",
    "PageSection",
    "ClaimsSection",
    "CategorySection",
    "ContractSection",
    "BaseSection",
    "CommissionSection",
    "ProductsSection",
    "ReleaseSection",
    "SpendingSection",
    "AttributionSection",
    "OfferSection",
    "PercentEffect",
    "CommissionShareEffect",
    "FixedPerOrderEffect",
    "FixedPerUnitEffect",
    "TieredEffect",
    "ProgressiveEffect",
    "TierSection",
    "VoucherEffect",
    "ConditionsSection",
    "LimitsSection",
    "MemberCapSection",
    "FundingSection",
    "PayoutsSection",
    "SourceSection",
    "ConnectedSection",
    "DuplicatesSection",
    "OpeningSection",
    "OpeningRow",
)
"""The sections in the order a reader meets them."""

TITLES = {
    TOP: "The file",
    "ProgrammeSection": "programme",
    "StorefrontSection": "storefront",
    "CompanySection": "storefront: company",
    "ShopCategorySection": "shop_categories",
    "PartySection": "brands, networks",
    "MerchantSection": "merchants",
    "DescriptorsSection": "merchants: descriptors",
    "PageSection": "merchants: page",
    "ClaimsSection": "merchants: page: claims",
    "CategorySection": "categories",
    "ContractSection": "contracts",
    "BaseSection": "contracts: base",
    "CommissionSection": "contracts: commissions",
    "ProductsSection": "contracts: products, excluded",
    "ReleaseSection": "contracts: release",
    "SpendingSection": "contracts: spending",
    "AttributionSection": "contracts: attribution",
    "OfferSection": "offers",
    "PercentEffect": "effect: percent",
    "CommissionShareEffect": "effect: commission_share",
    "FixedPerOrderEffect": "effect: fixed_per_order",
    "FixedPerUnitEffect": "effect: fixed_per_unit",
    "TieredEffect": "effect: tiered",
    "ProgressiveEffect": "effect: progressive",
    "TierSection": "effect: tiers",
    "VoucherEffect": "effect: voucher",
    "ConditionsSection": "offers: conditions",
    "LimitsSection": "offers: limits",
    "MemberCapSection": "offers: limits: per_member",
    "FundingSection": "offers: funding",
    "PayoutsSection": "payouts",
    "SourceSection": "sources: files",
    "ConnectedSection": "sources: connected",
    "DuplicatesSection": "duplicates",
    "OpeningSection": "opening_balances",
    "OpeningRow": "opening_balances: members",
}


def key_tables() -> str:
    """Return one heading and one table per section, ending with a line end."""
    whole = json_schema()
    sections = {TOP: whole, **whole["$defs"]}
    return "\n".join(line for name in ORDER for line in _section(name, sections[name], whole))


def _section(name: str, schema: Schema, whole: Schema) -> Iterator[str]:
    yield f"### {TITLES[name]}"
    yield ""
    yield " ".join(str(schema.get("description", "")).split())
    yield ""
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    required = schema.get("required", [])
    for key, value in schema["properties"].items():
        default = "required" if key in required else _default(value)
        meaning = value.get("description") or _described(value, whole)
        yield f"| `{key}` | {_words(value, whole)} | {default} | {meaning} |"
    yield ""


def _default(value: Schema) -> str:
    default = value.get("default")
    return (
        ""
        if default in (None, "", [], {}) or isinstance(default, dict | list)
        else f"`{json.dumps(default)}`"
    )


def _target(value: Schema, whole: Schema) -> Schema:
    if "$ref" not in value:
        return value
    found: Schema = whole["$defs"][value["$ref"].rsplit("/", 1)[-1]]
    return found


def _described(value: Schema, whole: Schema) -> str:
    """What the type itself says, where the key says nothing."""
    for part in (value, *value.get("anyOf", []), value.get("items", {})):
        target = _target(part, whole)
        if "properties" not in target and target.get("description"):
            return str(target["description"]).split("\n", 1)[0]
    return ""


def _words(value: Schema, whole: Schema) -> str:
    """What may stand there, in words."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[-1]
        return f"see {TITLES[name]}" if name in TITLES else _words(whole["$defs"][name], whole)
    if value.get("format") in WRITTEN_FORMATS:
        return str(value["format"])
    alternatives = [*value.get("anyOf", []), *value.get("oneOf", [])]
    if alternatives:
        return _words_of_any(alternatives, whole)
    if "enum" in value or "const" in value:
        return ", ".join(f"`{word}`" for word in value.get("enum", [value.get("const")]))
    return _words_of_type(value, whole)


def _words_of_any(alternatives: list[Schema], whole: Schema) -> str:
    present = [part for part in alternatives if part.get("type") != "null"]
    if len(present) > ALTERNATIVES_SHOWN_MAX:
        return "mapping"
    return " or ".join(dict.fromkeys(_words(part, whole) for part in present))


def _words_of_type(value: Schema, whole: Schema) -> str:
    if value.get("type") == "array":
        return f"list: {_words(value['items'], whole)}"
    if "file" in value.get("properties", {}):
        return "`{file: NAME.csv}`"
    return PLAIN_TYPES[str(value.get("type"))]
