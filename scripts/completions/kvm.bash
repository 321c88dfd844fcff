# bash completion of the kvm tools, from their --help.
_kvm() {
	local tool=$1 word=$2 before=$3 argument table
	[ "$before" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]}
	table=$(sh /usr/local/share/kvmpi/completion-table "${COMP_WORDS[@]:0:COMP_CWORD}")
	argument=$(awk -F'\t' -v name="$before" '$1 == name { print $2; exit }' <<<"$table")
	case $argument in
	'')
		# shellcheck disable=SC2207  # names have no spaces
		COMPREPLY=($(compgen -W "$(cut -f1 <<<"$table")" -- "$word"))
		return
		;;
	*'|'*) argument=${argument//|/ } ;;
	LAYOUT*) argument=$("$tool" --list-layouts | awk '{ print $1 }') ;;
	DEVICE) argument="auto test $(compgen -G '/dev/video*') $(compgen -G '/dev/v4l/by-*/*')" ;;
	FILE | FIFO | IMAGE | PATH)
		COMPREPLY=()
		compopt -o default
		return
		;;
	*) argument= ;;
	esac
	# shellcheck disable=SC2207
	COMPREPLY=($(compgen -W "$argument" -- "$word"))
}
complete -F _kvm kvm-capture kvm-gadget-setup kvm-mjpeg-httpd kvm-type
