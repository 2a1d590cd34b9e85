"""Addresses: finding a shop and leaving for it."""

from django.urls import URLPattern, path

from cagnotte.portal.finding.favourites import favourite, favourites
from cagnotte.portal.finding.home import home
from cagnotte.portal.finding.marks import mark
from cagnotte.portal.finding.sharing import share
from cagnotte.portal.finding.shop import shop
from cagnotte.portal.finding.shops import category, find, shops
from cagnotte.portal.finding.suggesting import suggest
from cagnotte.portal.finding.visits import visits

urlpatterns: list[URLPattern] = [
    path("", home, name="portal_home"),
    path("shops/", shops, name="portal_shops"),
    path("find/", find, name="portal_find"),
    path("suggest/", suggest, name="portal_suggest"),
    # References may hold slashes; what is named before them is no shop.
    path("shops/c/<path:ref>/", category, name="portal_category"),
    path("shops/<path:ref>/", shop, name="portal_shop"),
    path("marks/<path:ref>.svg", mark, name="portal_shop_mark"),
    path("favourites/", favourites, name="portal_favourites"),
    path("favourites/<path:ref>/", favourite, name="portal_favourite"),
    path("visits/", visits, name="portal_visits"),
    path("share/", share, name="portal_share"),
]
