"""The report: one self-contained page of what was found, how sure it is, and what it was made of."""

from solarnet_assets.reports.build import build_report, digest

__all__ = ["build_report", "digest"]
