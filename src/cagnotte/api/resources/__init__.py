"""The resources of `/v1`, a module each: shapes, a router, and operations that call one selector or journey.

`members` shows every convention at work.
"""
