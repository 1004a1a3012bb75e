"""Events, their way to those who listen, and what listeners want of them (OPC 10000-4 section 7.22, OPC 10000-5)."""
