"""Tools that know PostgreSQL and Django but no word of the business.

May import `domain`. Look next at `sql` (named queries and COPY) and `postgres` (the embedded server).
"""
