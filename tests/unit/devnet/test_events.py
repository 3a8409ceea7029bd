"""How a child ended is said in words."""

import pytest

from orbital.devnet.supervise import Event, Kind


@pytest.mark.parametrize(("status", "said"), [(3, "ended with status 3"), (-9, "was ended by signal 9")])
def test_a_signal_is_told_from_a_status(status, said):
    assert Event(Kind.DIED, "api", 7, status).ending == said
