"""State machines: the open runs and their contexts, and tracing switched on and off."""
