"""From where a request came, for limits on how often one visitor may do something. Nothing of it is kept as it is."""

from allauth.core.internal.httpkit import get_client_ip
from allauth.core.internal.ratelimit import truncate_ip
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Return a visitor's address on the network, "" where none is known.

    Behind the proxies that CAGNOTTE_PROXIES counts it is the one that they saw, else the one that is connected here.
    Of IPv6 it is the visitor's network: one line has more addresses than could ever be counted.
    """
    try:
        address = get_client_ip(request)
    except ImproperlyConfigured:
        # It came past a proxy, so what it says of itself proves nothing.
        address = request.META.get("REMOTE_ADDR")
    return truncate_ip(address) if address else ""
