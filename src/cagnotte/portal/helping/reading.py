"""`/p/PROGRAMME/help/`: articles by topic, a search over them, and one article."""

from django.http import HttpResponse
from django.urls import NoReverseMatch
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.portal.helping import articles
from cagnotte.portal.visit import Visit, portal_page

ASKED_LENGTH_MAX = 100
ICONS = {"start": "rocket", "money": "piggy-bank", "trouble": "life-buoy", "account": "shield"}


@require_safe
@portal_page("help")
def help_home(visit: Visit) -> HttpResponse:
    """Show the articles by topic, or those that hold what is asked for."""
    asked = visit.request.GET.get("q", "").strip()[:ASKED_LENGTH_MAX]
    titles = {
        "start": _("Getting started"),
        "money": _("Your money"),
        "trouble": _("When something is missing"),
        "account": _("Your account and your data"),
    }
    library = articles.library(_language())
    topics = [
        (titles[topic], ICONS[topic], [one for one in library if one.topic == topic])
        for topic in articles.TOPICS
    ]
    hits = articles.search(_language(), asked) if asked else []
    return visit.show("portal/helping/help.html", asked=asked, hits=hits, topics=topics)


@require_safe
@portal_page("help")
def help_article(visit: Visit, name: str) -> HttpResponse:
    """Show one article, and others of its topic."""
    found = articles.article(_language(), name)
    others = [
        one
        for one in articles.library(_language())
        if one.topic == found.topic and one.name != name
    ]
    text = found.shown(escape(visit.programme.name), lambda page: _address(visit, page))
    return visit.show(
        "portal/helping/article.html",
        article=found,
        text=mark_safe(text),  # noqa: S308 - our own Markdown, in which HTML is off; the name is escaped
        others=others,
    )


def _language() -> str:
    return (get_language() or "en")[:2]


def _address(visit: Visit, page: str) -> str:
    if page in articles.ORDER:
        return visit.address("portal_article", page)
    try:
        return visit.address(page)
    except NoReverseMatch:
        return ""
