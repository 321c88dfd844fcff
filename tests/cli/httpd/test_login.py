"""kvm-mjpeg-httpd(1) from the outside: sessions, roles, and guessed passwords."""
import http.client
import itertools
import signal
import time

from server import PATIENCE_S, ServerTest, basic, password_hash, wait


class Login(ServerTest):
    def test_session_ends(self):
        """what a session opened ends with it: by logout, by another password; others go on"""
        passwords = self.passwords()
        server = self.start("--passwords", passwords)

        def ask(method, path, body=None, headers={}):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
            connection.request(method, path, body, headers)
            return connection.getresponse()

        def login(name):
            return ask("POST", "/login", f"name={name}&password=secret").getheader("Set-Cookie").split(";")[0]

        def opened(headers):
            """A WebSocket and a stream of that user."""
            stream = ask("GET", "/stream", headers=headers)
            self.assertEqual(stream.status, 200)
            self.assertTrue(stream.read(1))
            # No frame is ever new enough, so this request waits.
            snapshot = server.send_request("/snapshot?max_age=0&wait=60", "Connection: close",
                                           *(f"{name}: {value}" for name, value in headers.items()))
            return server.console(headers), stream, snapshot

        def ends(ws, stream, snapshot):
            try:
                while ws.receive():
                    pass
            except EOFError:
                pass
            stream.read()
            with snapshot:
                self.assertEqual(snapshot.recv(12), b"HTTP/1.1 401")

        def goes_on(ws, stream, snapshot):
            ws.pong()
            self.assertEqual(len(stream.read(5000)), 5000)

        ann, tablet, bob = (login(name) for name in ("ann", "ann", "bob"))
        of_ann, of_tablet, of_bob = (opened({"Cookie": cookie}) for cookie in (ann, tablet, bob))
        of_script = opened(basic("ann"))
        self.assertEqual(ask("POST", "/logout", headers={"Cookie": ann}).status, 303)
        ends(*of_ann)
        for viewers in of_tablet, of_bob, of_script:
            goes_on(*viewers)
        bobs_line = passwords.read_text().splitlines()[1]
        passwords.write_text(f"ann:{password_hash('new')}:control\n{bobs_line}\n")
        server.signal(signal.SIGHUP)
        ends(*of_tablet)
        ends(*of_script)
        goes_on(*of_bob)
        self.assertEqual(ask("POST", "/logout", headers={"Cookie": bob}).status, 303)
        ends(*of_bob)

    def test_view_role(self):
        """the view role sees and cannot touch"""
        server = self.start("--passwords", self.passwords())
        bob = basic("bob")
        self.assertEqual(server.status("/snapshot?wait=30", bob), 200)
        self.assertEqual(server.status("/actions", bob, b"key a"), 403)
        ws = server.console(bob)
        self.assertEqual(ws.message("state")["you"]["role"], "view")
        ws.picture()
        ws.send("key a")
        self.assertIn("view", ws.message("error")["why"])
        ws.send('{"op":"control","take":true}')
        ws.pong()
        self.assertEqual(server.lines(), [])
        self.assertIsNone(server.state(bob)["kvm"]["controller"]["id"])

    def test_guessing(self):
        """who guesses waits, longer each time, and the others do not"""
        server = self.start("--passwords", self.passwords(), "--trust-proxy")

        def guess(password, seen_from, form=None):
            headers = {"X-Forwarded-For": seen_from, "X-Forwarded-Proto": "https"}
            if form:
                return server.refusal("/login", headers, form)
            return server.refusal("/state", {**headers, **basic("ann", password)})

        def guesses(address):
            """The answers to two right passwords after four wrong ones; None if the penalty of 2 s
            may have been over by then."""
            for _ in range(4):
                began = time.monotonic()
                self.assertEqual(guess("bad", address).code, 401)
            form = guess("", address, b"name=ann&password=secret")
            if time.monotonic() - began > 1:
                return None
            return guess("secret", "1.2.3.4, " + address), form

        # On a busy machine the 2 s may be over too soon: each attempt has its own address.
        used = []
        addresses = (used.append(n) or f"192.0.2.{n}" for n in itertools.count(1))
        by_script, by_form = wait(lambda: guesses(next(addresses)))
        self.assertEqual(by_script.code, 429)
        self.assertIn(by_form.headers["Retry-After"], ("1", "2"))
        self.assertEqual(server.status("/state", basic("ann")), 200)
        self.assertRegex(server.words(), r"(?m)login failed from 192\.0\.2\.1 user=ann$")
        failures = [line for line in server.get("/metrics", basic("ann")).splitlines()
                    if line.startswith("kvm_login_failures_total ")]
        self.assertEqual(failures, [f"kvm_login_failures_total {4 * len(used)}"])
        # An IPv6 address is named without its port.
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "[2001:db8::1]:99", **basic("ann", "bad")}
        self.assertEqual(server.status("/state", headers), 401)
        self.assertRegex(server.words(), r"(?m)login failed from 2001:db8::1 user=ann$")
