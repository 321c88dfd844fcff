"""kvm-mjpeg-httpd(1) from the outside: /state and /metrics, and uStreamer's old addresses."""
from server import ServerTest, wait


class State(ServerTest):
    def test_layout(self):
        """/state has uStreamer's layout and ours, the old addresses work"""
        server = self.start("--title", "web 1")
        with server.open("/stream?key=me") as viewer:
            viewer.read(1)

            def busy():
                """The state, if there were frames in the last second."""
                state = server.state()
                clients = state["stream"]["clients_stat"].values()
                rates = [client["fps"] for client in clients] + [state["source"]["captured_fps"]]
                return state if min(rates) > 0 else None

            state = wait(busy, server.state)
        self.assertEqual(state["source"]["resolution"], {"width": 64, "height": 32})
        self.assertIs(state["source"]["online"], True)
        self.assertEqual(state["source"]["desired_fps"], 0)
        self.assertEqual(state["stream"]["clients"], 1)
        self.assertGreater(state["stream"]["queued_fps"], 0)
        self.assertEqual(state["encoder"]["type"], "CPU")
        self.assertIn(state["encoder"]["quality"], range(1, 101))
        ((name, client),) = state["stream"]["clients_stat"].items()
        self.assertEqual(len(name), 16)
        self.assertEqual(client["key"], "me")
        self.assertIs(client["zero_data"], False)
        self.assertEqual((state["kvm"]["title"], state["kvm"]["source"]), ("web 1", "live"))
        self.ustreamer(server)

    def head_of(self, server, path):
        """The headers of an answer, and of the first part if the answer is a stream."""
        with server.open(path) as answer:
            text = str(answer.headers)
            if answer.headers.get_content_maintype() == "multipart":
                answer.readline()  # the boundary
                while line := answer.readline().strip():
                    text += line.decode() + "\n"
        return text

    def ustreamer(self, server):
        """Checks the headers that PiKVM's page, kvmd and its VNC server rely on."""
        for path in "/snapshot", "/stream?extra_headers=1&key=a-Key_1":
            head = self.head_of(server, path)
            for line in (r"x-timestamp: [0-9.]+", "x-ustreamer-online: true", "x-ustreamer-width: 64",
                         "x-ustreamer-height: 32"):
                self.assertRegex(head, f"(?mi)^{line}\\s*$")
        self.assertRegex(head, "(?mi)^set-cookie: stream_client=a-Key_1/[0-9a-f]{16};")
        head = self.head_of(server, "/stream?key=a%0d%0aX-Evil:1")
        self.assertNotRegex(head, "(?mi)^(set-cookie|x-evil)")
        self.assertEqual(server.status("/?action=snapshot"), 200)
        with server.open("/?action=stream") as stream:
            seen = b""
            while seen.count(b"--kvm-") < 6:
                seen += stream.read1()

    def test_metrics(self):
        """/metrics is Prometheus text"""
        server = self.start()
        with server.open("/stream") as stream:
            stream.read(1)
        for line in server.get("/metrics").splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) kvm_\w+ .+|kvm_\w+(\{\w+="[^"]*"\})? [-+.e0-9]+)$')
        self.assertEqual(server.metric("kvm_streams_total"), 1)
