"""Dagster definitions: the only package that imports dagster. One module per asset group, no maths."""
