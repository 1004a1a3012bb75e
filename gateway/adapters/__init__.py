"""Northbound side: one folder per protocol, each the only importer of its engine."""
