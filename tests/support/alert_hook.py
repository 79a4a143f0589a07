"""Hears what Alertmanager tells people: a line of JSON in the file "heard" for each alert of each
message, {"name", "status", "receiver", "labels", "annotations"}. Listens on a free port of the
loopback interface and writes it to "hook.port" once it does. Both files are in the current folder.
"""
import http.server
import json
import os


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
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
open("heard", "a").close()
with open("hook.port.new", "w") as port:
    print(server.server_port, file=port)
os.rename("hook.port.new", "hook.port")
server.serve_forever()
