"""The ordinary suite's faults, all of them: each allocation, each call, each level of the stack."""

from test_every_allocation import always_collecting, test_collections_at_every_allocation
from test_memory_errors import (
    test_a_call_of_ours_fails,
    test_an_allocation_fails,
    test_the_end_of_a_run_cannot_be_reported,
)
from test_recursion import test_the_stack_is_nearly_full

__all__ = [
    "always_collecting",
    "test_a_call_of_ours_fails",
    "test_an_allocation_fails",
    "test_collections_at_every_allocation",
    "test_the_end_of_a_run_cannot_be_reported",
    "test_the_stack_is_nearly_full",
]
