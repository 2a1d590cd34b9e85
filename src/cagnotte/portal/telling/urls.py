"""Addresses: what members are told, and how they want to be told: notices, channels, unsubscribing."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
