"""Addresses: bringing friends: link, code, and what became of each."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
