"""Sessions and what they can ask for (OPC 10000-4 section 5)."""
