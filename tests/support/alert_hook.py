"""Hears what Alertmanager tells people: a line of JSON in the file "heard" for each alert of each
message, {"name", "status", "receiver", "labels", "annotations"}; and its status alone, the last
that was told, in the file "told/NAME" and in "told/NAME LABEL=VALUE" for each label, so that a test
that waits reads a word and starts no program. Listens on a free port of the loopback interface and
writes it to "hook.port" once it does. All of it is in the current folder.
"""
import http.server
import json
import os


def put(path, text):
    """Whole, or as it was: somebody reads it at any time."""
    with open("new", "w", encoding="utf-8") as new:
        new.write(text + "\n")
    os.rename("new", path)


def put_status(alert):
    labels = alert["labels"]
    put(f"told/{labels['alertname']}", alert["status"])
    for name, value in labels.items():
        put(f"told/{labels['alertname']} {name}={value.replace('/', '_')}", alert["status"])


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        lines = [
            json.dumps(
                {
                    "name": alert["labels"]["alertname"],
                    "status": alert["status"],
                    "receiver": told["receiver"],
                    "labels": alert["labels"],
                    "annotations": alert["annotations"],
                },
                ensure_ascii=False,
            )
            for alert in told["alerts"]
        ]
        with open("heard", "a", encoding="utf-8") as heard:
            heard.write("".join(line + "\n" for line in lines))
        for alert in told["alerts"]:
            put_status(alert)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
open("heard", "a").close()
os.mkdir("told")
put("hook.port", str(server.server_port))
server.serve_forever()
