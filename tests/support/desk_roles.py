"""python3 desk_roles.py URL ROUTES ROLE...: whether each role gets through to each route of a desk, and nobody else.

ROUTES has lines of "WHO METHOD PATH": a character of WHO is a ROLE, in their order: y gets through,
- is refused; * is also strangers. ROLE.jar has its cookies, as curl keeps them. Only the head of an
answer is read, for a stream has no end. Ends with 1 when one answer is another.
"""
import http.client
import os
import sys
import urllib.parse

PATIENCE_SECONDS = 60 * int(os.environ.get("PATIENCE", "1"))


def cookie_of(role):
    """The cookies of a jar: seven fields between tabs, the last two are name and value."""
    with open(f"{role}.jar", encoding="utf-8") as jar:
        fields = [line.rstrip("\n").split("\t") for line in jar]
    return "; ".join(f"{row[5]}={row[6]}" for row in fields if len(row) == 7)


def status_of(address, method, path, cookie):
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
    headers = {"X-Desk": "1"} | ({"Cookie": cookie} if cookie else {})
    has_body = method not in ("GET", "DELETE")
    if has_body:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body='{"name":1}' if has_body else None, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def gets_through(status):
    return status not in (401, 403) and (status < 500 or status == 503)


def main():
    address = urllib.parse.urlsplit(sys.argv[1]).netloc
    roles = sys.argv[3:]
    cookies = {role: cookie_of(role) for role in roles}
    tried = wrong = 0
    with open(sys.argv[2], encoding="utf-8") as routes:
        for who, method, path in (line.split() for line in routes):
            path = path.replace("{}", "x").replace("{*}", "x")
            for role, may in [("a stranger", who[0])] + list(zip(roles, who)):
                status = status_of(address, method, path, cookies.get(role))
                is_refused = 401 if role == "a stranger" and may != "*" else 403 if may == "-" else 0
                tried += 1
                if status != is_refused if is_refused else not gets_through(status):
                    print(f"{role}: {method} {path}: {status}")
                    wrong += 1
    print(f"{tried} tried, {wrong} not as the table says")
    return 1 if wrong or tried == 0 else 0


sys.exit(main())
