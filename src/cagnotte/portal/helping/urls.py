"""Addresses: help, legal pages, how the programme earns, whether the money is safe; the app on a phone."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
