"""Sets tracing up for a program: in one line of it, or around it from the command line."""
