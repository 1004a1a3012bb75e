"""Events, alarms and conditions (OPC 10000-4 section 7.22.3, OPC 10000-9)."""
