"""Secrets stay out of what is printed."""

from orbital.api.settings import ApiSettings


def test_secrets_are_not_in_the_repr():
    shown = repr(ApiSettings(public_url="https://a.example", jwt_secret="s3cret", metrics_token="t0ken"))
    assert "s3cret" not in shown
    assert "t0ken" not in shown
