# fish completion of the kvm tools, from their --help.
function __kvm_words
    set -l words (commandline -opc)
    set -l table (sh /usr/local/share/kvmpi/completion-table $words)
    for row in $table
        set -l part (string split \t -- $row)
        test "$part[1]" = "$words[-1]"; and test -n "$part[2]"; or continue
        switch $part[2]
            case '*|*'
                string split '|' -- $part[2]
            case 'LAYOUT*'
                $words[1] --list-layouts | awk '{ print $1 }'
            case DEVICE
                printf '%s\n' auto test /dev/video* /dev/v4l/by-*/*
            case FILE FIFO IMAGE PATH
                __fish_complete_path (commandline -ct)
        end
        return
    end
    for row in $table
        set -l part (string split \t -- $row)
        printf '%s\t%s\n' $part[1] $part[3]
    end
end
for tool in kvm-capture kvm-gadget-setup kvm-mjpeg-httpd kvm-type
    complete -c $tool -f -a '(__kvm_words)'
end
