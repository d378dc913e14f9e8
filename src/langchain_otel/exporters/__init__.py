"""Exports spans: as a tree in the terminal, to a file, and as OTLP with a faster encoder."""
