"""kvm-mjpeg-httpd(1) from the outside: malicious clients."""
import os
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
        """a viewer that pings without a break keeps nobody waiting, and is let go"""
        server = self.start()
        over, dropped = threading.Event(), threading.Event()

        def flood():
            """Sends pings and reads no answers; reconnects each time the server has dropped it.
            With its small receive buffer that takes a number of pings, not a time."""
            while not over.is_set():
                try:
                    ws = server.console(receive_buffer=4096)
                except OSError:  # the server is gone, which fails the test elsewhere
                    return
                ws.sock.settimeout(None)
                try:
                    while not over.is_set():
                        ws.sock.sendall(PINGS)
                except ConnectionError:
                    dropped.set()
                ws.close()

        flooder = threading.Thread(target=flood, daemon=True)
        flooder.start()
        try:
            # The flood lasts until these are answered: a server busy with it would never answer.
            for _ in range(5):
                self.assertLessEqual(server.state()["stream"]["clients"], 1)
            wait(dropped.is_set)
            self.assertLessEqual(server.state()["stream"]["clients"], 1)
        finally:
            over.set()

    def test_bodies(self):
        """of a stranger's body little is kept"""
        server = self.start("--passwords", self.passwords())
        before = server.rss_kb()

        def stranger(*lines):
            """Sends a large body without its end."""
            connection = server.connect()
            head = ["POST /actions HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 1000000", *lines, "", ""]
            try:
                connection.sendall("\r\n".join(head).encode() + b"#" * 999990)
            except OSError:
                pass
            return connection

        guess = f"Authorization: {basic('ann', 'bad')['Authorization']}"
        crowd = [stranger(*lines) for lines in ((), (guess,)) * 40]
        self.assertTrue(server.get("/login"))
        self.assertLess(server.rss_kb(), before + (ASAN_KB or 30000))
        for connection in crowd:
            connection.close()

        def body(size, password):
            """Posts from another address than the crowd, whose wrong guesses make it wait."""
            return self.curl(server, "/actions", "--interface", "127.0.0.2", "--data-binary", "@-", "-u",
                             f"ann:{password}", body=b"#" * size)

        # A script's first request, whose password is not known yet. The crowd must be gone.
        wait(lambda: body(300000, "secret") == "200")
        self.assertEqual(body(900000, "secret"), "200")
        self.assertEqual(body(900000, "bad"), "401")


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
