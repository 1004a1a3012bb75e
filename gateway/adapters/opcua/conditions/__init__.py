"""Alarms and conditions (OPC 10000-9)."""
