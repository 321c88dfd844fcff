#!/usr/bin/env bats
# Takes each recipe from the text of kvm-recipes(7) and runs it. kvm-capture shows the built-in picture and
# kvm-type prints its reports; everything else is real.
load common

setup() {
	cd "$T"
	mkdir bin shots
	export HOME=$T REPORTS=$T/reports BIN
	stub kvm-capture 'exec "$BIN/kvm-capture" -d test -s 640x400 "$@"'
	stub kvm-type 'exec "$BIN/kvm-type" --dry-run "$@" | tee -a "$REPORTS"'
	stub sleep ':'
	PATH=$T/bin:$PATH
}
teardown() { sweep; }
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}
# recipe NAME: prints the lines of a recipe without the roff markup.
recipe() {
	awk -v name="$1" '$0 == ".\\\" recipe: " name { found = 1; next }
		found && /^\.Bd/ { inside = 1; next }
		inside && /^\.Ed/ { exit }
		inside { gsub(/\\e/, "\\"); print }' "$SRC/man/kvm-recipes.7" | grep .
}
cook() { bash -ec "$(recipe "$1")"; }

@test "each recipe of the page has a test here" {
	sed -n 's/^\.\\" recipe: //p' "$SRC/man/kvm-recipes.7" | while read -r name; do
		grep -qE "(cook|recipe|serves) $name\b" "$BATS_TEST_FILENAME" || { echo "no test: $name"; false; }
	done
}

# logins HOST...: writes the password file for the servers here, and ~/.netrc for these hosts.
logins() {
	# shellcheck disable=SC2016  # $6$ is for perl
	printf 'viewer:%s:view\n' "$(perl -e 'print crypt("long enough", q($6$saltsalt))')" >passwords
	printf 'machine %s login viewer password "long enough"\n' "$@" >.netrc
}

@test "snapshots: the server's picture from cron, with a login" {
	logins localhost
	setsid sh -c "kvm-capture -o - | '$BIN/kvm-mjpeg-httpd' -l unix:$T/web.sock --passwords passwords" >/dev/null 2>&1 3>&- &
	eventually curl -sf --unix-socket web.sock -u 'viewer:long enough' -o /dev/null http://localhost/snapshot
	stub curl 'exec '"$(command -v curl)"' --unix-socket '"$T"'/web.sock "$@"'
	line=$(recipe snapshots)
	[ "${line:0:13}" = '*/10 * * * * ' ]
	sh -c "$(sed 's/\\%/%/g' <<<"${line:13}")"
	ffprobe -v error "$(echo shots/2*-*.jpg)"
}

@test "a server with TLS and passwords: the relays of all pages, and what openQA asks for" {
	logins pi pi1.example.org
	stub chown ':' # this machine has no group kvmpi
	KVM_ETC=$T "$SRC/scripts/kvm-password" token create relay | sed 's/.*/header = "Authorization: Bearer &"/' >.kvm
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=pi -days 2 -addext subjectAltName=DNS:pi,DNS:pi1.example.org \
		-keyout key.pem -out cert.pem 2>/dev/null
	address=127.$(($$ >> 16 & 63 | 64)).$(($$ >> 8 & 255)).$(($$ & 255))
	setsid sh -c "kvm-capture -o - | '$BIN/kvm-mjpeg-httpd' -l $address:8443 --passwords passwords --allow-host pi \
		--allow-host pi1.example.org --tls-cert cert.pem --tls-key key.pem" >/dev/null 2>&1 3>&- &
	eventually curl -sf --cacert cert.pem --connect-to "::$address:" --netrc -o /dev/null https://pi:8443/snapshot
	stub curl 'exec '"$(command -v curl)"' --cacert cert.pem --connect-to "::'"$address"':" "$@"'
	sed -n 's/^\(\.Dl \|CAPTURE=\)\{0,1\}\(curl .*\/stream\).*/\2/p' "$SRC"/man/*.[1-8] | grep pi >relays
	[ "$(wc -l <relays)" -eq 3 ]
	while read -r relay; do
		(sh -c "${relay/\/var\/lib\/kvmpi\/pi1/.kvm}" || :) 2>&1 | head -c 20000 >stream
		grep -a 'Content-Type: image/jpeg' stream >/dev/null || { echo "$relay: $(head -c 300 stream)"; false; }
	done <relays
	# openQA's ffmpeg does not check the certificate.
	url=$(recipe openqa | sed -n 's/.*VIDEO_STREAM_URL = //p; ' | sed "s/PASSWORD/long%20enough/; s/pi1.example.org/$address/")
	ffmpeg -v error -i "$url" -frames:v 1 -y seen.jpg
}

@test "time-lapse, film" {
	line=$(recipe time-lapse)
	[ "${line:0:13}" = '*/10 * * * * ' ]
	# cron(8) turns \% into %.
	sh -c "$(sed 's/\\%/%/g' <<<"${line:13}")"
	[ "$(ls shots)" = "$(basename "$(ls shots/2*-*.jpg)")" ]
	cook film
	[ -s lapse.mp4 ]
}

@test "kvm-capture(1): a picture each minute" {
	line=$(sed -n 's/^\.Dl \(.*--every 60.*\)/\1/p' "$SRC/man/kvm-capture.1")
	sh -c "$line -n 1"
	ffprobe -v error 2*-*/????.jpg
}

@test "ocr, luks" {
	stub kvm-capture 'exec ffmpeg -v error -i "'"$T"'/screen.png" -frames:v 1 -f mjpeg -'
	stub pass 'echo "correct horse"; echo "user: x"'
	ffmpeg -v error -f lavfi -i color=black:s=900x80 -frames:v 1 -vf \
		"drawtext=text='Please enter passphrase for disk':fontcolor=white:fontsize=36:x=20:y=20" screen.png
	run -0 cook ocr
	[[ $output == *"enter passphrase for disk"* ]]
	cook luks
	[ "$("$BIN/kvm-type" --dry-run <<<'correct horse')" = "$(cat "$REPORTS")" ]
}

@test "sysrq, bios, switch, wake" {
	cook sysrq >/dev/null
	[ "$(grep -c . "$REPORTS")" -ge 12 ]
	rm "$REPORTS"
	cook switch
	rm "$REPORTS"
	# The target is off: without --wait kvm-type gives up.
	off='case " $* " in *" --wait "*) ;; *) exit 75 ;; esac'
	stub kvm-type "$off"'; exec "$BIN/kvm-type" --dry-run "$@" | tee -a "$REPORTS"'
	cook bios >/dev/null
	press=$("$BIN/kvm-type" --dry-run -k delete | head -1)
	[ "$(grep -cF "$press" "$REPORTS")" -eq 60 ]
	stub wakeonlan 'echo "$1" >woken'
	stub kvm-type "$off; cat >actions"
	cook wake
	[ "$(cat woken)" = 00:11:22:33:44:55 ]
	[ "$(grep -c 'key f12' actions)" -eq 20 ]
}

@test "serial" {
	stub kvm-gadget-setup 'exec "$BIN/kvm-gadget-setup" "$@" --script'
	run -0 cook serial
	[[ $output == *acm.serial* ]]
}

@test "record, replay, relay" {
	# curl stands in for the browser; Unix sockets replace the addresses of the recipes.
	stub kvm-mjpeg-httpd 'exec "$BIN/kvm-mjpeg-httpd" -l unix:'"$T"'/web.sock'
	setsid bash -ec "$(recipe record)" >/dev/null 2>&1 3>&- &
	pipe=$!
	eventually answers web.sock
	curl -s --unix-socket web.sock -X POST --data-binary $'key a\nkey b\n' http://localhost/actions
	eventually grep -q 'key b' session.actions
	stub curl 'exec '"$(command -v curl)"' --unix-socket '"$T"'/web.sock "$@"'
	sed 's/ -l 127.0.0.1:8081//' <<<"$(recipe relay)" | sed "s|kvm-mjpeg-httpd|'$BIN/kvm-mjpeg-httpd' -l unix:$T/relay.sock|" >relay
	setsid bash -e relay >/dev/null 2>&1 3>&- &
	relay=$!
	picture() { "$(PATH=${PATH#*:} command -v curl)" -sf --unix-socket relay.sock http://localhost/snapshot -o relayed.jpg; }
	eventually picture
	ffprobe -v error relayed.jpg
	kill -- "-$relay" "-$pipe"
	rm "$REPORTS"
	cook replay
	[ "$("$BIN/kvm-type" --dry-run -k a -k b)" = "$(cat "$REPORTS")" ]
}

@test "document, drive" {
	cook document
	[ "$(ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 how-to.gif)" -ge 10 ]
	cook drive
	[ "$(wc -l <"$REPORTS")" -gt 8 ]
	ffprobe -v error after.jpg
}

@test "openqa: what its backend writes arrives" {
	# The stream that openQA reads is tested above; this tests the input that it writes.
	[ "$(sed -n 's/^#     //p' "$SRC/scripts/examples/openqa-input")" = "$(recipe openqa)" ]
	printf '%s\n' a A '!' ctrl-alt-delete spc ret '\' 'mouse_move 960 540' 'mouse_button 3' 'mouse_button 0' |
		"$SRC/scripts/examples/openqa-input" 1920 1080 tee actions | "$BIN/kvm-type" -a --ack --dry-run >played
	[ "$(paste -sd, actions)" = 'type a,type A,type !,key ctrl+alt+delete,key space,key enter,type \,mouseto 0.4999 0.4999,buttondown left,buttondown right,buttonup left,buttonup right' ]
	[ "$(grep -cx ok played)" -eq 12 ]
}

# serves RECIPE HOST: the server accepts the recipe's options and answers under that name.
serves() {
	line=$(recipe "$1" | sed "s|^SERVE=||; s|/etc/kvm/passwords|passwords|; s| -l [^ ]*||")
	setsid sh -c "kvm-capture -o - | $line -l unix:$T/$1.sock" >/dev/null 2>&1 3>&- &
	pipe=$!
	eventually curl -sf --unix-socket "$1.sock" -u 'viewer:long enough' -H "Host: $2" http://localhost/state
	kill -- "-$pipe"
}

@test "wireguard, tailscale" {
	logins localhost
	mkfifo status
	serves wireguard localhost
	serves tailscale pi.example.ts.net
}
