"""Exports spans: as a tree in the terminal, and as OTLP with a faster encoder."""
