"""Bytes only: serial lines, sockets, Modbus framing and the manners of a shared bus."""
