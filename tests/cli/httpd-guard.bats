#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: headers, methods and encodings.
load httpd/server

@test "answers are guarded: CSP without inline code, nosniff, no frames, no CORS unless asked for" {
	start
	curl -si "$URL/" | tr -d '\r' >"$BATS_TEST_TMPDIR/head"
	grep -qi "^content-security-policy: default-src 'self';.*frame-ancestors 'none'" "$BATS_TEST_TMPDIR/head"
	run ! grep -qi unsafe "$BATS_TEST_TMPDIR/head"
	for path in / /state /snapshot /metrics /nowhere; do curl -si "$URL$path" | grep -aqi '^x-content-type-options: nosniff'; done
	run ! bash -c "curl -si -H 'Origin: http://x' '$URL/state' | grep -qi access-control"
	stop $SERVER 0
	start --allow-origin https://dash.example.org
	# The other origin may read refusals too: "no-signal" is worth showing.
	for path in /state "/snapshot?max_age=0" "/snapshot?wait=x" "/stream?fps=x"; do
		curl -si "$URL$path" | grep -qi '^access-control-allow-origin: https://dash.example.org'
	done
	[ "$(http_status /actions -H 'Origin: https://dash.example.org' -d 'key a')" = 403 ]
}

@test "--allow-origin with --passwords: refusals can be read, a login can be sent; no login for every site" {
	passwords
	start --allow-origin https://dash.example.org --passwords "$PASSWORDS"
	for path in /state /snapshot /stream; do
		for method in GET OPTIONS; do
			curl -si -X $method "$URL$path" | tr -d '\r' >"$BATS_TEST_TMPDIR/head"
			grep -qi '^access-control-allow-origin: https://dash.example.org$' "$BATS_TEST_TMPDIR/head"
			grep -qi '^access-control-allow-credentials: true$' "$BATS_TEST_TMPDIR/head"
		done
		grep -qi '^access-control-allow-headers: authorization$' "$BATS_TEST_TMPDIR/head"
	done
	[ "$(http_status /state)" = 401 ]
	curl -si -u ann:secret "$URL/state" | grep -qi '^access-control-allow-credentials: true'
	for path in /actions /metrics /nowhere /login; do
		run ! bash -c "curl -si -X OPTIONS '$URL$path' | grep -qi '^access-control'"
	done
	for origin in '*' dash.example.org https://dash.example.org/; do
		run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$PASSWORDS" --allow-origin "$origin" </dev/null
		status_is 64
		one_line kvm-mjpeg-httpd
	done
}

@test "what comes from the source has no origin, runs no script, and shows on pages of this site only" {
	start
	view /stream -D "$BATS_TEST_TMPDIR/stream"
	eventually grep -q '^.$' "$BATS_TEST_TMPDIR/stream"
	curl -si "$URL/snapshot" >"$BATS_TEST_TMPDIR/snapshot"
	for answer in stream snapshot; do
		tr -d '\r' <"$BATS_TEST_TMPDIR/$answer" | grep -ai '^[a-z-]*: ' >"$BATS_TEST_TMPDIR/head"
		grep -qix "content-security-policy: default-src 'none';.* sandbox" "$BATS_TEST_TMPDIR/head"
		grep -qix 'x-content-type-options: nosniff' "$BATS_TEST_TMPDIR/head"
		grep -qix 'cross-origin-resource-policy: same-site' "$BATS_TEST_TMPDIR/head"
	done
	stop $VIEWER
	stop $SERVER 0
	start --allow-origin https://dash.example.org
	curl -si "$URL/snapshot" | tr -d '\r' | grep -aqix 'cross-origin-resource-policy: cross-origin'
}

@test "methods and tags as HTTP has them" {
	start
	allowed() { curl -si -X "$1" "$URL$2" | tr -d '\r' | sed -n '1s/.* \(4..\) .*/\1/p; s/^Allow: //p' | paste -sd ' '; }
	[ "$(allowed PUT /state)" = "405 GET, HEAD" ]
	[ "$(allowed GET /actions)" = "405 POST" ]
	[ "$(allowed PUT /login)" = "405 GET, HEAD, POST" ]
	[ "$(allowed GET /logout)" = "405 POST" ]
	[ "$(allowed PUT /page/main.js)" = "405 GET, HEAD" ]
	[ "$(http_status /state -I)" = 200 ]
	tag=$(curl -sI "$URL/page/main.js" | tr -d '\r' | sed -n 's/^ETag: //p')
	[ -n "$tag" ]
	for named in "$tag" "W/$tag" "\"other\", W/$tag" "*"; do
		[ "$(http_status /page/main.js -H "If-None-Match: $named")" = 304 ]
	done
	[ "$(http_status /page/main.js -H 'If-None-Match: "other"')" = 200 ]
	[ "$(http_status /snapshot -H 'If-None-Match: *')" = 304 ]
}

@test "the page goes by gzip to those who take it" {
	start
	curl -s "$URL/page/main.js" >"$BATS_TEST_TMPDIR/plain"
	# The script is packed when it is built: it has less text than its source and is still a script.
	[ "$(wc -l <"$BATS_TEST_TMPDIR/plain")" -gt 50 ]
	[ "$(wc -c <"$BATS_TEST_TMPDIR/plain")" -lt "$(wc -c <"$BATS_TEST_DIRNAME/../../lib/http/page/main.js")" ]
	cp "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/plain.mjs"
	node --check "$BATS_TEST_TMPDIR/plain.mjs"
	curl -s -H 'Accept-Encoding: deflate, gzip' "$URL/page/main.js" | gunzip | cmp - "$BATS_TEST_TMPDIR/plain"
	curl -s -H 'Accept-Encoding: gzip;q=0' "$URL/page/main.js" | cmp - "$BATS_TEST_TMPDIR/plain"
	tag() { curl -s -o /dev/null -w '%header{etag}' "$@" "$URL/page/main.js"; }
	[ "$(tag)" != "$(tag -H 'Accept-Encoding: gzip')" ]
	[ "$(http_status /page/main.js -H 'Accept-Encoding: gzip' -H "If-None-Match: $(tag -H 'Accept-Encoding: gzip')")" = 304 ]
}
