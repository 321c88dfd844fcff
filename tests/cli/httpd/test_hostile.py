"""kvm-mjpeg-httpd(1) from the outside: malicious clients."""
import json
import os
import select
import struct
import subprocess
import threading
import time

from server import ServerTest, basic, wait

# ASan keeps freed memory for a while, up to 256 MB.
ASAN_KB = 280000 if "/asan/" in os.environ["BIN"] else 0
PINGS = b"\x89\x80\0\0\0\0" * 10000


def still_open(connection):
    """True if the server has not closed this connection."""
    try:
        while connection.recv(1000):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def unread(server):
    """Bytes that wait in the kernel for the server to read them."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(int(row[4].split(":")[1], 16) for row in rows
               if int(row[1].split(":")[1], 16) == server.port and row[3] == "01")


class Floods(ServerTest):
    def test_crowd(self):
        """a header without end, a huge body, a crowd: cut, refused, and memory stays"""
        server = self.start("--max-connections", "300")
        before = server.rss_kb()
        self.endless_header(server)
        self.slow_headers(server)
        self.crowd(server)
        self.assertLess(server.rss_kb(), before + (ASAN_KB or 16000))
        for more in [], ["-H", "Transfer-Encoding: chunked"]:
            self.assertEqual(self.curl(server, "/actions", *more, "--data-binary", "@-", body=bytes(2000000)), "413")

    def curl(self, server, path, *options, body=b""):
        """The status; a large body is not sent before the server has asked for it."""
        run = subprocess.run(["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "--expect100-timeout", "120",
                              *options, server.url + path], input=body, capture_output=True)
        return run.stdout.decode()

    def endless_header(self, server):
        with server.connect() as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            try:
                for number in range(1000):
                    connection.sendall(b"X-%d: " % number + b"a" * 1000 + b"\r\n")
            except OSError:
                pass
            try:
                got = connection.recv(100)[:12]
            except ConnectionError:
                got = b""
        self.assertIn(got, (b"HTTP/1.1 431", b"HTTP/1.0 431", b"", b"HTTP/1.1 413"))

    def begin(self, server):
        """A connection that begins a request."""
        connection = server.connect()
        connection.sendall(b"GET / HTTP/1.1\r\n")
        connection.setblocking(False)
        return connection

    def slow_headers(self, server):
        """Clients that go on sending an unfinished header are all cut off."""
        slow = [self.begin(server) for _ in range(200)]

        def cut():
            time.sleep(0.5)
            slow[:] = [connection for connection in slow if still_open(connection)]
            for connection in slow:
                try:
                    connection.sendall(b"X")
                except OSError:
                    pass
            return not slow

        wait(cut, lambda: f"{len(slow)} are left")

    def crowd(self, server):
        crowd = []
        for _ in range(400):
            try:
                crowd.append(self.begin(server))
            except OSError:
                pass
        wait(lambda: 0 < sum(map(still_open, crowd)) <= 300)
        for connection in crowd:
            connection.close()
        wait(lambda: self.curl(server, "/state") == "200")

    def test_pings(self):
        """a viewer that pings without a break, and reads no answers, keeps nobody waiting"""
        server = self.start()
        before = server.rss_kb()
        over = threading.Event()
        ws = server.console(receive_buffer=4096)

        def flood():
            while not over.is_set():
                ws.sock.sendall(PINGS)

        flooder = threading.Thread(target=flood, daemon=True)
        flooder.start()
        try:
            # The flood lasts until these are answered: a server busy with it would never answer.
            for _ in range(10):
                self.assertLessEqual(server.state()["stream"]["clients"], 1)
            self.assertLess(server.rss_kb(), before + (ASAN_KB or 8000))
        finally:
            over.set()
            flooder.join()
            ws.close()

    def test_crowd_of_one_user(self):
        """a user has at most 16 WebSockets, and is told why there are no more"""
        server = self.start("--passwords", self.passwords())
        crowd = [server.console(basic("bob")) for _ in range(16)]
        more = server.console(basic("bob"))
        self.assertEqual(more.goodbye(), b"\x03\xf5this user has 16 WebSockets already")
        other = server.console(basic("ann"))
        other.pong()
        crowd[3].close()

        def enters():
            ws = server.console(basic("bob"))
            opcode, _ = ws.receive()
            ws.close()
            return opcode == 1  # a state message, not a closing one

        wait(enters)
        for ws in [*crowd, more, other]:
            ws.close()

    def test_bodies(self):
        """of a stranger's body little is kept"""
        server = self.start("--passwords", self.passwords())
        before = server.rss_kb()

        guess = f"Authorization: {basic('ann', 'bad')['Authorization']}"
        crowd = self.senders(server, 40) + self.senders(server, 40, guess)
        self.assertTrue(server.get("/login"))
        self.assertLess(server.rss_kb(), before + (ASAN_KB or 30000))
        # A script's first request, whose password is not known yet, while the crowd is there.
        # The script has another address than the crowd, whose wrong guesses make it wait.
        for more in [], ["-H", "Transfer-Encoding: chunked"]:
            self.assertEqual(self.body(server, 6000, "secret", *more), "200")
            self.assertEqual(self.body(server, 900000, "secret", *more), "200")
            self.assertEqual(self.body(server, 900000, "bad", *more), "401")
        for connection in crowd:
            connection.close()

    def senders(self, server, count, *lines, path="/actions"):
        """Connections that send a large body without its end."""
        connections = [server.connect() for _ in range(count)]
        head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 1000000", *lines, "", ""]
        for connection in connections:
            try:
                connection.sendall("\r\n".join(head).encode() + b"#" * 999990)
            except OSError:
                pass
        return connections

    def body(self, server, size, password, *more):
        return self.curl(server, "/actions", "--interface", "127.0.0.2", "--data-binary", "@-", "-u",
                         f"ann:{password}", *more, body=b"#" * size)

    def test_users_bodies(self):
        """a user's bodies take up little memory, and none of another user's"""
        server = self.start("--passwords", self.passwords())
        view = f"Authorization: {basic('bob')['Authorization']}"
        self.assertEqual(server.status("/state", basic("bob")), 200)
        before = server.rss_kb()
        lines = view, "Content-Length: 1000000", "Expect: 100-continue"
        crowd = [server.send_request("/check", *lines, method="POST") for _ in range(50)]
        answers = [connection.recv(12) for connection in crowd]
        self.assertEqual(answers.count(b"HTTP/1.1 100"), 4)  # 4 MB are a user's share
        self.assertEqual(answers.count(b"HTTP/1.1 503"), 46)
        for connection, answer in zip(crowd, answers):
            if answer == b"HTTP/1.1 100":
                connection.sendall(b"#" * 999990)
        self.assertLess(server.rss_kb(), before + (ASAN_KB or 12000))
        self.assertEqual(self.body(server, 900000, "secret"), "200")
        refused = server.send_request("/actions", *lines, method="POST")
        self.assertEqual(refused.recv(12), b"HTTP/1.1 403")
        for connection in crowd + [refused]:
            connection.close()

    def answer(self, connection):
        """What the server has answered, if it has."""
        connection.settimeout(0.5)
        try:
            return connection.recv(1000)
        except OSError:
            return b""

    def test_guesses_with_bodies(self):
        """a password cannot be guessed by what happens to a body"""
        server = self.start("--passwords", self.passwords())
        self.assertEqual(self.body(server, 10, "secret"), "200")  # in use from now on
        # Strangers whose bodies fill all memory that strangers may have, if there is such a thing.
        crowd = self.senders(server, 4)
        for _ in range(50):
            crowd.append(server.send_request("/actions", "Content-Length: 60000", method="POST", body=b"#" * 50000))
        wait(lambda: unread(server) == 0)

        def guess(password):
            return server.status("/actions", basic("ann", password), b"#" * 100000)

        began = time.monotonic()
        answers = [guess(f"bad{number}") for number in range(4)]
        right = guess("secret")
        if time.monotonic() - began < 2:  # otherwise the first pause may be over
            self.assertEqual(right, 429)
        self.assertEqual(answers, [401] * 4)
        headers = basic("ann")
        wait(lambda: server.status("/state", headers) == 200)
        self.assertIn("kvm_login_failures_total 4\n", server.get("/metrics", headers))
        for connection in crowd:
            connection.close()


    def test_fragments(self):
        """a message in fragments of one byte takes no more memory than its text"""
        server = self.start()
        before = server.rss_kb()
        crowd = [server.console() for _ in range(3)]
        for ws in crowd:
            ws.sock.sendall(b"\x01\x81\0\0\0\0\n" + b"\x00\x81\0\0\0\0\n" * 300000)
        for ws in crowd:  # a pong behind the fragments: the server has read them all
            ws.pong()
        self.assertLess(server.rss_kb(), before + (ASAN_KB or 12000))
        # One byte more than a message may have.
        crowd[0].sock.sendall(b"\x00\x81\0\0\0\0\n" * ((1 << 20) - 300000))
        self.assertEqual(crowd[0].goodbye()[:2], b"\x03\xf1")
        crowd[1].sock.sendall(b"\x80\x86\0\0\0\0\nkey a")
        self.assertEqual(server.wait_lines(1), ["key a"])
        for ws in crowd:
            ws.close()

    def test_keys(self):
        """a viewer's name for itself is a short word, or it is not kept"""
        server = self.start()
        viewers = [server.open(f"/stream?key={key}") for key in ["k" * 8000] * 60 + ["good-Key_1"]]
        state = server.get("/state")
        self.assertLess(len(state), 20000)
        self.assertIn('"key":"good-Key_1"', state)
        self.assertNotIn("kkk", state)
        for viewer in viewers:
            viewer.close()

    def test_layouts(self):
        """while layouts are compiled, others are answered"""
        server = self.start()
        names = iter([f"{layout['name']}:{layout['variant']}" for layout in json.loads(server.get("/layouts"))
                      if layout["variant"]])

        def overtakes():
            """Whether a request is answered before those about layouts that were sent before it."""
            asked = [server.send_request(f"/legends?layout={next(names)}") for _ in range(8)]
            asked += [server.send_request(f"/check?layout={next(names)}", "Content-Length: 3", method="POST",
                                          body="\u20ac".encode()) for _ in range(8)]
            server.state()
            ready, _, _ = select.select(asked, [], [], 0)
            answers = [connection.recv(12) for connection in asked]
            for connection in asked:
                connection.close()
            self.assertIn(b"HTTP/1.1 200", answers)
            self.assertIn(b"HTTP/1.1 503", answers)  # one user's share is full
            return len(ready) < len(asked)

        wait(overtakes)

    def test_silent_crowd(self):
        """connections that say nothing do not keep out those who ask"""
        server = self.start("--max-connections", "40")
        crowd = [server.connect() for _ in range(60)]
        self.assertEqual(server.status("/state"), 200)
        self.assertEqual(server.status("/state"), 200)
        for connection in crowd:
            connection.close()

    def test_crowd_behind_a_proxy(self):
        """behind a proxy, each client has its own share of the connections"""
        server = self.start("--max-connections", "40", "--max-per-address", "10", "--trust-proxy")
        slow = [server.send_request("/login", "X-Forwarded-For: 192.0.2.1", "Content-Length: 100", method="POST",
                                    body=b"name=") for _ in range(60)]
        self.assertEqual(server.status("/state", {"X-Forwarded-For": "192.0.2.2"}), 200)
        refused = [connection for connection in slow if self.answer(connection).startswith(b"HTTP/1.1 503")]
        self.assertEqual(len(refused), 50)
        for connection in slow:
            connection.close()


class Frames(ServerTest):
    def test_hostile_frames(self):
        """hostile WebSocket frames end that viewer, not the server"""
        server = self.start()
        for send in (
            lambda ws: ws.sock.sendall(b"\x81\x05hello"),  # not masked
            lambda ws: ws.sock.sendall(b"\x81\xff" + struct.pack(">Q", 1 << 62) + b"abcdx"),  # too long
            lambda ws: ws.send(b"\xff\xfe", 1),  # not UTF-8
            lambda ws: ws.send(b"x" * 200, 9),  # ping too long
            lambda ws: ws.sock.sendall(b"\xf1\x80abcd"),  # reserved bits
        ):
            ws = server.console()
            send(ws)
            ws.goodbye()  # a closing message, not just the end of the connection
            ws.close()
        for text in ("{", "{}", "[" * 100000, '{"op":7}', '{"op":"ack"}', '{"op":"ack","id":-1}',
                     '{"op":"control","take":"x"}', '{"a":' * 5000, "\x00"):
            ws = server.console()
            ws.send(text)
            ws.pong()
            ws.close()
        ws = server.console()
        ws.send("key", 1, fin=False)
        ws.send(" a", 0)
        self.assertEqual(server.wait_lines(1), ["key a"])
        ws.send(b"\x03\xe8", 8)
        ws.goodbye()
        self.assertEqual(server.status("/state"), 200)
