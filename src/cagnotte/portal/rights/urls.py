"""Addresses: rights over one's data: export, correction, erasure, closing the account."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
