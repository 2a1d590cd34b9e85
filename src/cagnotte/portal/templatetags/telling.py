"""`{% load telling %}`: how many notices wait for a member."""

from django import template

from cagnotte.notices import centre
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit

register = template.Library()


@register.simple_tag
def unread_count(visit: Visit) -> int:
    """Return how many notices the member has not read; one query over an index of what is unread alone."""
    if visit.member is None:
        return 0
    return centre.unread(shared_connection(), visit.wallet_id)
