"""Servomex 4000-series gas analysers: continuous ASCII frames and Modbus (4100, 4200, 4210, 4900)."""
