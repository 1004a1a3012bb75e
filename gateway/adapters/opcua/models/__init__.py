"""Companion models: analysers as DI devices, PA-DIM process analysers or ADI analyser devices.

The types are our own tables of what OPC 10000-100 (DI), OPC 30081 (PA-DIM) and OPC 10020 (ADI) define, as far as it is
in use; a site may bring the official NodeSet2 files instead. Instances show the same points as the plain tree.
"""
