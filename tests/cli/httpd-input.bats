#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: the tile channel, and what viewers do.
load httpd/server

@test "/ws: a whole picture, then only the tiles that changed" {
	FEED="by hand" start
	run py <<'END'
show(0)
ws = console()
head, tiles = ws.picture()
assert head["flags"] & 1 and tiles[0][:4] == (0, 0, 64, 32)
for i in range(5):
    ws.ack(head["id"])
    show(i + 1)
    head, tiles = ws.picture()
    assert not head["flags"] & 1
    assert all(w * h < 64 * 32 for _, _, w, h, _ in tiles), tiles
    assert all(jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9" for *_, jpeg in tiles)
    p = subprocess.run(["ffprobe", "-v", "error", "-f", "mjpeg", "-show_entries", "stream=width,height", "-of", "csv=p=0", "-"], input=tiles[0][4], capture_output=True)
    assert p.stdout.split()[0].decode() == f"{tiles[0][2]},{tiles[0][3]}", p
END
	status_is 0
}

@test "/ws: without an acknowledgement no second picture, off is off, a still picture is silence" {
	FEED="by hand" start
	run py <<'END'
show(0)
ws = console()
head, _ = ws.picture()
for n in range(1, 7): show(n)
assert ws.quiet(), "unasked"
ws.ack(head["id"])
later, _ = ws.picture()
assert later["id"] == head["id"] + 6, "the newest, not the next"
ws.ack(later["id"])
for _ in range(3): show(6)
assert ws.quiet(), "nothing changed"
ws.send('{"op":"picture","mode":"off"}')
show(7)
assert ws.quiet(), "off"
END
	status_is 0
}

@test "a layout and delays end with the viewer that set them" {
	start
	run py <<'END'
ws, other = console(), console()
ws.send("layout de\ntypedelay 100\ntypedelay 50\nkeydown a")
wait(lambda: len(lines()) == 4)
ws.close()
wait(lambda: len(lines()) == 7)
assert lines()[4:] == ["keyup k:30", "layout", "typedelay"], lines()
other.send("keyhold 20")
wait(lambda: len(lines()) == 8)
third = console()
third.send('{"op":"control","take":true}')
wait(lambda: len(lines()) == 9)
assert lines()[8] == "keyhold", lines()
third.close()
other.close()
wait(lambda: state()["kvm"]["viewers"] == 0)
urllib.request.urlopen(url + "/actions", b"layout fr\ntype a")
assert lines()[9:] == ["layout fr", "type a", "layout"], lines()
END
	status_is 0
}

@test "action lines come out checked, whole and in order" {
	start
	run py <<'END'
ws = console()
ws.send("key a\nkey b\n# comment\n\n  key c")
wait(lambda: len(lines()) == 3)
assert lines() == ["key a", "key b", "  key c"], lines()
ws.send("type s3cret\nkey nosuchkey\nkey d")
error = ws.message("error")
assert error["line"] == 5 and "nosuchkey" in error["why"] and "s3cret" not in json.dumps(error)
wait(lambda: lines()[-1] == "type s3cret")
END
	status_is 0
	eventually nobody_looks # and none has control
	[ "$(http_status /actions --data-binary $'key e\nkey f')" = 200 ]
	[ "$(http_status /actions --data-binary $'key g\nkey nosuchkey')" = 400 ]
	tail -2 "$OUT" | cmp - <(printf 'key e\nkey f\n')
}

@test "keys that a viewer holds come up when it goes, falls silent or loses control" {
	start
	run py <<'END'
ws = console()
ws.send("keydown a\nbuttondown left")
wait(lambda: len(lines()) == 2)
ws.close()
wait(lambda: state()["kvm"]["viewers"] == 0)
assert lines()[2:] == ["keyup k:30", "buttonup left"], lines()
ws = console()
def press():
    """Presses B; when it was, once the line is there."""
    before, now = lines().count("keydown b"), time.time()
    ws.send("keydown b")
    wait(lambda: lines().count("keydown b") > before)
    return now
def beats():
    """The last line after a second of beats; None where this machine kept us from sending them in time."""
    began = heard = press()
    longest = 0
    while heard < began + 1:
        time.sleep(0.1)
        ws.send('{"op":"beat"}')
        now = time.time()
        longest, heard = max(longest, now - heard), now
    last = lines()[-1]
    return last if max(longest, time.time() - heard) < 0.35 else None
assert wait(beats) == "keydown b"
began = press()
wait(lambda: lines()[-1] == "keyup k:48")
assert time.time() - began > 0.4
ws.send("keydown c")
wait(lambda: "keydown c" in lines())
other = console()
other.send('{"op":"control","take":true}')
other.state(lambda s: s["you"]["controller"])
assert lines()[-1] == "keyup k:46", lines()
END
	status_is 0
	eventually nobody_looks
	curl -s --data-binary 'keydown d' "$URL/actions"
	[ "$(tail -1 "$OUT")" = "keyup k:32" ]
}

@test "one viewer has control; another takes it over, and all are told" {
	start
	run py <<'END'
a, b = console(), console()
one, two = (ws.message("state")["you"]["id"] for ws in (a, b))
a.send("key a")
for ws in (a, b):
    ws.state(lambda s: s["kvm"]["controller"]["id"] == one)
b.send("key b")
assert "control" in b.message("error")["why"]
b.send('{"op":"control","take":true}')
assert a.state(lambda s: s["kvm"]["controller"]["id"] == two)["you"]["controller"] is False
b.send("key c")
wait(lambda: lines() == ["key a", "key c"])
b.close()
a.state(lambda s: s["kvm"]["controller"]["id"] is None)
END
	status_is 0
	stop $SERVER 0
	start --shared-control
	run py <<'END'
a, b = console(), console()
a.send("key a")
wait(lambda: len(lines()) == 1)
b.send("key b")
wait(lambda: lines() == ["key a", "key b"])
END
	status_is 0
}

@test "lines of many viewers are never mixed" {
	start --shared-control
	run py <<'END'
def talk(ws, name):
    for i in range(200):
        ws.send(f"type {name * 500}")
talkers = {name: console() for name in "abcd"}  # until all is read: what a closed socket has left is lost
threads = [threading.Thread(target=talk, args=(talkers[name], name)) for name in talkers]
for t in threads: t.start()
for t in threads: t.join()
wait(lambda: len(lines()) == 800)
assert all(line in {"type " + c * 500 for c in "abcd"} for line in lines())
END
	status_is 0
}

@test "when nobody reads the actions, the server goes on view-only and says so" {
	OUT=$BATS_TEST_TMPDIR/pipe
	mkfifo "$OUT"
	head -1 "$OUT" >/dev/null 3>&- &
	start
	curl -s "$URL/state" | grep -q '"input":"ok"'
	curl -s -d 'key a' "$URL/actions" | grep -q '"ok":true'
	eventually bash -c "curl -s $URL/state | grep -q '\"input\":\"view-only\"'"
	curl -s -d 'key a' "$URL/actions" | grep -q 'view only'
	[ "$(http_status /snapshot)" = 200 ]
}

@test "a reader that is far behind: lines are refused, not lost, and nobody waits" {
	OUT=$BATS_TEST_TMPDIR/pipe
	mkfifo "$OUT"
	exec 7<>"$OUT"
	start
	line="type $(head -c 50000 /dev/zero | tr '\0' x)"
	for _ in 1 2 3 4 5 6; do codes="${codes-} $(http_status /actions --data-binary "$line")"; done
	[[ $codes == *200*503* ]]
	[ "$(http_status /state)" = 200 ]
	exec 7>&-
}

@test "a reader that is far behind: what is held comes up all the same" {
	OUT=$BATS_TEST_TMPDIR/pipe
	mkfifo "$OUT"
	exec 7<>"$OUT"
	start
	run py <<'END'
ws = console()
ws.send("keydown leftshift\nkeydown a\nbuttondown left")
while True:
    ws.send("type " + "x" * 50000 + "\nkey nosuchkey")
    if "busy" in ws.message("error")["why"]: break
ws.send("keyup a")
ws.send("type x\nkeyup leftshift\nkeydown b\nbuttonup left\ntype y")  # as the on-screen keyboard does
assert "busy" in ws.message("error")["why"]
seen = b""
while not seen.endswith(b"buttonup left\n"): seen += os.read(7, 1 << 16)
short = [line for line in seen.decode().splitlines() if not line.startswith("type xx")]
assert short == ["keydown leftshift", "keydown a", "buttondown left", "keyup a", "keyup leftshift", "buttonup left"], short
END
	status_is 0
	exec 7>&-
}

@test "--status: what kvm-type says reaches the viewers" {
	mkfifo "$BATS_TEST_TMPDIR/status"
	start --status "$BATS_TEST_TMPDIR/status"
	curl -s "$URL/state" | grep -q '"keyboard":null'
	{ echo 'not json'; echo '{"t":1,"keyboard":"ready","leds":["caps"],"done":17,"failed":0,"layout":"de"}'; } >"$BATS_TEST_TMPDIR/status"
	eventually bash -c "curl -s $URL/state | grep -q '\"keyboard\":{\"state\":\"ready\",\"leds\":\\[\"caps\"\\],\"done\":17,\"failed\":0,\"layout\":\"de\"}'"
	echo '{"keyboard":"asleep","leds":[],"done":18,"failed":1}' >"$BATS_TEST_TMPDIR/status"
	eventually bash -c "curl -s $URL/state | grep -q asleep"
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --status /nowhere/fifo </dev/null
	status_is 66
}

@test "/check and /layouts speak of layouts" {
	start
	[ "$(curl -s --data-binary 'a€' "$URL/check?layout=us")" = '{"ok":false,"untypable":[{"char":"€","line":1,"column":2}]}' ]
	[ "$(curl -s --data-binary 'a€' "$URL/check?layout=de")" = '{"ok":true,"untypable":[]}' ]
	[ "$(http_status "/check?layout=nosuch" -d a)" = 400 ]
	curl -s "$URL/layouts" | grep -q '{"name":"de","variant":"nodeadkeys",'
	curl -s "$URL/legends?layout=de" | grep -qF '"q":["q","Q","@","Ω"],'
	curl -s "$URL/legends?layout=fr" | grep -qF '"leftbrace":["^","¨",'
	[ "$(http_status "/legends?layout=nosuch")" = 400 ]
	# A name is no path, where a FIFO would keep all waiting.
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	for name in "../../../../..$BATS_TEST_TMPDIR/fifo" "us(../../../../..$BATS_TEST_TMPDIR/fifo)" de%0a de%00 ""; do
		[ "$(http_status "/legends?layout=$name" --max-time 30)" = 400 ]
		[ "$(http_status "/check?layout=$name" --max-time 30 -d a)" = 400 ]
	done
}
