"""kvm-mjpeg-httpd(1) from the outside: the tile channel of /ws."""
import subprocess

from server import ServerTest


def size_of(jpeg):
    """WIDTH,HEIGHT, as ffprobe reads it."""
    probe = subprocess.run(["ffprobe", "-v", "error", "-f", "mjpeg", "-show_entries", "stream=width,height",
                            "-of", "csv=p=0", "-"], input=jpeg, capture_output=True)
    return probe.stdout.split()[0].decode()


class Tiles(ServerTest):
    def test_only_what_changed(self):
        """/ws: a whole picture, then only the tiles that changed"""
        server = self.start(feed=None)
        server.show(0)
        ws = server.console()
        head, tiles = ws.picture()
        self.assertTrue(head["flags"] & 1)
        self.assertEqual(tiles[0][:4], (0, 0, 64, 32))
        for number in range(1, 6):
            ws.ack(head["id"])
            server.show(number)
            head, tiles = ws.picture()
            self.assertFalse(head["flags"] & 1)
            for x, y, w, h, jpeg in tiles:
                self.assertLess(w * h, 64 * 32, (x, y, w, h))
                self.assertEqual((jpeg[:2], jpeg[-2:]), (b"\xff\xd8", b"\xff\xd9"))
            _, _, w, h, jpeg = tiles[0]
            self.assertEqual(size_of(jpeg), f"{w},{h}")

    def test_silence(self):
        """/ws: without an acknowledgement no second picture, off is off, a still picture is silence"""
        server = self.start(feed=None)
        server.show(0)
        ws = server.console()
        head, _ = ws.picture()
        for number in range(1, 7):
            server.show(number)
        self.assertTrue(ws.quiet(), "a picture came without an acknowledgement")
        ws.ack(head["id"])
        later, _ = ws.picture()
        self.assertEqual(later["id"], head["id"] + 6, "the newest picture is sent, not the next")
        ws.ack(later["id"])
        for _ in range(3):
            server.show(6)
        self.assertTrue(ws.quiet(), "a picture came although nothing changed")
        ws.send('{"op":"picture","mode":"off"}')
        server.show(7)
        self.assertTrue(ws.quiet(), "a picture came although pictures are off")
