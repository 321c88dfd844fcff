#!/usr/bin/env bats
# The samples of scripts/examples, with a running server behind them. The web servers are unpacked
# and not installed, so that none of them starts as a service on this machine.
load common

setup_file() {
	mkdir -p "$BATS_TEST_DIRNAME/../../build/ship/programs"
	cd "$BATS_TEST_DIRNAME/../../build/ship/programs"
	for package in nginx caddy apache2-bin prometheus; do
		[ -e "$package.deb" ] && continue
		apt-get -q download "$package" >/dev/null
		mv "${package}"_*.deb "$package.deb"
		dpkg -x "$package.deb" .
	done
}
# Prints the server options that the sample asks for.
options_of() { grep -oE -- '--(trust-proxy|allow-host [a-z.]+)' "$SRC/scripts/examples/$1" | xargs; }
setup() {
	cd "$T"
	PATH=$BATS_TEST_DIRNAME/../../build/ship/programs/usr/sbin:$BATS_TEST_DIRNAME/../../build/ship/programs/usr/bin:$PATH
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=kvm.example.org -days 2 \
		-addext subjectAltName=DNS:kvm.example.org -keyout key.pem -out cert.pem 2>/dev/null
	echo "ann:$(openssl passwd -6 secret)" >passwords
	setsid sh -c "kvm-capture -d test -s 320x200 -o - |
		kvm-mjpeg-httpd -l unix:$T/web.sock $(options_of nginx.conf) --passwords passwords | cat >actions" 2>said 3>&- &
	eventually answers web.sock login
	chmod 755 .
	chmod 777 web.sock
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" # for a web server that does not serve as root
	# No other test has this address, which the process ID makes; the kernel assigns no such port.
	address=127.$(($$ >> 16 & 63 | 64)).$(($$ >> 8 & 255)).$(($$ & 255)) port=18443
}
teardown() { sweep; }
# through CURL ARGS...: asks through the web server; after `exec=exec through … &` $! is curl.
through() {
	${exec-} curl -s --cacert cert.pem --connect-to "kvm.example.org:443:$address:$port" "$@"
}
# page CURL ARGS...: gets a page as a person with a browser does; prints the address where this ends.
page() { through -L -b jar -c jar -H 'Accept: text/html' -o page -w '%{url_effective}' "$@"; }
# works PATH: checks that a person can log in and out and gets the whole page, that pictures come at
# once and keep coming, a WebSocket opens, and actions arrive.
works() {
	local site=https://kvm.example.org$1 ours=(-b jar -H 'Origin: https://kvm.example.org') name names
	eventually through -f -o page "${site}login"
	[ "$(page "${site%/}")" = "${site}login" ]
	[ "$(page "${ours[@]}" -d 'name=ann&password=wrong' "${site}login")" = "${site}login?failed" ]
	[ "$(page "${ours[@]}" -d 'name=ann&password=secret' "${site}login")" = "$site" ]
	names=$(sed -nE 's/.*(href|src)="?([^" >]+).*/\2/p' page)
	[ "$(echo "$names" | wc -l)" -ge 3 ]
	for name in $names; do through -f -o file "$site$name"; done
	through -o snapshot.jpg -f -b jar "${site}snapshot"
	ffprobe -v error snapshot.jpg
	exec=exec through -N -b jar "${site}stream" -o stream 3>&- &
	eventually eval '[ "$(grep -ac "Content-Type: image/jpeg" stream)" -ge 2 ]'
	stop $!
	exec=exec through -N -i --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
		-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "${ours[@]}" "${site}ws" -o ws 3>&- &
	eventually grep -a '101 Switching Protocols' ws
	stop $!
	through -f "${ours[@]}" --data-binary 'key a' "${site}actions"
	eventually grep -qx 'key a' actions
	[ "$(page "${ours[@]}" -d x "${site}logout")" = "${site}login" ]
	[ "$(through -o page -w '%{http_code}' -b jar "${site}state")" = 401 ]
}
# In the samples, the comment says how to serve the KVM under a path. These functions start the web
# server with the sample, edited by the given commands of sed(1). nginx_with takes the name of another sample, too.
nginx_with() {
	sed "$1
		s|unix:/run/kvm/target.sock|unix:$T/web.sock|; s|listen 443|listen $address:$port|
		s|ssl_certificate  .*|ssl_certificate $T/cert.pem;|; s|ssl_certificate_key .*|ssl_certificate_key $T/key.pem;|" \
		"$SRC/scripts/examples/${2:-nginx.conf}" >site.conf
	printf '%s\n' 'daemon off; pid nginx.pid; error_log stderr; user root;' 'events { }' "http { access_log off; port_in_redirect off;
		client_body_temp_path $T/body; proxy_temp_path $T/proxy; fastcgi_temp_path $T/f; uwsgi_temp_path $T/u; scgi_temp_path $T/s;
		include $T/site.conf; }" >nginx.conf
	setsid nginx -p "$T" -c "$T/nginx.conf" 2>nginx.log 3>&- &
}
caddy_with() {
	{
		printf '{\n\tadmin off\n\tauto_https disable_redirects\n\thttps_port %s\n\tdefault_bind %s\n}\n' "$port" "$address"
		sed "$1
			s|unix//run/kvm/target.sock|unix/$T/web.sock|; s|^kvm.example.org {|&\n\ttls $T/cert.pem $T/key.pem|" \
			"$SRC/scripts/examples/Caddyfile"
	} >Caddyfile
	XDG_DATA_HOME=$T XDG_CONFIG_HOME=$T setsid caddy run --adapter caddyfile --config Caddyfile 2>caddy.log 3>&- &
}
apache_with() {
	local modules=$BATS_TEST_DIRNAME/../../build/ship/programs/usr/lib/apache2/modules module
	{
		for module in mpm_event authz_core headers socache_shmcb ssl proxy proxy_http alias; do
			echo "LoadModule ${module}_module $modules/mod_$module.so"
		done
		printf '%s\n' "ServerName x" "Listen $address:$port" "PidFile $T/apache.pid" "ErrorLog $T/apache.log" \
			"DefaultRuntimeDir $T" "Mutex posixsem" "User nobody" "Group nogroup"
		sed "$1
			s|/run/kvm/target.sock|$T/web.sock|; s|\*:443|$address:$port|
			s|/etc.*fullchain.pem|$T/cert.pem|; s|/etc.*privkey.pem|$T/key.pem|" "$SRC/scripts/examples/apache.conf"
	} >apache.conf
	setsid apache2 -D FOREGROUND -f "$T/apache.conf" 3>&- &
}

@test "nginx" {
	nginx_with ''
	works /
}
@test "nginx, under a path" {
	nginx_with 's|location / {|location /kvm/ {|; s|http://kvm_target;|http://kvm_target/;|'
	works /kvm/
}
@test "nginx with Authelia: whom the login names is in with the role of the user's line; a forged name is not" {
	# A stand-in for Authelia: the cookie "login=NAME" is the session of that user.
	python3 - "$T/login-port" 3>&- <<-'END' &
		import http.server, sys
		class Login(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        name = (self.headers['Cookie'] or '').removeprefix('login=')
		        self.send_response(200 if name else 401)
		        if name: self.send_header('Remote-User', name)
		        self.end_headers()
		    def log_message(self, *_): pass
		server = http.server.HTTPServer(('127.0.0.1', 0), Login)
		open(sys.argv[1], 'w').write(str(server.server_port))
		server.serve_forever()
	END
	eventually test -s login-port
	printf 'ann:*:control\nbob:*:view\n' >passwords
	setsid sh -c "kvm-capture -d test -s 320x200 -o - | kvm-mjpeg-httpd -l unix:$T/login.sock --passwords passwords \
		--user-header Remote-User $(options_of nginx-authelia.conf) | cat >presses" 2>trail 3>&- &
	eventually grep -q unix: trail
	chmod 777 login.sock
	nginx_with "s|unix:/run/kvm/target.sock|unix:$T/login.sock|; s|127.0.0.1:9091|127.0.0.1:$(cat login-port)|" nginx-authelia.conf
	asked() { through -o body -w '%{http_code}' -X POST --data-binary 'key a' https://kvm.example.org/actions "$@"; }
	eventually eval '[ "$(asked)" = 302 ]'
	[ "$(asked -b login=ann)" = 200 ]
	[ "$(asked -b login=bob)" = 403 ]
	[ "$(asked -b login=eve)" = 403 ]
	[ "$(asked -H 'Remote-User: ann')" = 302 ]
	[ "$(asked -b login=bob -H 'Remote-User: ann')" = 403 ]
	[ "$(cat presses)" = "key a" ]
	grep -q 'actions from .* user=ann key=1' trail
}
@test "Caddy" {
	caddy_with ''
	works /
}
@test "Caddy, under a path" {
	caddy_with 's|^\treverse_proxy|\tredir /kvm /kvm/\n\thandle_path /kvm/* {\n&|; s|^\t}|&\n\t}|'
	works /kvm/
}
@test "Apache" {
	apache_with ''
	works /
}
@test "Apache, under a path" {
	apache_with '/^ *ProxyPass /d; s|# END|RedirectMatch "^/kvm$" "/kvm/"\n&|
		s|# END|ProxyPass "/kvm/" "unix:/run/kvm/target.sock\|http://kvm/" upgrade=websocket flushpackets=on timeout=3600\n&|'
	works /kvm/
}

@test "Prometheus reads the sample, and its tool likes the metrics" {
	promtool check config --syntax-only "$SRC/scripts/examples/prometheus.yml"
	curl -sf --unix-socket web.sock http://localhost/metrics | promtool check metrics
	# promtool parses only rules, so the queries of the dashboard are made into rules.
	python3 - "$SRC/scripts/examples/grafana.json" >rules.yml <<-'END'
		import json, sys
		asked = [t['expr'] for p in json.load(open(sys.argv[1]))['panels'] for t in p['targets']]
		rules = [{'record': f'q{i}', 'expr': e.replace('$__rate_interval', '1m')} for i, e in enumerate(asked)]
		print(json.dumps({'groups': [{'name': 'dashboard', 'rules': rules}]}))
	END
	promtool check rules rules.yml
}

@test "ssh keys: each line is one that OpenSSH reads, restricted to one tool" {
	run grep -c '^restrict,command="kvm-' "$SRC/scripts/examples/authorized_keys"
	[ "$output" -eq "$(grep -c '^[^#]' "$SRC/scripts/examples/authorized_keys" | xargs)" ]
}

# Ansible with a stand-in for ssh, which runs the last word of its command line in the tree.
ansible_on_tree() { # TARGETS
	printf '#!/bin/bash\nexec chroot %s sh -c "${@: -1}"\n' "$T/root" >ssh
	chmod +x ssh
	LC_ALL=C.UTF-8 ANSIBLE_LOCAL_TEMP=$T ansible-playbook -i pi.example.org, -e ansible_ssh_executable="$T/ssh" \
		-e ansible_ssh_transfer_method=piped -e ansible_python_interpreter=/usr/bin/python3 -e kvm_reboot=false \
		-e "kvm_packages=$T" -e '{"kvm_passwords": ["viewer:$y$x:view"], "kvm_targets": ['"$1"']}' "$SRC/scripts/ansible/site.yml"
}

@test "Ansible: the role sets up a Debian, and a second time changes nothing" {
	mkdir root package
	tar -xf "$KVM_TREE" -C root --exclude='./dev/*'
	mknod -m 666 root/dev/null c 1 3
	mkdir -p root/boot/firmware
	echo '[all]' >root/boot/firmware/config.txt
	cp /etc/resolv.conf root/etc

	# Our package, built without its dependencies: Debian's own tools check those.
	(cd "$SRC" && scripts/install-files install "$T/package" /usr "$BIN")
	mkdir package/DEBIAN
	printf '%s\n' 'Package: kvmpi' 'Version: 1' "Architecture: $(dpkg --print-architecture)" 'Maintainer: x <x@example.org>' \
		'Description: x' >package/DEBIAN/control
	sed 's/^#DEBHELPER#/systemd-sysusers/' "$SRC/scripts/deb/postinst" >package/DEBIAN/postinst
	chmod 755 package/DEBIAN/postinst
	dpkg-deb -b --root-owner-group package "kvmpi_1_$(dpkg --print-architecture).deb"

	two='{"name": "target"}, {"name": "rack-2", "serve": "cat"}'
	run -0 ansible_on_tree "$two"
	[[ $output == *'failed=0'* ]]
	grep -q '^dtoverlay=dwc2,dr_mode=peripheral' root/boot/firmware/config.txt
	grep -qx 'SERVE=cat' root/etc/kvm/rack-2.conf
	[ "$(stat -c %a root/etc/kvm/passwords) $(cat root/etc/kvm/passwords)" = '640 viewer:$y$x:view' ]
	[ -L root/etc/systemd/system/multi-user.target.wants/kvm@rack-2.service ]
	[ -L root/etc/systemd/system/usb-gadget.target.wants/kvm-gadget.service ]
	run -0 ansible_on_tree "$two"
	[[ $output == *'changed=0 '*'failed=0'* ]]
	[ -L root/etc/systemd/system/multi-user.target.wants/kvm@target.service ]
	run -0 ansible_on_tree '{"name": "rack-2", "serve": "cat"}'
	[ ! -e root/etc/systemd/system/multi-user.target.wants/kvm@target.service ]
	[ -L root/etc/systemd/system/multi-user.target.wants/kvm@rack-2.service ]
	run ! ansible_on_tree '{"name": "target"}, {"name": "rack-2"}'
	[[ $output == *'two of kvm_targets have no serve'* ]]
}
