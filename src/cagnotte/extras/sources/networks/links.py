"""Links through networks that want to know which of their shops a link leads to."""

from urllib.parse import quote, urlsplit

from cagnotte.hooks.sources import Link, Setting, SourceContext, SourceFailed


def shops_setting(what: str) -> Setting:
    """Return the setting that `number_of` reads. what: what the network calls its number of a shop."""
    return Setting(
        "shops",
        f"For links, {what} of each shop's address, such as “shop.example=1001 other.example=1002”.",
        default="",
    )


def number_of(link: Link, context: SourceContext) -> str:
    """Return what the network calls the shop to which a link leads, by the setting `shops`.

    A name covers the names below it: shop.example is also www.shop.example. Raises SourceFailed when none fits.
    """
    host = (urlsplit(link.target).hostname or "").lower()
    numbers = {
        name.lower().strip("."): number
        for name, _, number in (
            entry.partition("=") for entry in context.settings.get("shops", "").split()
        )
    }
    steps = host.split(".")
    for place in range(len(steps)):
        number = numbers.get(".".join(steps[place:]))
        if number:
            return number
    raise SourceFailed(f"The setting “shops” does not say which shop of the network {host} is.")


def quoted(target: str) -> str:
    """Return an address as a value inside another address."""
    return quote(target, safe="")
