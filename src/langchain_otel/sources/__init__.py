"""Observes what LangChain's callbacks do not report: one module a source, and the patch points."""
