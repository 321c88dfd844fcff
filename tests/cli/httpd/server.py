"""A kvm-mjpeg-httpd(1) with frames for a test, and the requests of a test.

BIN is the folder of the tools under test (build/release/bin by default).
"""
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from frames import facts, frame
from ws import WebSocket

HERE = pathlib.Path(__file__).parent
BIN = os.environ.setdefault("BIN", str(HERE.parents[2] / "build/release/bin"))
os.environ["PATH"] = f"{BIN}:{os.environ['PATH']}"
PATIENCE_S = 120  # a wait that takes longer counts as hung; a slow machine must not fail
ANY_CERTIFICATE = ssl._create_unverified_context()


def wait(test, came=lambda: ""):
    """Waits until `test()` is true and returns its result; a failure message shows `came()`."""
    end = time.monotonic() + PATIENCE_S
    while not (result := test()):
        if time.monotonic() > end:
            raise AssertionError(f"not true within {PATIENCE_S} s: {came()}")
        time.sleep(0.01)
    return result


class Server:
    """kvm-mjpeg-httpd with `options`, given frames by the script `feed` with the options `feed`, or by
    show() if `feed` is None. Its action lines go to the file `out`."""

    def __init__(self, folder, *options, feed=(), listen="127.0.0.1:0", out=None):
        self.folder = pathlib.Path(folder)
        self.out = out or self.folder / "out"
        self.err = self.folder / "err"
        self.feeder = None
        self.ended = False
        frames = subprocess.PIPE
        if feed is not None:
            self.feeder = subprocess.Popen([sys.executable, HERE / "feed", *feed], stdout=subprocess.PIPE)
            frames = self.feeder.stdout
        with open(self.out, "w") as out_file, open(self.err, "w") as err_file:
            self.process = subprocess.Popen(["kvm-mjpeg-httpd", "-l", listen, *options], stdin=frames,
                                            stdout=out_file, stderr=err_file)
        if self.feeder:
            self.feeder.stdout.close()
        self.pid = self.process.pid
        wait(lambda: re.search("://|unix:", self.words()) or self.process.poll() is not None, self.words)
        address = re.search(r"^kvm-mjpeg-httpd: (http.*:(\d+))/$", self.words(), re.M)
        self.url, self.port = (address[1], int(address[2])) if address else ("", 0)

    # ---- what it wrote ----

    def words(self):
        """stderr so far."""
        return self.err.read_text()

    def lines(self):
        """The action lines that came out so far."""
        return pathlib.Path(self.out).read_text().splitlines()

    def wait_lines(self, count):
        """Waits until that number of action lines has come out; returns them."""
        wait(lambda: len(self.lines()) >= count, self.lines)
        return self.lines()

    # ---- requests ----

    @property
    def secure(self):
        return self.url.startswith("https")

    def connect(self, receive_buffer=0):
        """A connection; `receive_buffer`: its size in bytes (0: the kernel's choice)."""
        s = socket.socket()
        s.settimeout(PATIENCE_S)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.connect(("127.0.0.1", self.port))
        return ANY_CERTIFICATE.wrap_socket(s) if self.secure else s

    def send_request(self, path, *lines, method="GET", body=b"", receive_buffer=0):
        """A connection on which a request with these header lines was sent."""
        s = self.connect(receive_buffer)
        head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]
        s.sendall("\r\n".join(head).encode() + body)
        return s

    def slow_viewer(self, path="/stream"):
        """A viewer with a tiny receive buffer: it soon takes nothing more unless the test reads."""
        return self.send_request(path, receive_buffer=4096)

    def open(self, path, headers={}, data=None, method=None):
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        return urllib.request.urlopen(request, timeout=PATIENCE_S,
                                      context=ANY_CERTIFICATE if self.secure else None)

    def get(self, path, headers={}):
        with self.open(path, headers) as answer:
            return answer.read().decode()

    def post(self, path, data):
        with self.open(path, data=data) as answer:
            return answer.read().decode()

    def status(self, path, headers={}, data=None):
        try:
            with self.open(path, headers, data) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def refusal(self, path, headers={}, data=None):
        """The error answer that this request gets: an HTTPError."""
        try:
            self.open(path, headers, data).close()
        except urllib.error.HTTPError as error:
            return error
        raise AssertionError(f"{path} was not refused")

    def state(self, headers={}):
        return json.loads(self.get("/state", headers))["result"]

    def metric(self, name):
        return float(re.search(rf"^{name} (.*)$", self.get("/metrics"), re.M)[1])

    def console(self, headers={}, receive_buffer=0):
        """A WebSocket of the tile channel."""
        ws = WebSocket(self.connect(receive_buffer), f"127.0.0.1:{self.port}", headers=headers)
        assert ws.status == 101, ws.status
        return ws

    # ---- frames, with feed=None ----

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def show(self, number, comment=None):
        """Writes a frame; returns its bytes when the server has counted it."""
        before, picture = self.metric("kvm_frames_total"), frame(number, comment or facts(number))
        self.write(picture)
        wait(lambda: self.metric("kvm_frames_total") > before)
        return picture

    # ---- its process ----

    def rss_kb(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.pid}/status").read_text())[1])

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number):
        self.process.send_signal(number)

    def wait_end(self):
        """Waits for the server to end by itself; returns its status."""
        self.ended = True
        return self.process.wait(PATIENCE_S)

    def stop(self):
        """SIGTERM; returns the status that the server ends with."""
        self.process.terminate()
        return self.wait_end()

    def kill(self):
        """Ends server and feeder by force; returns its status if the server had ended by itself."""
        crashed = None if self.ended else self.process.poll()
        for process in filter(None, (self.process, self.feeder)):
            process.kill()
            process.wait()
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        return crashed


def read_frame(viewer, picture, seen=b""):
    """Reads a viewer's stream until the frame has come whole, with the boundary behind it."""
    while picture not in seen or not re.search(rb"\r\n--kvm-[0-9a-f]{48}\r\n$", seen[-80:]):
        got = viewer.recv(1 << 16)
        assert got, seen
        seen += got
    return seen


def read_all(connection):
    """All that still comes on a connection until its end."""
    got = b""
    try:
        while more := connection.recv(1 << 16):
            got += more
    except ConnectionError:
        pass
    return got


def basic(name, password="secret"):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


class ServerTest(unittest.TestCase):
    """A test with a folder of its own, whose servers end with it."""
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kvm-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, *options, feed=(), **more):
        """A Server that shows a picture, unless its frames are given by hand or carry a state."""
        server = Server(self.folder, *options, feed=feed, **more)
        self.addCleanup(self.end, server)
        if feed is not None and "--state" not in feed and server.url:
            wait(lambda: server.status("/snapshot") != 503)
        return server

    def end(self, server):
        crashed = server.kill()
        self.assertIsNone(crashed, f"the server ended by itself: {server.words()}")

    def passwords(self):
        """A file that lets ann (role control) and bob (role view) in with the password "secret"."""
        path = self.folder / "passwords"
        hashed = password_hash("secret")
        path.write_text(f"ann:{hashed}:control\nbob:{hashed}:view\n")
        return path

    def certificate(self, name):
        """Options for TLS with a certificate of that name."""
        key, cert = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        return "--tls-cert", str(cert), "--tls-key", str(key)


def password_hash(password):
    return subprocess.run(["openssl", "passwd", "-6", "-salt", "abcdefgh", password], check=True,
                          capture_output=True, text=True).stdout.strip()
