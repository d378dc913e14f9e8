"""In the place of a package that `jsonschema` does without; its grammar takes a second to build."""

raise ImportError("not needed")
