"""kvm-mjpeg-httpd(1) from the outside: /stream and its viewers, fast, slow and gone."""
import pathlib
import re
import subprocess
import time

from frames import facts, frame
from server import ServerTest, read_frame, wait


def parts_of(stream):
    """The number of pictures that ffmpeg finds in a stream."""
    probe = subprocess.run(["ffprobe", "-v", "error", "-f", "mpjpeg", "-count_frames", "-show_entries",
                            "stream=nb_read_frames", "-of", "csv=p=0", "-"], input=stream,
                           capture_output=True, check=True)
    return int(probe.stdout)


class Streams(ServerTest):
    def test_parts(self):
        """/stream: every part tells its time, ends with the next boundary, and ffmpeg reads it"""
        server = self.start(feed=None)
        viewer = server.send_request("/stream")
        for number in range(10):
            comment = facts(number)
            picture = frame(number, comment)
            server.write(picture)
            # The part is whole before there is another frame.
            part = read_frame(viewer, picture)
            self.assertIn(b"X-Kvm-Time: %s\r\n" % comment.split()[1][2:], part)
        self.assertEqual(server.stop(), 0)
        server = self.start()
        with server.open("/stream") as stream:
            seen = b""
            while seen.count(b"--kvm-") < 21:
                seen += stream.read1()
        self.assertGreaterEqual(parts_of(seen), 20)

    def test_viewer_stalls(self):
        """a viewer that stops reading is dropped, and slows nobody"""
        server = self.start("--stall-timeout", "5", feed=None)
        fast, slow = server.send_request("/stream"), server.slow_viewer()
        self.addCleanup(slow.close)
        frames = 0

        def show():
            """The fast viewer gets each frame whole, while the slow one reads nothing."""
            nonlocal frames
            read_frame(fast, server.show(frames, facts(frames) + b" " * 60000))
            frames += 1

        def stalled():
            show()
            return server.metric("kvm_stalled_viewers_total") == 1

        for _ in range(10):
            show()
        self.assertEqual(server.state()["stream"]["clients"], 2)
        wait(stalled)
        for _ in range(10):
            show()
        self.assertEqual(server.metric("kvm_stalled_viewers_total"), 1)

    def test_skipped(self):
        """pictures count as skipped where the viewer was too slow, not where none was wanted"""
        for path, feed in ("/stream?fps=5", ()), ("/stream", ("--same",)):
            server = self.start(feed=feed)
            with server.open(path) as stream:
                seen = b""
                while seen.count(b"--kvm-") < 4:
                    seen += stream.read1()
            self.assertEqual(server.metric("kvm_stream_skipped_total"), 0)
            self.assertEqual(server.stop(), 0)
        server = self.start(feed=("--pad", "200000"))
        slow = server.slow_viewer()
        self.addCleanup(slow.close)
        wait(lambda: slow.recv(4096) and server.metric("kvm_stream_skipped_total") > 0)

    def test_viewer_stalls_over_tls(self):
        """over TLS, too, a viewer that stops reading is dropped; one that waits for frames is not"""
        server = self.start("--stall-timeout", "2", *self.certificate("localhost"), feed=None)

        def viewer(receive_buffer=0):
            connection = server.send_request("/stream", receive_buffer=receive_buffer)
            self.addCleanup(connection.close)
            self.assertEqual(connection.recv(12), b"HTTP/1.1 200")
            return connection

        def shown(number, comment=None):
            """Waits for the header of this frame: over TLS the stream comes in chunks."""
            server.show(number, comment)
            seen = b""
            while b"X-Kvm-Sequence: %d\r\n" % number not in seen:
                got = patient.recv(1 << 16)
                self.assertTrue(got, seen)
                seen += got

        patient = viewer()
        time.sleep(3)  # longer than the limit, without a frame
        shown(0)
        viewer(4096)
        number = 0

        def stalled():
            nonlocal number
            number += 1
            shown(number, facts(number) + b" " * 60000)
            return server.metric("kvm_stalled_viewers_total") > 0

        wait(stalled)
        wait(lambda: server.state()["stream"]["clients"] == 1, server.state)
        self.assertEqual(server.metric("kvm_stalled_viewers_total"), 1)


class ViewersThatGo(ServerTest):
    WEBSOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")

    def connections(self, server):
        """The states of the server's ends of connections that are open (01) or in CLOSE_WAIT (08), as
        /proc/net/tcp has them."""
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return [row[3] for row in rows if row[1] == f"0100007F:{server.port:04X}" and row[3] in ("01", "08")]

    def viewer(self, server, path, lines, status):
        connection = server.send_request(path, *lines)
        head = b""
        while b"\r\n\r\n" not in head:
            got = connection.recv(1)
            self.assertTrue(got, head)
            head += got
        self.assertTrue(head.startswith(b"HTTP/1.1 %d" % status), head)
        return connection

    def come_and_go(self, *options):
        server = self.start(*options, feed=None, out="/dev/null")  # no frame ever comes
        for path, lines, status in ("/stream", (), 200), ("/ws", self.WEBSOCKET, 101):
            viewers = [self.viewer(server, path, lines, status) for _ in range(50)]
            # The kernel's list may miss a connection while others change.
            wait(lambda: self.connections(server) == ["01"] * 50, lambda: self.connections(server))
            for connection in viewers:
                connection.close()
            wait(lambda: not self.connections(server), lambda: self.connections(server))
        trail = re.compile(r"kvm-mjpeg-httpd: (stream|console) (opened|closed) from 127\.0\.0\.1 user=-"
                           r"( viewer=\d+)?( more=unwritten)?( seconds=\d+)?")
        others = [line for line in server.words().splitlines() if not trail.fullmatch(line)]
        self.assertEqual(len(others), 1, server.words())  # the address
        server.process.stdin.close()
        self.assertEqual(server.wait_end(), 0)

    def test_nothing_stays(self):
        """viewers that go between frames leave no socket behind, and only the audit trail on stderr"""
        self.come_and_go()
        self.come_and_go(*self.certificate("localhost"))
