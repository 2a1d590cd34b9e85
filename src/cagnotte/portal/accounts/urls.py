"""Addresses: joining a programme, signing in, and a member's own account: profile, security, consents."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
