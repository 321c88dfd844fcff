"""kvm-mjpeg-httpd(1) from the outside: TLS."""
import signal
import socket
import ssl
import subprocess
import time

from server import ANY_CERTIFICATE, PATIENCE_S, ServerTest, basic, wait


def subject(server):
    """The name in the certificate that the server shows, found with openssl."""
    with server.connect() as connection:
        certificate = ssl.DER_cert_to_PEM_cert(connection.getpeercert(True))
    told = subprocess.run(["openssl", "x509", "-noout", "-subject"], input=certificate, text=True,
                          capture_output=True, check=True)
    return told.stdout.strip().removeprefix("subject=").replace(" ", "")


class Tls(ServerTest):
    def test_tls(self):
        """TLS: pictures, input and login; 1.1 is refused; SIGHUP takes a new certificate"""
        certificate = self.certificate("first")
        server = self.start(*certificate, "--passwords", self.passwords())
        self.assertTrue(server.url.startswith("https://"))
        ann = basic("ann")
        self.assertEqual(server.status("/state", ann), 200)
        with server.open("/stream", ann) as stream:
            seen = b""
            while seen.count(b"--kvm-") < 21:
                seen += stream.read1()
        server.open("/actions", ann, b"key a").close()
        self.assertEqual(server.lines(), ["key a"])
        login = subprocess.run(["curl", "-ski", "-d", "name=ann&password=secret", server.url + "/login"],
                               capture_output=True, text=True, check=True)
        self.assertIn("; Secure", login.stdout)
        old = subprocess.run(["curl", "-sk", "--tls-max", "1.1", server.url + "/login"], capture_output=True)
        self.assertNotEqual(old.returncode, 0)
        ws = server.console(ann)
        head, _ = ws.picture()
        ws.ack(head["id"])
        ws.picture()
        ws.send("key b")
        self.assertEqual(server.wait_lines(2), ["key a", "key b"])
        self.renewal(server)
        self.refused_options(certificate)

    def renewal(self, server):
        self.certificate("second")
        server.signal(signal.SIGHUP)
        wait(lambda: subject(server) == "CN=second", lambda: subject(server))
        (self.folder / "cert.pem").write_text("broken\n")
        server.signal(signal.SIGHUP)
        wait(lambda: "the old certificate stays in force" in server.words(), server.words)
        self.assertEqual(subject(server), "CN=second")

    def refused_options(self, certificate):
        for options, status in (certificate, 78), (certificate[:2], 64):
            run = subprocess.run(["kvm-mjpeg-httpd", "-l", "127.0.0.1:0", *options],
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True)
            self.assertEqual(run.returncode, status, run.stderr)

    def test_websocket(self):
        """a WebSocket under TLS: whole records both ways, and the reason of its end"""
        server = self.start(*self.certificate("localhost"), feed=("--pad", "200000"))
        ws = server.console()
        records = []
        while sum(records) < 150_000:
            records.append(len(ws.sock.recv(1 << 16)))
        self.assertLess(len(records), 150)  # a record holds 16 KB; a few bytes each would be thousands
        lines = [f"key {'abcd'[i % 4]}" for i in range(20_000)]
        other = server.console()
        for i in range(0, len(lines), 5000):
            other.send("\n".join(lines[i:i + 5000]))
        self.assertEqual(server.wait_lines(len(lines)), lines)
        gone = server.console()
        gone.sock.close()
        wait(lambda: server.state()["kvm"]["viewers"] == 2)
        server.signal(signal.SIGTERM)
        self.assertEqual(other.goodbye(), b"\x03\xe9the server is stopping")
        self.assertRaises(EOFError, other.fill, 1)
        # The viewer that reads nothing does not hold the server up.
        self.assertEqual(server.wait_end(), 0)

    def test_handshake(self):
        """a TLS handshake that is begun and not ended costs next to nothing"""
        server = self.start(*self.certificate("localhost"))
        hello = ssl.MemoryBIO()
        try:
            ANY_CERTIFICATE.wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
        except ssl.SSLWantReadError:
            pass
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
            connection.sendall(hello.read())
            self.assertTrue(connection.recv(100))  # the server's answer; now it waits for us
            before, began = server.cpu_s(), time.monotonic()
            time.sleep(3)
            share = (server.cpu_s() - before) / (time.monotonic() - began)
        self.assertLess(share, 0.3)  # of a core; 0.01 is usual
