#!/usr/bin/env bats
# kvm-pipe: when one part ends, the others end too. These tests need no service manager.
load common

setup() {
	export RUNTIME_DIRECTORY=$T/run
	mkdir "$T/run"
}
teardown() { sweep; }
# start: runs kvm-pipe in a process group of its own, as a service has a cgroup of its own.
start() {
	setsid "$SRC/scripts/kvm-pipe" 2>"$T/said" 3>&- &
	pipe=$!
	for part in capture serve type; do eventually test -s "$T/run/$part.pid"; done
}

@test "what goes in on the left comes out on the right" {
	CAPTURE="echo 'a  b'" SERVE="tr a-z A-Z" TYPE="tee '$T/out'" run -0 "$SRC/scripts/kvm-pipe"
	[ "$(cat "$T/out")" = 'A  B' ]
	[[ $output == *"kvm-pipe: capture ended with status 0"* ]]
}

@test "kill -9 of any part ends the pipe, and it is named" {
	export CAPTURE="sleep 60" SERVE=cat TYPE=cat
	for victim in capture serve type; do
		rm -f "$T"/run/*.pid
		start
		kill -9 "$(cat "$T/run/$victim.pid")"
		ends_with 137 $pipe
		[[ $(cat "$T/said") == *"kvm-pipe: $victim ended with status 137" ]]
		# The service manager would end the rest; when the capture ends, the rest ends by itself.
		[ $victim = capture ] || kill -- "-$pipe"
	done
}

@test "the server gets SIGHUP, LISTEN_PID and WATCHDOG_PID that are its own" {
	export CAPTURE="sleep 60" TYPE="tee '$T/out'" LISTEN_PID=1 WATCHDOG_PID=1
	export SERVE="bash -c 'trap \"echo hup\" HUP; echo \$\$ \$LISTEN_PID \$WATCHDOG_PID; while :; do sleep 0.1; done'"
	start
	eventually test -s "$T/out"
	read -r self listen watchdog <"$T/out"
	[ "$self" = "$listen" ] && [ "$self" = "$watchdog" ] && [ "$self" = "$(cat "$T/run/serve.pid")" ]
	# A SIGHUP before there is a server has no effect.
	mv "$T/run/serve.pid" "$T/server"
	mkfifo "$T/run/serve.pid"
	kill -HUP "$pipe"
	timeout 30 tee "$T/run/serve.pid" </dev/null # kvm-pipe has read an empty pid file
	mv "$T/server" "$T/run/serve.pid"
	for times in 1 2; do
		kill -HUP "$pipe"
		eventually eval '[ "$(grep -c hup "$T/out")" = $times ]'
	done
	kill -0 "$pipe"
	[ ! -s "$T/said" ]
}

@test "a socket from systemd arrives at the server, and the manager hears that it is ready" {
	manager=$T/manager
	# Stands in for systemd: prints each message that it gets as a line.
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(1000).decode(), flush=True)' "$manager" >"$T/told" 3>&- &
	eventually test -S "$manager"
	export CAPTURE="sleep 60" SERVE=kvm-mjpeg-httpd TYPE=cat WATCHDOG_USEC=500000 NOTIFY_SOCKET=$manager
	setsid systemd-socket-activate -E NOTIFY_SOCKET -E WATCHDOG_USEC -E CAPTURE -E SERVE -E TYPE \
		-E PATH -E RUNTIME_DIRECTORY -l "$T/web.sock" "$SRC/scripts/kvm-pipe" 2>"$T/said" 3>&- &
	eventually answers "$T/web.sock"
	run -0 curl -s --unix-socket "$T/web.sock" http://localhost/state
	json_is ok true <<<"$output"
	eventually grep -q READY=1 "$T/told"
	eventually grep -q 'STATUS=none' "$T/told"
	beats() { [ "$(grep -c WATCHDOG=1 "$T/told")" -ge "$1" ]; }
	eventually beats 4
}

@test "a missing command or folder is said: 78" {
	export SERVE=cat TYPE=cat
	run --separate-stderr "$SRC/scripts/kvm-pipe"
	status_is 78 && one_line kvm-pipe && [[ $stderr == *CAPTURE* ]]
}

@test "units: the rating of each sandbox is 2.0 or better" {
	for unit in "$SRC"/scripts/systemd/*.service; do
		run systemd-analyze security --no-pager --offline=true --threshold=20 "$unit"
		status_is 0
	done
}
