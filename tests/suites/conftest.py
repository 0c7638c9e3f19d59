"""Other people's suites, and the clients' own languages, on the built module."""

from module.conftest import card_env, loaded, run_host, start

__all__ = ["card_env", "loaded", "run_host", "start"]
