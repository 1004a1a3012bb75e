"""From a new value to the bytes that a subscriber gets (OPC 10000-4 sections 5.13 and 5.14)."""
