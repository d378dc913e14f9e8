"""Random programs of LangChain's parts, how they are run, and how their spans are judged."""
