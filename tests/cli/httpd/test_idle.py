"""kvm-mjpeg-httpd(1) from the outside: --idle reads frames only while somebody looks."""
import array
import fcntl
import re
import termios
import threading
import time

from frames import facts, frame
from server import ServerTest, wait


class Idle(ServerTest):
    def rests(self, server):
        """True if the server reads no frame for a second."""
        before = server.metric("kvm_frames_total")
        time.sleep(1)
        return server.metric("kvm_frames_total") == before

    def test_fresh(self):
        """--idle reads nothing while nobody looks, and then what is fresh"""
        server = self.start("--idle")
        wait(lambda: self.rests(server))  # it rests 5 s after the last request
        began = time.time()
        ws = server.console()
        head, _ = ws.picture()
        ws.ack(head["id"])
        head, _ = ws.picture()
        self.assertGreater(head["time"] / 1e6, began)

    def test_wrong_clock(self):
        """--idle: a source whose clock is an hour off is seen again, too"""
        for clock in "-3600", "3600":
            server = self.start("--idle", feed=("--clock", clock))
            wait(lambda: self.rests(server))
            with server.open("/stream") as stream:
                seen = b""
                while len(set(re.findall(rb"\r\nX-Kvm-Sequence: (\d+)\r\n", seen))) < 3:
                    seen += stream.read1()
            self.assertEqual(server.stop(), 0)

    def test_snapshot(self):
        """--idle: a snapshot after the rest is a new frame, or 503"""
        server = self.start("--idle", feed=None)

        def unread():
            """The bytes that stay in the pipe."""
            size = array.array("i", [0])
            fcntl.ioctl(server.process.stdin, termios.FIONREAD, size)
            return size[0]

        def rests():
            if not unread():
                server.write(frame(1, facts(1)))
            # A server that reads has done so by its second answer, however slow this machine is.
            for _ in range(2):
                server.get("/metrics")
            return unread()

        def snapshot():
            with server.open("/snapshot") as answer:
                return answer.headers["X-Kvm-Sequence"]

        server.show(0)
        wait(rests)
        numbers = []
        looks = threading.Thread(target=lambda: numbers.append(snapshot()))
        looks.start()
        wait(lambda: not unread())
        server.write(frame(2, facts(2)))
        looks.join()
        self.assertEqual(numbers, ["2"])
        wait(rests)
        self.assertEqual(server.status("/snapshot"), 503)
