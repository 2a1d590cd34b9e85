"""The desk: pages for those who work for a programme, and for developers who connect a shop to it.

May import: journeys and below. Look next at `urls` for every address, and at `access` for who may open which page.
Signing in is django-allauth's (`signing_in`); its pages wear our components by the templates in `templates/allauth`.
"""
