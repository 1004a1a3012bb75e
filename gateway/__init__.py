"""The analyser gateway: laboratory and plant analysers as OPC UA nodes and EPICS PVs."""
