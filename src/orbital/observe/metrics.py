"""Figures for Prometheus. A room declares its own with these helpers; every process serves all of its own.

Names are `orbital_<thing>_<unit>`.
"""

from collections.abc import Sequence
from typing import Final

import prometheus_client

CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST

Counter = prometheus_client.Counter
Gauge = prometheus_client.Gauge
Histogram = prometheus_client.Histogram


def counter(name: str, help_: str, labels: Sequence[str] = ()) -> Counter:
    return Counter(name, help_, labels)


def gauge(name: str, help_: str, labels: Sequence[str] = ()) -> Gauge:
    return Gauge(name, help_, labels)


def histogram(name: str, help_: str, buckets: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
    return Histogram(name, help_, labels, buckets=tuple(buckets))


def render() -> bytes:
    """All figures of this process in Prometheus' text format."""
    return prometheus_client.generate_latest()


def serve(host: str, port: int) -> None:
    """Serve the figures at `http://host:port/metrics` from a thread of their own."""
    prometheus_client.start_http_server(port, addr=host)
