"""What axe finds wrong with a page: all its rules, with those of WCAG 2.2 that it leaves out by itself."""

from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).with_name("axe.min.js").read_text(encoding="utf-8")

ALSO = "{rules: {'target-size': {enabled: true}}}"
"""Success criterion 2.5.8 of WCAG 2.2, level AA; axe asks for it by name."""


OF_MAILS = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}"
"""What holds of a mail: landmarks and headings of a page are those of the program that shows it."""


def violations(page: Page, options: str = ALSO) -> list[str]:
    """Return one line per rule that the page breaks, with the first place where it does."""
    page.evaluate(SCRIPT)
    found = page.evaluate(f"axe.run({options})")
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]} {rule['nodes'][0]['failureSummary']}"
        for rule in found["violations"]
    ]
