# The option table of a tool, from its own --help: NAME, argument and description, by tabs; for a
# subcommand the name and description. All completions read this, so none can drift.
function out(left, about,    name, argument, names, i, n) {
	name = left
	sub(/ .*/, "", name)
	argument = left
	sub(/^[^ ]* ?/, "", argument)
	sub(/^(TEXT|INT|FLOAT):/, "", argument)
	gsub(/[{}]/, "", argument)
	if (argument ~ /,/) gsub(/,/, "|", argument)
	n = split(name, names, ",")
	for (i = 1; i <= n; ++i) print names[i] "\t" argument "\t" about
}
/^Subcommands:/ { commands = 1 }
# A description that stands on the next line.
waiting != "" { line = $0; sub(/^ +/, "", line); out(waiting, line); waiting = ""; next }
/^  -/ || commands && /^  [a-z]/ {
	line = substr($0, 3)
	gap = match(line, /  +/)
	if (gap) out(substr(line, 1, gap - 1), substr(line, gap + RLENGTH))
	else waiting = line
}
