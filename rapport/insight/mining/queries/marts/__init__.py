"""Expressions over the warehouse: Ibis tables in, Ibis tables out. They compile for DuckDB and ClickHouse alike.

Nothing at start-up may import these modules (they import ibis): services that run in the worker do, in their functions.
Rules that keep both dialects equal: instants are compared as instants, whole numbers are 64 bits, windows have unique
tie-breakers, what is counted is distinct already, and a bit is moved in a column and never in a literal.
"""
