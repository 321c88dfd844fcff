#!/usr/bin/env bats
# Completions of fish and zsh; tests/cli/completions.bats tests those of bash.
load common

setup() {
	mkdir -p "$T/kvmpi"
	cp "$SRC/scripts/completions/table" "$T/kvmpi/completion-table"
	for file in _kvm kvm.fish; do sed "s|/usr/local/share|$T|" "$SRC/scripts/completions/$file" >"$T/$file"; done
	cd "$T"
}
# Prints the options in --help, parsed independently of the completions.
options_of() {
	"$@" --help | sed '/^Subcommands:/,$d' | grep -oE '^  -[^ ]+' | tr ',' '\n' | tr -d ' ' | sort
}
in_fish() { fish --no-config -c "source kvm.fish; complete -C '$*'" | cut -f1 | sort; }
# zsh only completes at a prompt: this simulates a prompt and reads the list of completions.
in_zsh() {
	cat >zsh-try <<-'END'
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "PS1= ; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -d $1/dump; zstyle ':completion:*' list-prompt ''; LISTMAX=10000"
		zpty -w z "compadd() { [[ \$* == *-[OAD]* ]] || print -rl -- ADD \"\$@\" >>$1/added; builtin compadd \"\$@\" }"
		zpty -w z "${@:2}"$'\t'
		zpty -w z ": >$1/done"
		repeat 600; do [[ -e $1/done ]] && break; sleep 0.05; done
		zpty -d z
	END
	rm -f added done
	zsh -f zsh-try "$T" "$@" >/dev/null 2>&1 || :
	sort -u added
}

@test "fish and zsh offer each option of each tool" {
	for tool in $TOOLS; do
		options_of "$tool" >options
		in_fish "$tool -" | diff options -
	done
	in_zsh "kvm-type -" >offered
	for option in $(options_of kvm-type); do grep -qF -- "$option" offered || { echo "zsh: $option"; cat offered; false; }; done
}

@test "values, subcommands and what they take" {
	[ "$(in_fish kvm-type --unicode '')" = $'linux\nmac\nwindows' ]
	in_fish 'kvm-type -l d' | grep -qx de
	in_fish 'kvm-gadget-setup s' | grep -qx status
	options_of kvm-gadget-setup disc insert >options
	in_fish 'kvm-gadget-setup disc insert -' | diff options -
	in_zsh 'kvm-gadget-setup disc insert -' >offered
	grep -q -- --writable offered
	! grep -q -- --udc offered
}
