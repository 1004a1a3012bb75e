"""Back ends: one module or folder per family of devices. Each imports its driver's library itself and no other."""
