"""Any Modbus instrument by its register table."""
