"""kvm-mjpeg-httpd(1) from the outside: /snapshot, and the age of pictures."""
import socket
import time

from server import ServerTest, wait


class Snapshots(ServerTest):
    def test_gave_up(self):
        """who gave up waiting for a snapshot leaves its place; who listens on gets an answer"""
        server = self.start("--max-connections", "40", feed=("--state", "no-signal"))

        def ask():
            return server.send_request("/snapshot?wait=60", "Connection: close")

        def connections():
            try:
                return server.metric("kvm_connections")
            except OSError:  # refused: all 40 are in use
                return 40

        patient = ask()
        for _ in range(39):
            ask().close()
        wait(lambda: connections() == 2, connections)  # the patient one and this question
        listens = ask()
        listens.shutdown(socket.SHUT_WR)
        self.assertEqual(listens.recv(12), b"HTTP/1.1 503")
        patient.setblocking(False)
        with self.assertRaises(BlockingIOError):
            patient.recv(300)
        patient.close()
        listens.close()

    def test_clock_behind(self):
        """a source whose clock is an hour behind, or counts from its start: its pictures are fresh"""
        for clock in -3600, 100 - time.time():
            server = self.start(feed=("--clock", str(clock)))
            self.assertEqual(server.status("/snapshot?max_age=30&wait=30"), 200)
            with server.open("/snapshot") as answer:
                self.assertLess(abs(time.time() - float(answer.headers["X-Timestamp"])), 60)
            self.assertEqual(server.stop(), 0)

    def test_clock_ahead(self):
        """a source whose clock is an hour ahead: ages are those since arrival"""
        server = self.start(feed=("--clock", "3600", "--count", "2", "--hold", "600"))
        with server.open("/stream"):
            wait(lambda: server.metric("kvm_stream_age_seconds_count") > 0)
        self.assertGreaterEqual(server.metric("kvm_stream_age_seconds_sum"), 0)
        wait(lambda: server.metric("kvm_newest_frame_age_seconds") > .1)
        self.assertEqual(server.status("/snapshot?max_age=0.1"), 503)
