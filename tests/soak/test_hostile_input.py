"""The tests of hostile input, with more cases, all sets of options and larger inputs."""

from test_hostile_input import (
    limits_are_met,
    pytestmark,
    test_a_run_of_anything,
    test_programs_end_as_without_us,
    test_twice_the_input_takes_twice_the_steps,
)

__all__ = [
    "limits_are_met",
    "pytestmark",
    "test_a_run_of_anything",
    "test_programs_end_as_without_us",
    "test_twice_the_input_takes_twice_the_steps",
]
