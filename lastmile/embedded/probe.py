"""Asking our own web server whether it answers."""

import http.client

ANSWER_SECONDS = 5


def ask(*, host: str, port: int, path: str, name: str) -> int | None:
    """The status of a GET under the host name that the site expects; None while nobody answers."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        # As a proxy that ends TLS would say it, or a site behind one redirects the question.
        connection.request("GET", path, headers={"Host": name, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
