"""Turns what LangChain reports of a run into facts: one module an operation."""
