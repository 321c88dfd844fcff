"""kvm-mjpeg-httpd(1) from the outside: which requests it accepts, and how it refuses others."""
import http.client
import json
import re
import signal
import urllib.request

from server import ServerTest, basic, read_all, wait


class Requests(ServerTest):
    def test_in_doubt(self):
        """a request whose end or addressee is in doubt is refused, and the connection with it"""
        server = self.start()

        def answer(request):
            """The whole answer; it ends only because the server closes the connection."""
            with server.connect() as connection:
                connection.sendall(request.encode())
                return read_all(connection)

        # Sent after each request: some servers take it for the body, others for a second request.
        hidden = "GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

        def refused(*lines, start="POST /check HTTP/1.1", host="Host: 127.0.0.1\r\n"):
            got = answer(start + "\r\n" + host + "".join(line + "\r\n" for line in lines) + "\r\n" + hidden)
            with self.subTest(start=start, lines=lines, got=got):
                self.assertTrue(got.startswith(b"HTTP/1.1 400 "))
                # libmicrohttpd 1.0 refuses some of these itself, with "HTTP/1.1" in the words of its page.
                self.assertEqual(len(re.findall(rb"HTTP/1\.[01] \d{3} ", got)), 1)
                self.assertIn(b"connection: close", got.lower())

        refused("Content-Length : 44")
        refused("Content-Length\t: 44")
        refused("Content-Length: 44", "Content-Length: 2")
        refused("Content-Length: 44", "Transfer-Encoding: chunked")
        refused("Transfer-Encoding: gzip")
        refused("Transfer-Encoding: gzip, chunked")
        refused("Transfer-Encoding: identity", "Transfer-Encoding: chunked")
        refused("Host: 127.0.0.2", start="GET /state HTTP/1.1")
        refused(start="GET /state HTTP/1.1", host="")
        refused("Origin: http://127.0.0.1", "Origin: http://evil.example")
        refused("Authorization: Basic YTpi", "Authorization: Basic YTpj")
        self.assertIn(b" 400 ", answer("POST /check HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"))
        self.assertIn(b" 200 ", answer("GET /state HTTP/1.0\r\n\r\n"))
        close = "host: 127.0.0.1\r\nconnection: close\r\n"
        chunked = "transfer-encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
        self.assertIn(b" 200 ", answer("POST /check HTTP/1.1\r\n" + close + chunked))

    def test_absolute_form(self):
        """a target in absolute form is served, and its host is the one that counts (RFC 9112, 3.2.2)"""
        server = self.start("--allow-host", "kvm.example.org")

        def status(target, *lines, host="127.0.0.1", method="GET"):
            with server.connect() as connection:
                lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "Connection: close", "", ""]
                connection.sendall("\r\n".join(lines).encode())
                return int(read_all(connection).split()[1])

        proxied = urllib.request.Request(server.url + "/state")
        proxied.set_proxy(f"127.0.0.1:{server.port}", "http")
        with urllib.request.urlopen(proxied) as answer:
            self.assertTrue(json.load(answer)["ok"])
        self.assertEqual(status("http://127.0.0.1"), 200)
        self.assertEqual(status("http://127.0.0.1?action=snapshot"), 200)
        self.assertEqual(status("HTTP://kvm.example.org/state"), 200)
        self.assertEqual(status("http://kvm.example.org/state", host="evil.example"), 200)
        self.assertEqual(status("http://evil.example/state"), 421)
        self.assertEqual(status("http:///state"), 400)
        self.assertEqual(status("http://evil.example@127.0.0.1/state"), 400)
        self.assertEqual(status("http://kvm.example.org/check", "Origin: http://kvm.example.org",
                                "Content-Length: 0", method="POST"), 200)
        self.assertEqual(status("http://kvm.example.org/check", "Origin: http://127.0.0.1",
                                "Content-Length: 0", method="POST"), 403)

    def test_foreign(self):
        """what another site's page sends is refused, with or without an Origin"""
        server = self.start()
        for headers in {"Host": "[localhost]evil.org"}, {"Host": "localhost:80evil.org"}:
            self.assertEqual(server.status("/state", headers), 421, headers)
        for site, status in ("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200):
            self.assertEqual(server.status("/actions", {"Sec-Fetch-Site": site}, b""), status, site)
        with server.open("/metrics") as answer:
            self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_upgrade(self):
        """/ws upgrades only what asks for it"""
        server = self.start()
        complete = {"Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}

        def status(changes={}, method="GET", version="1.1"):
            """The status of an answer to the complete request with changes; None takes a header out."""
            lines = [f"{name}: {value}\r\n" for name, value in {**complete, **changes}.items() if value]
            with server.connect() as connection:
                head = f"{method} /ws HTTP/{version}\r\nHost: 127.0.0.1\r\n{''.join(lines)}\r\n"
                connection.sendall(head.encode())
                return int(connection.recv(1000).split()[1])

        self.assertEqual(status(), 101)
        self.assertEqual(status({"Upgrade": "h2c, WebSocket"}), 101)
        self.assertEqual(status({"Upgrade": None}), 426)
        self.assertEqual(status({"Connection": None}), 426)
        self.assertEqual(status({"Connection": "keep-alive"}), 426)
        self.assertEqual(status({"Sec-WebSocket-Version": "8"}), 426)
        self.assertEqual(status(method="HEAD"), 426)
        self.assertEqual(status(method="POST"), 405)
        self.assertEqual(status(version="1.0"), 426)
        for key in None, "x", "A" * 24, "A" * 22 + "=", "A" * 21 + "~==", "A" * 24 + "==":
            with self.subTest(key=key):
                self.assertEqual(status({"Sec-WebSocket-Key": key}), 400)


class Refusals(ServerTest):
    def assert_refusal(self, text):
        refusal = json.loads(text)
        self.assertIs(refusal["ok"], False, refusal)
        self.assertTrue(refusal["why"], refusal)

    def test_json(self):
        """a refusal is JSON and tells why, and a program's wrong login is one"""
        server = self.start("--passwords", self.passwords())
        wrong = server.refusal("/login", data=b"name=ann&password=bad")
        self.assertEqual(wrong.code, 401)
        self.assert_refusal(wrong.read())
        self.assert_refusal(server.refusal("/state").read())
        login = http.client.HTTPConnection("127.0.0.1", server.port)
        login.request("POST", "/login", "name=ann&password=secret")
        self.assertEqual(login.getresponse().status, 303)
        login.close()
        self.too_long(server, ["Content-Length: 2000000"], bytes(2000000))
        self.too_long(server, ["Transfer-Encoding: chunked"], b"%x\r\n%s\r\n0\r\n\r\n" % (2000000, bytes(2000000)))
        self.assertEqual(server.stop(), 0)
        self.at_the_end()

    def too_long(self, server, lines, body):
        lines = [*lines, "Expect: 100-continue", *(f"{name}: {value}" for name, value in basic("ann").items())]
        connection = server.send_request("/actions", *lines, method="POST")
        # As curl does: the body follows when the server asks for it.
        answer = connection.recv(1 << 16)
        if b" 100 " in answer.split(b"\r\n")[0]:
            answer = answer.partition(b"\r\n\r\n")[2]
            try:
                connection.sendall(body)
            except ConnectionError:
                pass
        answer += read_all(connection)
        self.assert_refusal(answer.partition(b"\r\n\r\n")[2])

    def at_the_end(self):
        """A request that waits gets a refusal when the server stops."""
        server = self.start(feed=("--state", "no-signal"))
        wait(lambda: "no-signal" in server.refusal("/snapshot").read().decode())
        asked, polls = server.metric("kvm_requests_total"), 0
        connection = server.send_request("/snapshot?wait=60")

        def waits():
            nonlocal polls
            polls += 1
            return server.metric("kvm_requests_total") > asked + polls

        wait(waits)
        server.signal(signal.SIGTERM)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        self.assertEqual(answer.status, 503)
        self.assert_refusal(answer.read())
        self.assertEqual(server.wait_end(), 0)
        connection.close()
