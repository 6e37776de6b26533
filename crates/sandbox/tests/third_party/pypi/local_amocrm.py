"""What the scripts of the Python clients share: the local amoCRM's control plane, tokens, and the last line.

Each script is called with the address of the account "For You Real Estate" as its only argument.
"""

import http.server
import json
import sys
import threading
import urllib.parse
import urllib.request

BASE = sys.argv[1]
HOST = BASE.partition("://")[2]

ACCOUNT = 31920194
ACCOUNT_NAME = "For You Real Estate"
SUBDOMAIN = "foryou"
LEADS = 630
ADMIN = 10110001
AGENT = 10110002
PIPELINE = 7301200
RENT = 7301204
WON = 142
LOST = 143
FIRST_STAGE = PIPELINE * 9 + 4
SECOND_STAGE = PIPELINE * 9 + 8
RENT_STAGE = RENT * 9 + 4

# Custom fields of leads.
OBJECT_TYPE = 594001
HOUSE = 594101
AREA = 594002
ADDRESS = 594003
PARKING = 594005
AMENITIES = 594007

CLIENT_ID = "sandbox"
CLIENT_SECRET = "sandbox-secret"
REDIRECT_URI = "http://127.0.0.1:8080/api/amo-crm/callback"


def call(method: str, path: str, body: object = None, token: str = "") -> dict:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, method=method, data=data, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def control(method: str, path: str = "", body: dict | None = None) -> dict:
    return call(method, f"/_sandbox{path}", body)


def without_limit() -> None:
    """For clients that know no limit: they are faster than amoCRM's."""
    control("PATCH", "/faults", {"rate_limit": 0, "account_rate_limit": 0})


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


def api(method: str, path: str, body: object = None) -> dict:
    """A call of the API by the administrator, for what a client that only reads is to find."""
    return call(method, f"/api/v4/{path}", body, tokens()["access_token"])


def refreshes() -> int:
    return control("GET")["counters"]["refreshes"]


def expire() -> None:
    """The access tokens end."""
    control("POST", "/expire", {"account": ACCOUNT})


def revoke() -> None:
    """The grants end, as if an administrator had taken them back."""
    control("POST", "/revoke", {"account": ACCOUNT})


def refused(error: type[BaseException], act, *arguments, **options) -> BaseException:
    """Asserts that `act` fails with `error`, and gives that."""
    try:
        given = act(*arguments, **options)
    except error as refusal:
        return refusal
    raise AssertionError(f"{act} was not refused: {given}")


async def refused_soon(error: type[BaseException], awaited) -> BaseException:
    """As `refused`, for what is awaited."""
    try:
        given = await awaited
    except error as refusal:
        return refusal
    raise AssertionError(f"it was not refused: {given}")


class Hooks(http.server.BaseHTTPRequestHandler):
    """A receiver of webhooks, which keeps their bodies."""

    bodies: list[str] = []
    heard = threading.Condition()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
        with self.heard:
            self.bodies.append(body)
            self.heard.notify_all()

    def log_message(self, *_) -> None:
        pass

    @classmethod
    def listen(cls) -> str:
        """Starts to listen, and gives the address."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), cls)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/hooks"

    @classmethod
    def wait_for(cls, text: str) -> str:
        """The first body that has `text` in it when it is decoded, as it came."""

        def found() -> str | None:
            return next((body for body in cls.bodies if text in urllib.parse.unquote_plus(body)), None)

        with cls.heard:
            assert cls.heard.wait_for(found, timeout=20), (text, cls.bodies)
            return found()


def finish(driven: str) -> None:
    """The line that the runner shows."""
    counters = control("GET")["counters"]
    calls = counters["api_requests"] + counters["token_requests"] + counters["lookups"]
    print(f"{driven}, {calls} calls")
