"""kvm-mjpeg-httpd(1) from the outside: its addresses, its start and its end."""
import os
import signal
import socket
import subprocess
import sys
import time

from server import HERE, PATIENCE_S, ServerTest, read_all, wait


class UnixConnection(socket.socket):
    """A connection to a Unix socket on which a request was sent."""

    def __init__(self, path, request, host="localhost"):
        super().__init__(socket.AF_UNIX)
        self.settimeout(PATIENCE_S)
        self.connect(str(path))
        self.sendall(f"GET {request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    def status(self):
        return int(self.recv(12).split()[1])


def status_at(path, request, host="localhost"):
    """The status of an answer over a Unix socket; None if nobody listens."""
    try:
        with UnixConnection(path, request, host) as connection:
            return connection.status()
    except (ConnectionError, FileNotFoundError):
        return None


class Listen(ServerTest):
    def test_successor(self):
        """a server that stops leaves its successor's unix socket alone"""
        path = self.folder / "http"
        old = self.start(listen=f"unix:{path}", feed=("--pad", "2000000"))
        wait(lambda: status_at(path, "/snapshot") == 200)
        # The old server is sending a frame to a viewer that reads no more: it waits for 5 s.
        viewer = UnixConnection(path, "/stream")
        self.addCleanup(viewer.close)
        self.assertEqual(viewer.status(), 200)
        old.signal(signal.SIGTERM)
        wait(lambda: status_at(path, "/state") is None)
        new = self.start(listen=f"unix:{path}")
        self.assertEqual(old.wait_end(), 0)
        self.assertEqual(status_at(path, "/state"), 200)
        self.assertEqual(new.stop(), 0)
        self.assertFalse(path.exists())

    def test_several(self):
        """several -l: all of them serve, each as what it is"""
        path = self.folder / "http"
        server = self.start("-l", f"unix:{path}", "-l", "127.0.0.2:0")
        first, *more = server.words().splitlines()
        self.assertRegex(first, r"^kvm-mjpeg-httpd: http://127\.0\.0\.1:\d+/$")
        self.assertEqual(len(more), 2, more)
        self.assertIn(f"kvm-mjpeg-httpd: unix:{path}", more)
        (other,) = (line.split()[1].rstrip("/") for line in more if "127.0.0.2" in line)
        self.assertEqual(server.status("/snapshot"), 200)
        self.assertEqual(status_at(path, "/snapshot"), 200)
        here, server.url = server.url, other
        self.assertEqual(server.status("/snapshot"), 200)
        # A Host that is refused at one address is refused at all of them.
        self.assertEqual(server.status("/state", {"Host": "evil.example"}), 421)
        server.url = here
        self.assertEqual(status_at(path, "/state", "evil.example"), 421)
        ws = server.console()
        ws.send("key a")
        self.assertEqual(server.wait_lines(1), ["key a"])
        self.assertEqual(server.stop(), 0)
        self.assertFalse(path.exists())

    def test_any_address(self):
        """all of IPv4 and all of IPv6 at one port, in any order"""
        # In a network namespace all addresses belong to this test, and any port is free.
        as_root = [] if os.getuid() == 0 else ["-r"]
        run = subprocess.run(["unshare", *as_root, "-n", sys.executable, HERE / "any_address.py"],
                             capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_socket_activation(self):
        """LISTEN_FDS, READY=1, and SIGTERM in the middle of it all"""
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notify.close)
        notify.bind(str(self.folder / "notify"))
        notify.settimeout(PATIENCE_S)
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        feed = subprocess.Popen([sys.executable, HERE / "feed"], stdout=subprocess.PIPE)
        # The shell sets the variable that needs the server's own pid.
        server = subprocess.Popen(
            ["sh", "-c", 'LISTEN_PID=$$ exec kvm-mjpeg-httpd 3<&"$0"', str(listening.fileno())],
            stdin=feed.stdout, stdout=subprocess.DEVNULL, pass_fds=[listening.fileno()],
            env={**os.environ, "LISTEN_FDS": "1", "NOTIFY_SOCKET": str(self.folder / "notify")})
        for process in feed, server:
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        feed.stdout.close()
        self.assertIn(b"READY=1", notify.recv(1000))
        client = socket.create_connection(listening.getsockname(), PATIENCE_S)
        self.addCleanup(client.close)
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.assertEqual(client.recv(12), b"HTTP/1.1 200")
        server.terminate()
        self.assertEqual(server.wait(PATIENCE_S), 0)

    def test_goodbye(self):
        """SIGTERM: a goodbye for WebSockets and idle clients at once, a frame under way to its end"""

        def attempt():
            """Stops the server while it sends a frame; returns what the viewer got, and the seconds
            that the stop took."""
            server = self.start(feed=("--pad", "200000"))
            ws = server.console()
            ws.picture()
            idle = server.send_request("/state")
            self.assertEqual(idle.recv(12), b"HTTP/1.1 200")
            slow = server.slow_viewer()
            data = slow.recv(1000)
            began = time.monotonic()
            server.signal(signal.SIGTERM)
            self.assertEqual(ws.goodbye()[:2], b"\x03\xe9")  # 1001, going away
            read_all(idle)
            data += read_all(slow)
            self.assertEqual(server.wait_end(), 0)
            return data, time.monotonic() - began

        def in_time():
            """What the slow viewer got; None if the stop took so long that the server may have cut
            the frame off, which it does after 5 s. A busy machine needs more attempts; a server
            that always waits that long fails in all of them."""
            data, took = attempt()
            return data if took < 4 else None

        data = wait(in_time)
        self.assertRegex(data[-80:], rb"\xff\xd9\r\n--kvm-[0-9a-f]{48}\r\n$")
