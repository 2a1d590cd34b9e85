"""Addresses: spending: money paid out, vouchers, donations, shops of the coalition, the code for a till."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
