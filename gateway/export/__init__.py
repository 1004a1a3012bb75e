"""Text made from decoded data and from specs alone; nothing here opens a wire."""
