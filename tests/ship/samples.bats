#!/usr/bin/env bats
# Files for other people's programs, as far as they can be checked without those programs.
load common

teardown() { sweep; }

@test "Grafana: each metric of the dashboard is one that a server has" {
	setsid sh -c "kvm-capture -d test -s 320x200 -o - | kvm-mjpeg-httpd -l unix:$T/web.sock | cat >/dev/null" 2>/dev/null 3>&- &
	eventually answers "$T/web.sock"
	curl -sf --unix-socket "$T/web.sock" http://localhost/metrics | sed -n 's/^\(kvm_[a-z_]*\).*/\1/p' | sort -u >"$T/served"
	python3 - "$SRC/scripts/examples/grafana.json" >"$T/named" <<-'END'
		import json, re, sys
		board = json.load(open(sys.argv[1]))
		asked = [target['expr'] for panel in board['panels'] for target in panel['targets']]
		asked += [variable['query']['query'] for variable in board['templating']['list'] if variable['type'] == 'query']
		assert len({panel['id'] for panel in board['panels']}) == len(board['panels'])
		print('\n'.join(sorted({name for line in asked for name in re.findall(r'\bkvm_\w+', line)})))
	END
	[ "$(wc -l <"$T/named")" -ge 15 ]
	[ -z "$(comm -23 "$T/named" "$T/served")" ] || { comm -23 "$T/named" "$T/served"; false; }
}
