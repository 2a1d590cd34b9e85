"""A member's whole story in a real browser, with a real mail server: from joining to money on the way to the bank.

In French on a phone and in English on a desktop, and once in a browser that runs no scripts. Anything that a page's
policy forbids, or an error in a script, fails it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import translation
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings

from cagnotte.identity.models import Member
from cagnotte.journeys import load_programme, send_mails, tell_events, tell_members
from cagnotte.journeys.follow_link import Books
from cagnotte.journeys.import_file import import_file
from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform import figures
from cagnotte.platform.database import connect
from cagnotte.portal import going
from cagnotte.portal.look import forget_looks
from cagnotte.world.showcase import rules
from tests.mail_server import MailServer, mail_server, text_of
from tests.pages.conftest import DESKTOP, PHONE, Window

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
PORTAL = f"/p/{rules.SLUG}/"
EMAIL = "lou@example.org"


@dataclass
class Story:
    """The portal, its mail, a person's browser and a clock."""

    address: str
    folder: Path
    post: MailServer
    window: Window
    language: str
    clock: Any
    has_scripts: bool
    files: int = 0
    shops_seen: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        """The page that is open."""
        return self.window.page

    def say(self, words: str) -> str:
        """Return words of ours as the page says them."""
        with translation.override(self.language):
            return str(translation.gettext(words)).replace("%%", "%")

    def press(self, words: str) -> None:
        """Press the button, or follow the link, of these words."""
        told = self.say(words)
        button = self.page.get_by_role("button", name=told, exact=True)
        link = self.page.get_by_role("link", name=told, exact=True)
        button.or_(link).locator("visible=true").first.click()
        self.page.wait_for_load_state()

    def money(self, amount_minor: int) -> str:
        """Return an amount in euros as the page writes it."""
        with translation.override(self.language):
            return figures.money(amount_minor, "EUR")

    def prove(self) -> None:
        """Show by a touch that it is you, where the page asks for it."""
        if "/account/confirm/" in self.page.url:
            if self.has_scripts:
                self.press("Use my passkey")
            else:
                self.press("Send me a code")
                self.page.fill("input[name=code]", self.post.code())
                self.press("Continue")
            expect(self.page).not_to_have_url(re.compile("/account/confirm/"))

    def open(self, path: str) -> None:
        """Go to a page of the portal."""
        self.page.goto(f"{self.address}{PORTAL}{path}")

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.clock.shift(timedelta(**span))

    def take(self, source: str, text: str) -> None:
        """Import what a shop sends."""
        self.files += 1
        path = self.folder / f"{source}-{self.files}.csv"
        path.write_text(text, encoding="utf-8")
        import_file(path, programme=rules.SLUG, source=source, now=datetime.now(UTC))
        self.tell()

    def mature(self) -> None:
        """Do the day's release."""
        with connect() as connection:
            run = ProgrammeRun.open(connection, rules.SLUG, datetime.now(UTC))
            mature(connection, run, on=run.today)
        self.tell()

    def tell(self) -> None:
        """Do what a worker does: tell members, by mail too."""
        with connect() as connection:
            tell_events.tell(connection, now=datetime.now(UTC))
            tell_members.tell(connection, now=datetime.now(UTC))
            # A mail waits a moment for others of its kind.
            self.later(minutes=2)
            send_mails.send(connection, clock=lambda: datetime.now(UTC))


@pytest.fixture(
    params=[("fr", PHONE, True), ("en", DESKTOP, True), ("fr", DESKTOP, False)],
    ids=["phone-fr", "desktop-en", "without-scripts"],
)
def story(
    request: pytest.FixtureRequest,
    committed_db: str,
    cagnotte: str,
    windows: Any,
    settings: Settings,
    tmp_path: Path,
) -> Iterator[Story]:
    language, width, has_scripts = request.param
    going.BOOKS = Books()
    forget_looks()
    with time_machine.travel(MONDAY) as clock, mail_server(settings) as post:
        path = rules.write(tmp_path, today=MONDAY.date(), early=False)
        load_programme.run(path, now=MONDAY - timedelta(days=10))
        locale = "fr-FR" if language == "fr" else "en-GB"
        window = windows(width, locale=locale, scripts=has_scripts)
        with_passkeys(window.page)
        window.page.context.route(
            "https://*.example/**", lambda route: route.fulfill(body="A shop")
        )
        # Passkeys belong to a name; a bare number of a machine has none.
        address = cagnotte.replace("127.0.0.1", "localhost")
        yield Story(address, tmp_path, post, window, language, clock, has_scripts)
    forget_looks()


def with_passkeys(page: Page) -> None:
    """Give the browser an authenticator, as a phone with a fingerprint has one."""
    context: BrowserContext = page.context
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_from_joining_to_the_bank(story: Story) -> None:
    join(story)
    if story.has_scripts:
        make_a_passkey(story)
    find_and_activate(story, "Escale")
    member = Member.objects.get(email=EMAIL)
    watch_a_purchase_arrive(story, member)
    find_and_activate(story, "Foulée")
    see_it_confirmed_and_available(story, member)
    claim_what_is_missing(story)
    withdraw(story)


def join(story: Story) -> None:
    story.page.goto(f"{story.address}/")
    expect(story.page).to_have_url(f"{story.address}{PORTAL}")
    story.open("join/")
    story.page.fill("input[type=email]", EMAIL)
    story.press("Send me a code")
    story.page.fill("input[name=code]", story.post.code())
    story.press("Continue")
    story.page.fill("input[name=name]", "Lou Petit")
    story.page.check("input[name=terms]")
    story.press("Open my cagnotte")
    expect(story.page.locator("h1")).to_contain_text("Lou")


def make_a_passkey(story: Story) -> None:
    story.open("account/security/passkeys/new/")
    story.press("Make it")
    expect(story.page).not_to_have_url(re.compile("/passkeys/new/"))


def come_back(story: Story) -> None:
    """Sign in anew, by a touch or by a code."""
    story.open("sign-in/")
    if story.has_scripts:
        story.press("Use a passkey")
    else:
        story.page.fill("input[type=email]", EMAIL)
        story.press("Send me a code")
        story.page.fill("input[name=code]", story.post.code())
        story.press("Continue")
    expect(story.page).to_have_url(f"{story.address}{PORTAL}")


def find_and_activate(story: Story, shop: str) -> None:
    """Find a shop by the beginning of its name, without its accents, and leave for it."""
    story.open("")
    search = story.page.locator("main input[type=search]").first
    search.fill(shop[:5].replace("é", "e").lower())
    search.press("Enter")
    story.page.get_by_role("link", name=shop).first.click()
    story.page.locator("a[href*='/go/']").first.click()
    # It stops for a moment, to say what was promised, and leads on by itself.
    story.page.wait_for_url("https://*.example/**")
    assert shop[:2].lower() in story.page.url


def watch_a_purchase_arrive(story: Story, member: Member) -> None:
    """200.00 € at 8 %, and 3.00 € for the first purchase: 19.00 € are pending, and every cent is explained."""
    story.later(days=1)
    story.take(
        "orders",
        "order,shop,member,at,currency,amount,status\n"
        f"ESC-1,escale,{member.ref},2026-11-23T11:00:00,EUR,200.00,pending\n",
    )
    assert any("Escale" in subject for subject in story.post.subjects()), story.post.subjects()

    story.open("cagnotte/")
    expect(story.page.locator("main")).to_contain_text(story.money(1900))
    story.open("purchases/")
    story.page.get_by_role("link", name="Escale").first.click()
    main = story.page.locator("main")
    for amount_minor in (1600, 300, 1900):
        expect(main).to_contain_text(story.money(amount_minor))
    story.open("visits/")
    expect(story.page.locator("main")).to_contain_text("Escale")


def see_it_confirmed_and_available(story: Story, member: Member) -> None:
    story.later(days=45)
    story.take("answers", "order,shop,answer,why,line,units,amount\nESC-1,escale,confirm,,,,\n")
    story.later(days=8)
    story.mature()
    assert {mail["To"] for mail in story.post.mails} == {EMAIL}
    assert story.money(1900) in text_of(story.post.mails[-1])
    come_back(story)
    story.open("cagnotte/")
    expect(story.page.locator(".purse")).to_contain_text(story.money(1900))


def claim_what_is_missing(story: Story) -> None:
    """The visit to Foulée led to a purchase that nobody told of."""
    story.open("visits/")
    story.page.locator("summary").filter(has_text=story.say("I bought but see nothing")).click()
    story.page.locator("a[href*='visit=']").first.click()
    story.press("Claim this purchase")
    story.page.fill("input[name=order_ref]", "FOU-77")
    story.page.fill("input[name=ordered_on]", "2026-11-24")
    story.page.fill("input[name=amount]", "80,00" if story.language == "fr" else "80.00")
    story.press("Check it")
    story.press("Continue")
    picture = story.folder / "confirmation.png"
    Image.new("RGB", (40, 20), "white").save(picture)
    story.page.set_input_files("input[type=file]", picture)
    story.press("Upload")
    story.press("Continue")
    story.press("Send my claim")
    expect(story.page.locator("main")).to_contain_text("FOU-77")


def withdraw(story: Story) -> None:
    """A new bank account rests for 72 hours; then all that is available leaves for it."""
    story.open("bank/change/")
    story.prove()
    story.page.fill("input[name=holder]", "Lou Petit")
    story.page.fill("input[name=iban]", "FR14 2004 1010 0505 0001 3M02 606")
    story.press("Save")
    story.open("withdraw/")
    expect(story.page.get_by_role("button", name=story.say("Continue"))).to_have_count(0)

    story.later(hours=73)
    story.open("withdraw/")
    story.press("Continue")
    story.prove()
    with translation.override(story.language):
        confirm = translation.gettext("Withdraw %(amount)s") % {"amount": story.money(1900)}
    story.page.get_by_role("button", name=confirm).click()
    done = story.page.get_by_role("status").filter(
        has_text=story.say("Done: your payout is asked for")
    )
    expect(done).to_be_visible()
    story.open("payouts/")
    expect(story.page.locator("main")).to_contain_text(story.money(1900))
