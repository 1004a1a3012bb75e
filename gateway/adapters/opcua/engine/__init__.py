"""What is corrected in asyncua, and its types."""
