"""The PHP plugins of shops: they parse, their own tests pass, and what they send is what Cagnotte reads."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cagnotte.api.resources.holds import NewCapture, NewHold, NewRefund
from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.prestashop import PrestaShop
from cagnotte.extras.sources.shops.woocommerce import WooCommerce
from cagnotte.hooks.sources import (
    BadSignature,
    Incoming,
    Piece,
    PurchaseReport,
    ReportLine,
    SourceContext,
    TraceFound,
)
from tests.sources.case import Case

FOLDER = Path(__file__).parents[2] / "integrations"
PLUGINS = sorted(path.parents[1] for path in FOLDER.glob("*/tests/run.php"))
FILES = sorted(path for plugin in PLUGINS for path in plugin.rglob("*.php"))

WOOCOMMERCE = Case(WooCommerce(), lives=())
PRESTASHOP = Case(PrestaShop(), lives=())


def php(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("php")
    assert program, "The plugins in integrations/ need PHP: apt-get install -y php-cli"
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


@cache
def sent_by(plugin: str) -> dict[str, Any]:
    """Return what a plugin's `show.php` sends: its messages, and its calls of the interface."""
    shown = php(FOLDER / plugin / "tests" / "show.php")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    told: dict[str, Any] = json.loads(shown.stdout)
    return told


def incoming(message: dict[str, Any]) -> Incoming:
    headers = {name.lower(): text for name, text in message["headers"].items()}
    return Incoming("POST", "", "", headers, message["body"].encode())


def read(case: Case, messages: list[dict[str, Any]], context: SourceContext) -> PurchaseReport:
    """Take signed messages as the receiving page does; return how their one order stands."""
    pieces: dict[str, Any] = {}
    for message in messages:
        request = incoming(message)
        signed = case.plugin.verify_signature(request, context)
        for kept in case.plugin.receive(request, context, signed=signed).messages:
            for piece in case.plugin.parse(kept, context):
                assert isinstance(piece, Piece)
                pieces[piece.key] = piece.data
                order = piece.object_id
    report = case.plugin.fold(order, pieces, context)
    assert isinstance(report, PurchaseReport)
    return report


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_each_file_is_php(file: Path) -> None:
    checked = php("-l", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_the_plugins_own_tests_pass(plugin: Path) -> None:
    done = php(plugin / "tests" / "run.php")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout


SAID = {
    "woocommerce": [r"__\(\s*'([^']+)',\s*'cagnotte'"],
    "prestashop": [
        r"->l\(\s*'([^']+)'",
        r"Texts::say\(\s*'([^']+)'",
        r"[?:] '(The cagnotte’s part[^']+)'",
        r"\[\s*'(?:text|secret|switch)',\s*'([^']+)'",
    ],
}
"""How each plugin writes what it says."""


@pytest.mark.parametrize("plugin", sorted(SAID))
def test_all_that_a_plugin_says_is_also_said_in_french(plugin: str) -> None:
    code = "".join(
        file.read_text(encoding="utf-8") for file in (FOLDER / plugin / "cagnotte").rglob("*.php")
    )
    said = {text for pattern in SAID[plugin] for text in re.findall(pattern, code)}
    french = (FOLDER / "php" / "lib" / "french.json").read_text(encoding="utf-8")
    assert len(said) >= 25
    assert said - set(json.loads(french)) == set()


# ---- WooCommerce ----


def test_an_order_that_woocommerce_sends_is_read_exactly() -> None:
    sent = sent_by("woocommerce")
    context = WOOCOMMERCE.context(secrets={"webhook_secret": [sent["secret"]]})
    report = read(WOOCOMMERCE, sent["messages"], context)
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


def test_what_a_cagnotte_pays_of_a_woocommerce_order_is_shared_out_over_it() -> None:
    sent = sent_by("woocommerce")
    context = WOOCOMMERCE.context(secrets={"webhook_secret": [sent["secret"]]})
    paid = {name: read(WOOCOMMERCE, sent[name], context) for name in ("held", "taken", "put_back")}
    # 12.50 of articles of 43.20 and 10.00, and of 6.20 for delivery and a fee.
    shares = [Decimal("9.09"), Decimal("2.10")]
    assert [line.wallet for line in paid["held"].lines] == shares
    assert [line.wallet for line in paid["taken"].lines] == shares
    assert [line.wallet for line in paid["put_back"].lines] == [Decimal(0), Decimal(0)]
    assert [line.amount for line in paid["taken"].lines] == [Decimal("48.00"), Decimal("10.00")]


# ---- PrestaShop ----


def prestashop_context() -> SourceContext:
    sent = sent_by("prestashop")
    signed_at = datetime.fromtimestamp(sent["at"], UTC)
    return PRESTASHOP.context(secrets={"webhook_secret": [sent["secret"]]}, now=signed_at)


def test_an_order_that_prestashop_sends_is_read_exactly() -> None:
    report = read(PRESTASHOP, sent_by("prestashop")["messages"], prestashop_context())
    assert report.order_ref == "XKBKNABJK"
    assert report.occurred_at.utc == datetime(2026, 11, 10, 10, tzinfo=UTC)
    assert (report.status, report.native_status) == (Validation.PENDING, "paid")
    # A voucher of 6.00 is a discount; the 12.50 of the cagnotte are a payment.
    assert report.lines == [
        ReportLine(
            31, "MUG1", 2, Decimal("48.00"), Decimal("4.80"), Decimal("7.20"), Decimal("10.00"),
            returned_quantity=1, returned_amount=Decimal("24.00"),
        ),
        ReportLine(
            32, "11", 1, Decimal("12.00"), Decimal("1.20"), Decimal("1.80"), Decimal("2.50")
        ),
    ]  # fmt: skip
    # Of 5.00, less 2.00 that came back.
    assert report.delivery == Decimal("3.00")
    assert report.traces == [
        TraceFound(Trace.CLICK, "k7m2-p9_q4"),
        TraceFound(Trace.MEMBER_NUMBER, "H1"),
        TraceFound(Trace.PROMO_CODE, "ANA-5"),
    ]


# ---- both ----


@pytest.mark.parametrize("case", [WOOCOMMERCE, PRESTASHOP], ids=lambda case: case.plugin.name)
def test_a_message_under_another_secret_is_refused(case: Case) -> None:
    sent = sent_by(case.plugin.name)
    now = datetime.fromtimestamp(sent.get("at", 0), UTC)
    context = case.context(secrets={"webhook_secret": ["another"]}, now=now)
    for message in sent["messages"]:
        with pytest.raises(BadSignature):
            case.plugin.verify_signature(incoming(message), context)


@pytest.mark.parametrize(
    ("plugin", "order", "merchant", "seconds", "total"),
    [("woocommerce", "14", "maison-verte", 86_400, 5000), ("prestashop", "cart-33", "verte", 7_200, 6500)],
)  # fmt: skip
def test_what_a_checkout_asks_is_what_the_interface_takes(
    plugin: str, order: str, merchant: str, seconds: int, total: int
) -> None:
    calls = [call for call in sent_by(plugin)["calls"] if call["method"] == "POST"]
    assert [call["path"] for call in calls] == [
        "/v1/holds", "/v1/holds/hld_1/capture", "/v1/holds/hld_1/refunds",
    ]  # fmt: skip
    assert [len(call["token"]) for call in calls] == [64, 64, 64]
    held, captured, refunded = (json.loads(call["body"]) for call in calls)
    hold = NewHold.model_validate(held)
    for body in (hold, NewCapture.model_validate(captured), NewRefund.model_validate(refunded)):
        assert body.amount is not None
        assert body.amount.amount_minor == 1250
    assert (hold.order_ref, hold.merchant, hold.expires_in) == (order, merchant, seconds)
    assert hold.order_total is not None
    assert hold.order_total.amount_minor == total


@pytest.mark.parametrize("plugin", ["woocommerce", "prestashop"])
def test_a_packed_plugin_holds_all_that_it_needs(plugin: str, tmp_path: Path) -> None:
    packed = subprocess.run(
        [sys.executable, str(FOLDER / "pack.py"), plugin, "--to", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    (archive,) = tmp_path.glob("*.zip")
    assert archive.name == f"cagnotte-{plugin}-0.1.0.zip"
    assert archive.name in packed.stdout
    shutil.unpack_archive(archive, tmp_path)
    names = {path.name for path in (tmp_path / "cagnotte" / "lib").iterdir()}
    assert names == {path.name for path in (FOLDER / "php" / "lib").iterdir()}
    assert not list(tmp_path.rglob("tests"))
    files = (FOLDER / plugin / "tests" / "stubs.php", tmp_path / "cagnotte" / "cagnotte.php")
    loaded = "".join(f"require '{file}';" for file in files)
    shown = php("-r", f"{loaded} echo count(Cagnotte\\Shop\\French::sentences());")
    assert int(shown.stdout) >= 40
