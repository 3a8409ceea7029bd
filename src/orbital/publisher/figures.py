"""The publisher's figures."""

from typing import Final

from orbital.observe import metrics

PUBLISHED: Final = metrics.counter("orbital_publisher_messages", "Announcements that went out.", ("topic",))
IS_OK: Final = metrics.gauge("orbital_publisher_ok", "1 while announcements go out, 0 while they wait.")
