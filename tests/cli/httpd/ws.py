"""The WebSocket client of the tests and benchmarks. It needs the standard library only."""
import base64
import json
import os
import struct


class WebSocket:
    def __init__(self, connection, host, path="/ws", headers=None):
        """`connection`: a connected socket, plain or TLS; `host` is for the header Host."""
        self.sock = connection
        headers = dict(headers or {})
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {headers.pop('Host', host)}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            got = self.sock.recv(4096)
            if not got:
                break
            self.data += got
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        self.status = int(head.split()[1]) if head else 0

    def fill(self, n):
        """Reads until `n` bytes are there."""
        while len(self.data) < n:
            got = self.sock.recv(1 << 16)
            if not got:
                raise EOFError
            self.data += got

    def take(self, n):
        self.fill(n)
        got, self.data = self.data[:n], self.data[n:]
        return got

    def receive(self):
        """(opcode, payload) of the next frame; the server does not fragment."""
        first, second = self.take(2)
        assert first & 0x80 and not second & 0x80
        size = second
        if size == 126:
            (size,) = struct.unpack(">H", self.take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.take(8))
        return first & 15, self.take(size)

    def send(self, payload, opcode=1, fin=True):
        if isinstance(payload, str):
            payload = payload.encode()
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        stream = mask * (size // 4 + 1)
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")
        self.sock.sendall(head + mask + masked)

    def message(self, op):
        """The next text message with that "op"."""
        while True:
            opcode, payload = self.receive()
            if opcode == 8:
                raise EOFError
            if opcode == 1:
                got = json.loads(payload)
                if got["op"] == op:
                    return got

    def state(self, wanted):
        """Waits until a state message satisfies `wanted`."""
        while True:
            got = self.message("state")
            if wanted(got):
                return got

    def picture(self):
        """The next picture update; acknowledges nothing."""
        while True:
            opcode, payload = self.receive()
            if opcode == 2 and (update := self.update(payload)):
                return update

    def update(self, payload):
        """(header dict, [(x, y, w, h, jpeg)]) of a binary message; None if the message is the
        shared JPEG head."""
        version, flags, count, number, time_us = struct.unpack_from("<BBHIq", payload)
        assert version == 2
        body = payload[16:]
        if flags & 2:
            self.head = body
            return None
        at = 16 * count
        pieces = []
        for i in range(count):
            x, y, w, h, _, _, _, _, size = struct.unpack_from("<HHHHBBBBI", body, 16 * i)
            jpeg = body[at : at + size]
            if not flags & 1:
                jpeg = self.head[:7] + struct.pack(">HH", h, w) + self.head[11:] + jpeg
            pieces.append((x, y, w, h, jpeg))
            at += size
        assert at == len(body)
        return {"flags": flags, "id": number, "time": time_us}, pieces

    def quiet(self):
        """True if no picture comes before the answer to a ping, so that none was on its way."""
        self.send("", 9)
        while (got := self.receive()[0]) != 10:
            if got == 2:
                return False
        return True

    def pong(self):
        """Waits until the server answers a ping."""
        self.send("", 9)
        while self.receive()[0] != 10:
            pass

    def goodbye(self):
        """Waits for the server's closing message; returns its payload."""
        while True:
            opcode, payload = self.receive()
            if opcode == 8:
                return payload

    def ack(self, number):
        self.send(json.dumps({"op": "ack", "id": number}))

    def close(self):
        self.sock.close()
