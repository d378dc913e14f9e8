"""What is remembered by key has an end: the oldest goes first."""

from langchain_otel.content.remembered import BoundedMap


def test_the_oldest_goes() -> None:
    """A key that is put in again is new."""
    remembered: BoundedMap[str, int] = BoundedMap(2)
    for number, key in enumerate("abac"):
        remembered.put(key, number)
    assert remembered.snapshot() == [("a", 2), ("c", 3)]
