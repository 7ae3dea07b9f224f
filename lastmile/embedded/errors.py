"""What can go wrong on the way to running services, in words for the person at the terminal."""


class EmbeddedError(Exception):
    """A service cannot be started; the message says what to do."""


class AlreadyRunningError(EmbeddedError):
    """Another supervisor holds this data folder."""


class StopAskedError(Exception):
    """Ctrl-C or a signal arrived while something was awaited."""
