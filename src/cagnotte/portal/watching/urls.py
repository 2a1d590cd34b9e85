"""Addresses: watching money grow: balances, purchases and why each earned what it did, statements, proofs."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
