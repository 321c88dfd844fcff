"""kvm-mjpeg-httpd(1) from the outside: action lines of viewers, and who may send them."""
import json
import os
import threading
import time

from server import ServerTest, wait

TAKE_CONTROL = '{"op":"control","take":true}'


class Input(ServerTest):
    def nobody_looks(self, server):
        """Waits until the server has seen that all viewers are gone: then nobody has control."""
        wait(lambda: server.state()["kvm"]["viewers"] == 0, server.state)

    def test_settings_end(self):
        """a layout and delays end with the viewer that set them"""
        server = self.start()
        ws, other = server.console(), server.console()
        ws.send("layout de\ntypedelay 100\ntypedelay 50\nkeydown a")
        server.wait_lines(4)
        ws.close()
        self.assertEqual(server.wait_lines(7)[4:], ["keyup k:30", "layout", "typedelay"])
        other.send("keyhold 20")
        server.wait_lines(8)
        third = server.console()
        third.send(TAKE_CONTROL)
        self.assertEqual(server.wait_lines(9)[8:], ["keyhold"])
        third.close()
        other.close()
        self.nobody_looks(server)
        server.post("/actions", b"layout fr\ntype a")
        self.assertEqual(server.lines()[9:], ["layout fr", "type a", "layout"])

    def test_early(self):
        """action lines that arrive together with the upgrade do not wait for more bytes"""
        server = self.start()
        frame = b"\x81\x85\0\0\0\0key a"
        with server.send_request("/ws", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                                 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", body=frame * 100):
            self.assertEqual(server.wait_lines(100), ["key a"] * 100)

    def test_lines(self):
        """action lines come out checked, whole and in order"""
        server = self.start()
        ws = server.console()
        ws.send("key a\nkey b\n# comment\n\n  key c")
        self.assertEqual(server.wait_lines(3), ["key a", "key b", "  key c"])
        ws.send("type s3cret\nkey nosuchkey\nkey d")
        error = ws.message("error")
        self.assertEqual(error["line"], 5)
        self.assertIn("nosuchkey", error["why"])
        self.assertNotIn("s3cret", json.dumps(error))
        wait(lambda: server.lines()[-1] == "type s3cret", server.lines)
        ws.close()
        self.nobody_looks(server)
        self.assertEqual(server.status("/actions", data=b"key e\nkey f"), 200)
        self.assertEqual(server.status("/actions", data=b"key g\nkey nosuchkey"), 400)
        self.assertEqual(server.lines()[-2:], ["key e", "key f"])

    def test_held_keys(self):
        """keys that a viewer holds come up when it goes, falls silent or loses control"""
        server = self.start()
        ws = server.console()
        ws.send("keydown a\nbuttondown left")
        server.wait_lines(2)
        ws.close()
        self.nobody_looks(server)
        self.assertEqual(server.lines()[2:], ["keyup k:30", "buttonup left"])
        ws = server.console()

        def press():
            """Presses B and waits for the line; returns the time before the press."""
            before, now = server.lines().count("keydown b"), time.time()
            ws.send("keydown b")
            wait(lambda: server.lines().count("keydown b") > before, server.lines)
            return now

        def beats():
            """The last line after a second of beats; None if this machine was too busy to send them in
            time."""
            began = heard = press()
            longest = 0
            while heard < began + 1:
                time.sleep(0.1)
                ws.send('{"op":"beat"}')
                now = time.time()
                longest, heard = max(longest, now - heard), now
            last = server.lines()[-1]
            return last if max(longest, time.time() - heard) < 0.35 else None

        self.assertEqual(wait(beats), "keydown b")
        began = press()
        wait(lambda: server.lines()[-1] == "keyup k:48", server.lines)
        self.assertGreater(time.time() - began, 0.4)
        ws.send("keydown c")
        wait(lambda: "keydown c" in server.lines(), server.lines)
        other = server.console()
        other.send(TAKE_CONTROL)
        other.state(lambda s: s["you"]["controller"])
        self.assertEqual(server.lines()[-1], "keyup k:46")
        ws.close()
        other.close()
        self.nobody_looks(server)
        server.post("/actions", b"keydown d")
        self.assertEqual(server.lines()[-1], "keyup k:32")

    def test_control(self):
        """one viewer has control; another takes it over, and all are told"""
        server = self.start()
        a, b = server.console(), server.console()
        id_a, id_b = (ws.message("state")["you"]["id"] for ws in (a, b))
        a.send("key a")
        for ws in (a, b):
            ws.state(lambda s: s["kvm"]["controller"]["id"] == id_a)
        b.send("key b")
        self.assertIn("control", b.message("error")["why"])
        b.send(TAKE_CONTROL)
        told = a.state(lambda s: s["kvm"]["controller"]["id"] == id_b)
        self.assertIs(told["you"]["controller"], False)
        b.send("key c")
        self.assertEqual(server.wait_lines(2), ["key a", "key c"])
        b.close()
        a.state(lambda s: s["kvm"]["controller"]["id"] is None)
        self.assertEqual(server.stop(), 0)
        server = self.start("--shared-control")
        a, b = server.console(), server.console()
        a.send("key a")
        server.wait_lines(1)
        b.send("key b")
        self.assertEqual(server.wait_lines(2), ["key a", "key b"])

    def test_never_mixed(self):
        """lines of many viewers are never mixed"""
        server = self.start("--shared-control")

        def talk(ws, name):
            for _ in range(200):
                ws.send(f"type {name * 500}")

        # The viewers stay until all lines are out: a closed socket loses undelivered lines.
        viewers = {name: server.console() for name in "abcd"}
        threads = [threading.Thread(target=talk, args=(ws, name)) for name, ws in viewers.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lines = server.wait_lines(800)
        self.assertEqual(len(lines), 800)
        self.assertEqual({line: lines.count(line) for line in set(lines)},
                         {f"type {name * 500}": 200 for name in "abcd"})

    def test_reader_behind(self):
        """a reader that is far behind: what is held comes up all the same"""
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDWR)
        self.addCleanup(os.close, reader)
        server = self.start(out=pipe)
        ws = server.console()
        ws.send("keydown leftshift\nkeydown a\nbuttondown left")
        while True:
            ws.send("type " + "x" * 50000 + "\nkey nosuchkey")
            if "busy" in ws.message("error")["why"]:
                break
        ws.send("keyup a")
        # One message, as the page's on-screen keyboard sends it.
        ws.send("type x\nkeyup leftshift\nkeydown b\nbuttonup left\ntype y")
        self.assertIn("busy", ws.message("error")["why"])
        seen = b""
        while not seen.endswith(b"buttonup left\n"):
            seen += os.read(reader, 1 << 16)
        short = [line for line in seen.decode().splitlines() if not line.startswith("type xx")]
        self.assertEqual(short, ["keydown leftshift", "keydown a", "buttondown left", "keyup a",
                                 "keyup leftshift", "buttonup left"])
