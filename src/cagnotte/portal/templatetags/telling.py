"""`{% load telling %}`: how many notices wait for a member."""

from django import template

from cagnotte.notices import centre
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit

register = template.Library()


@register.simple_tag
def unread_count(visit: Visit | str) -> int:
    """Return how many notices the member has not read; one query over an index of what is unread alone.

    visit: empty on a page that knows of nobody, such as one that says that there is nothing here.
    """
    if not isinstance(visit, Visit) or visit.member is None:
        return 0
    return centre.unread(shared_connection(), visit.wallet_id)
