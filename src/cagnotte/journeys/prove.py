"""A proof for somebody outside: of a member's balance, a purchase's bookings, one entry, or an earlier seal."""

from typing import Any, Literal
from uuid import UUID

import psycopg

from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.identity.models import Programme
from cagnotte.journeys.explain import find_purchase, wallet_of
from cagnotte.ledger import proofs, seals
from cagnotte.ledger.seals import Seal
from cagnotte.platform.sql import load

SQL = load("explain")
Connection = psycopg.Connection[Any]

What = Literal["member", "purchase", "entry", "seal"]


def prove(
    connection: Connection,
    programme: Programme,
    what: What,
    name: str,
    *,
    number: int | None = None,
    all_legs: bool = False,
) -> proofs.Document:
    """Return the proof of what `name` names, against the programme's latest seal or its seal `number`.

    name: a member's number; a purchase as `why` takes it; a transaction's id, or id/leg; the number of a seal.
    all_legs: disclose the legs of merchants and of the programme too.

    Raises NotFound for what does not exist or is not sealed, InvalidInput for a name that cannot be one,
    LedgerCorrupt when the books no longer show what was sealed.
    """
    head = seals.head(connection, programme.id, number)
    disclose = proofs.all_legs if all_legs else proofs.members_legs
    if what == "member":
        return proofs.prove_balance(connection, head, wallet_of(connection, programme, name))
    if what == "purchase":
        purchase_id = find_purchase(connection, programme, name)
        facts = [row[0] for row in connection.execute(SQL.facts, {"id": purchase_id})]
        places = proofs.places_of_facts(connection, programme.id, facts)
        return proofs.prove_transactions(connection, head, places, disclose=disclose)
    if what == "entry":
        return _prove_entry(connection, head, name, disclose)
    return proofs.prove_seal(connection, head, int(name))


def _prove_entry(
    connection: Connection, head: Seal, name: str, disclose: proofs.Disclose
) -> proofs.Document:
    identity_told, _, leg_told = name.partition("/")
    try:
        identity, leg = UUID(identity_told), int(leg_told or 0)
    except ValueError as error:
        raise InvalidInput(
            f"“{name}” is neither the id of a transaction nor id/leg.", name=name
        ) from error
    places = proofs.places(connection, [identity])
    if not places:
        raise NotFound(f"There is no transaction {identity}.", transaction_id=identity)
    if not leg:
        return proofs.prove_transactions(connection, head, places, disclose=disclose)
    return proofs.prove_transactions(
        connection, head, places, disclose=lambda _kind, _transaction, each: each == leg
    )
