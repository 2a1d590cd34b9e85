"""The PHP plugins of shops: they parse, their own tests pass, and what they send is what Cagnotte reads."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cagnotte.api.resources.holds import NewCapture, NewHold, NewRefund
from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops import prestashop
from cagnotte.extras.sources.shops.woocommerce import WooCommerce
from cagnotte.hooks.sources import (
    BadSignature,
    Incoming,
    Piece,
    PurchaseReport,
    ReportLine,
    TraceFound,
)
from tests.sources.case import Case

FOLDER = Path(__file__).parents[2] / "integrations"
PLUGINS = sorted(path.parents[1] for path in FOLDER.glob("*/tests/run.php"))
FILES = sorted(path for plugin in PLUGINS for path in plugin.rglob("*.php"))

WOOCOMMERCE = Case(WooCommerce(), lives=())


def php(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("php")
    assert program, "The plugins in integrations/ need PHP: apt-get install -y php-cli"
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


@cache
def sent_by_woocommerce() -> dict[str, Any]:
    shown = php(FOLDER / "woocommerce" / "tests" / "show.php")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    told: dict[str, Any] = json.loads(shown.stdout)
    return told


def incoming(message: dict[str, Any]) -> Incoming:
    headers = {name.lower(): text for name, text in message["headers"].items()}
    return Incoming("POST", "", "", headers, message["body"].encode())


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_each_file_is_php(file: Path) -> None:
    checked = php("-l", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_the_plugins_own_tests_pass(plugin: Path) -> None:
    done = php(plugin / "tests" / "run.php")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout


def test_an_order_that_woocommerce_sends_is_read_exactly() -> None:
    sent = sent_by_woocommerce()
    context = WOOCOMMERCE.context(secrets={"webhook_secret": [sent["secret"]]})
    pieces: dict[str, Any] = {}
    for message in sent["messages"]:
        request = incoming(message)
        signed = WOOCOMMERCE.plugin.verify_signature(request, context)
        for kept in WOOCOMMERCE.plugin.receive(request, context, signed=signed).messages:
            for piece in WOOCOMMERCE.plugin.parse(kept, context):
                assert isinstance(piece, Piece)
                pieces[piece.key] = piece.data
    report = WOOCOMMERCE.plugin.fold("14", pieces, context)
    assert isinstance(report, PurchaseReport)
    assert report.order_ref == "W-14"
    assert report.occurred_at.utc == datetime(2026, 11, 18, 18, 21, 20, tzinfo=UTC)
    assert report.status is Validation.CONFIRMED
    assert report.lines == [
        ReportLine(
            4, "MUG1", 2, Decimal("48.00"), Decimal("4.80"), Decimal("7.20"),
            returned_quantity=1, returned_amount=Decimal("24.00"),
        ),
        ReportLine(5, "11", 1, Decimal("10.00"), Decimal("0.00"), Decimal("1.67")),
    ]  # fmt: skip
    # Delivery 6.00 and a fee of 0.20, less 1.20 that came back; 2.00 came back of nothing in particular.
    assert (report.delivery, report.refunded) == (Decimal("5.00"), Decimal("2.00"))
    assert report.traces == [
        TraceFound(Trace.CLICK, "k7m2p9q4"),
        TraceFound(Trace.MEMBER_NUMBER, "H1"),
        TraceFound(Trace.PROMO_CODE, "dix"),
    ]


def test_a_message_under_another_secret_is_refused() -> None:
    context = WOOCOMMERCE.context(secrets={"webhook_secret": ["another"]})
    for message in sent_by_woocommerce()["messages"]:
        with pytest.raises(BadSignature):
            WOOCOMMERCE.plugin.verify_signature(incoming(message), context)


def test_what_a_checkout_asks_is_what_the_interface_takes() -> None:
    calls = [call for call in sent_by_woocommerce()["calls"] if call["method"] == "POST"]
    assert [call["path"] for call in calls] == [
        "/v1/holds", "/v1/holds/hld_1/capture", "/v1/holds/hld_1/refunds",
    ]  # fmt: skip
    assert [len(call["token"]) for call in calls] == [64, 64, 64]
    held, captured, refunded = (json.loads(call["body"]) for call in calls)
    hold = NewHold.model_validate(held)
    for body in (hold, NewCapture.model_validate(captured), NewRefund.model_validate(refunded)):
        assert body.amount is not None
        assert body.amount.amount_minor == 1250
    assert (hold.order_ref, hold.merchant, hold.expires_in) == ("14", "maison-verte", 86_400)
    assert hold.order_total is not None
    assert hold.order_total.amount_minor == 5000


def test_the_click_that_prestashop_notes_is_found() -> None:
    shown = php(FOLDER / "prestashop" / "tests" / "show.php")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    context = Case(prestashop.PrestaShop(), lives=()).context()
    found = prestashop._noted({"note": shown.stdout}, context)
    assert found == {"cagnotte_click": "k7m2-p9_q4"}


@pytest.mark.parametrize("name", ["cagnotte/lib/Clicks.php", "tests/checks.php"])
def test_what_plugins_share_is_the_same_in_each(name: str) -> None:
    assert len({(plugin / name).read_bytes() for plugin in PLUGINS}) == 1
