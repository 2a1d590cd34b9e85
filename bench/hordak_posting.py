"""The posting of `ledger_post`, done by django-hordak: run by `ledger_rival` as a program of its own.

    python bench/hordak_posting.py URL TRANSACTIONS CLIENTS

Its Django has other settings than ours, hence the process of its own; hence too that nothing of `bench` is imported.
Every transaction has four legs on accounts of the same crowd; its triggers are as it ships them. Prints, as JSON,
transactions per second by `bulk_create` in batches of 1,000 and by the ORM, one commit each.
"""

# ruff: noqa: PLC0415 - models can be imported only once Django is set up

import json
import multiprocessing
import random
import sys
import time
from collections.abc import Callable

import django
import psycopg
from django.conf import settings

MEMBERS = 20_000
FUNDERS = 50
BATCH = 1_000
ORM_SHARE = 20
"""The ORM posts one transaction of so many: its speed does not depend on how many there are."""

Posting = Callable[[random.Random, int], None]


def configure(url: str) -> None:
    """Set Django up for this database."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        **{key.upper(): str(parts[name]) for key, name in _names().items() if name in parts},
    }
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
        DATABASES={"default": database},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()


def _names() -> dict[str, str]:
    return {
        "name": "dbname",
        "user": "user",
        "password": "password",
        "host": "host",
        "port": "port",
    }


def prepare() -> None:
    """Make the tables and the accounts, each a root of its own."""
    from django.core.management import call_command
    from hordak.models import Account

    call_command("migrate", verbosity=0)
    kinds = [("LI", MEMBERS), ("AS", FUNDERS), ("LI", 1), ("IN", 1)]
    types = [kind for kind, count in kinds for _ in range(count)]
    Account.objects.bulk_create(
        [
            Account(name=f"account {n}", type=kind, lft=1, rght=2, tree_id=n, level=0)
            for n, kind in enumerate(types, 1)
        ]
    )


def legs(transaction: object, random_: random.Random) -> list[object]:
    """Return the four legs of a purchase: funder against member, shop and margin."""
    from hordak.models import Leg
    from moneyed import Money

    def money(minor: int) -> Money:
        return Money(minor / 100, "EUR")

    reward = random_.randrange(1, 500)
    funder = MEMBERS + 1 + random_.randrange(FUNDERS)
    shop = MEMBERS + FUNDERS + 1
    return [
        Leg(transaction=transaction, account_id=funder, debit=money(reward + 30)),
        Leg(
            transaction=transaction, account_id=1 + random_.randrange(MEMBERS), credit=money(reward)
        ),
        Leg(transaction=transaction, account_id=shop, credit=money(20)),
        Leg(transaction=transaction, account_id=shop + 1, credit=money(10)),
    ]


def bulk(random_: random.Random, count: int) -> None:
    """Post in batches, one commit each."""
    from django.db.transaction import atomic
    from hordak.models import Leg, Transaction

    for _ in range(0, count, BATCH):
        with atomic():
            made = Transaction.objects.bulk_create([Transaction() for _ in range(BATCH)])
            Leg.objects.bulk_create([leg for each in made for leg in legs(each, random_)])


def orm(random_: random.Random, count: int) -> None:
    """Post one by one, as the documentation shows it."""
    from django.db.transaction import atomic
    from hordak.models import Leg, Transaction

    for _ in range(count // ORM_SHARE):
        with atomic():
            for leg in legs(Transaction.objects.create(), random_):
                assert isinstance(leg, Leg)
                leg.save()


def per_second(posting: Posting, count: int, clients: int) -> float:
    """Let clients share the work; return transactions per second, all together."""
    from django.db import connections

    connections.close_all()
    share = count // clients
    workers = [
        multiprocessing.get_context("fork").Process(target=posting, args=(random.Random(n), share))
        for n in range(clients)
    ]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(worker.exitcode == 0 for worker in workers)
    return count / (time.perf_counter() - started)


def main() -> None:
    url, count, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    configure(url)
    prepare()
    speeds = {"bulk": per_second(bulk, count, clients)}
    speeds["orm"] = per_second(orm, count, clients) / ORM_SHARE
    json.dump(speeds, sys.stdout)


if __name__ == "__main__":
    main()
