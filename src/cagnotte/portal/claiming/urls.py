"""Addresses: claiming what is missing: from a visit to an answer."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
