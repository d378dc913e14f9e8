"""Spans to OTLP: the standard exporters with a faster encoder."""
