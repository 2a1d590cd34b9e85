"""Addresses: what members are told, and how they want to be told: notices, channels, unsubscribing."""

from django.urls import path

from cagnotte.portal.telling.channels import channels
from cagnotte.portal.telling.devices import device
from cagnotte.portal.telling.notices import notice, notices
from cagnotte.portal.telling.unsubscribing import unsubscribe

urlpatterns = [
    path("notices/", notices, name="portal_notices"),
    path("notices/channels/", channels, name="portal_channels"),
    path("notices/device/", device, name="portal_device"),
    path("notices/stop/<str:token>/", unsubscribe, name="portal_unsubscribe"),
    path("notices/<str:notice_id>/", notice, name="portal_notice"),
]
