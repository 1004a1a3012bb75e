"""Who a client is, and what it may do (OPC 10000-2, OPC 10000-18)."""
