"""Whatever is reported of a run: no exception, no span lost, nothing touched, used up or kept."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile.events import Life, lives
from hostile.lives import OPTIONS, listeners
from seeds import count


def test_a_run_of_anything() -> None:
    """Each callback with any values: its spans are there, sound and bounded."""
    with listeners() as found:

        @settings(
            max_examples=count(60, 20_000),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(life=lives, options=st.sampled_from(sorted(OPTIONS)))
        def hears(life: Life, options: str) -> None:
            found[options].hear(life)

        hears()
