"""What the scripts of the Python clients share: the local amoCRM's control plane, tokens, and the last line.

Each script is called with the address of the account "For You Real Estate" as its only argument.
"""

import json
import sys
import urllib.request

BASE = sys.argv[1]

ACCOUNT = 31920194
ACCOUNT_NAME = "For You Real Estate"
LEADS = 630
ADMIN = 10110001
AGENT = 10110002
PIPELINE = 7301200
RENT = 7301204
WON = 142
LOST = 143

CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox-secret"
REDIRECT_URI = "http://127.0.0.1:8080/api/amo-crm/callback"


def call(method: str, path: str, body: dict | None = None) -> dict:
    request = urllib.request.Request(
        BASE + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def control(method: str, path: str = "", body: dict | None = None) -> dict:
    return call(method, f"/_sandbox{path}", body)


def without_limit() -> None:
    """For clients that know no limit: they are faster than amoCRM's."""
    control("PATCH", "/faults", {"rate_limit": 0})


def code() -> str:
    """A code as if the administrator had allowed the integration."""
    return control("POST", "/codes", {"account": ACCOUNT})["code"]


def tokens() -> dict:
    """A token pair, for clients that get theirs from elsewhere."""
    return call(
        "POST",
        "/oauth2/access_token",
        {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "grant_type": "authorization_code",
            "code": code(),
            "redirect_uri": REDIRECT_URI,
        },
    )


def refreshes() -> int:
    return control("GET")["counters"]["refreshes"]


def expire() -> None:
    """The access tokens end."""
    control("POST", "/expire", {"account": ACCOUNT})


def revoke() -> None:
    """The grants end, as if an administrator had taken them back."""
    control("POST", "/revoke", {"account": ACCOUNT})


def finish(driven: str) -> None:
    """The line that the runner shows."""
    counters = control("GET")["counters"]
    calls = counters["api_requests"] + counters["token_requests"] + counters["lookups"]
    print(f"{driven}, {calls} calls")
