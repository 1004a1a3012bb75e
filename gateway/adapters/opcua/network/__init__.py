"""Connections and secure channels (OPC 10000-6)."""
