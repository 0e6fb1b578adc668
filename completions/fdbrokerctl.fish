# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fish completion for fdbrokerctl. Commands and options are asked of the program itself.

function __fdbrokerctl_commands
	fdbrokerctl help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) +(.*)' '$1\t$2'
end

function __fdbrokerctl_options
	set -l words (commandline -opc)
	fdbrokerctl help $words[2] 2>/dev/null |
		string replace -rf '^  (?:-., )?(--[a-z-]+=?)\S* +(.*)' '$1\t$2'
end

function __fdbrokerctl_modes
	set -l before (string replace -rf '[^,]*$' '' -- (commandline -ct))
	for mode in read write append truncate create tmpfile list stat remove attributes connect watch
		echo $before$mode
	end
end

function __fdbrokerctl_at -a number
	test (count (commandline -opc)) -eq $number
end

function __fdbrokerctl_in
	set -l words (commandline -opc)
	contains -- "$words[2]" $argv
end

complete -c fdbrokerctl -n '__fdbrokerctl_at 1' -f -a '(__fdbrokerctl_commands)'
complete -c fdbrokerctl -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__fdbrokerctl_options)'
complete -c fdbrokerctl -n '__fdbrokerctl_at 2; and __fdbrokerctl_in can explain who-can' \
	-f -a '(__fdbrokerctl_modes)'
complete -c fdbrokerctl -n '__fdbrokerctl_in show' -f -a '(fdbrokerctl show 2>/dev/null)'
complete -c fdbrokerctl -n '__fdbrokerctl_in show' -f \
	-a '(fdbrokerctl cat 2>/dev/null | string replace -rf "^\\s*let\\s*(@[a-z0-9-]+).*" "\$1")'
complete -c fdbrokerctl -n '__fdbrokerctl_in help' -f -a '(__fdbrokerctl_commands)'
complete -c fdbrokerctl -n '__fdbrokerctl_in help' -f \
	-a '(fdbrokerctl help findings 2>/dev/null | string replace -r " +" \t)'
complete -c fdbrokerctl -n '__fdbrokerctl_in reload' -l confirm -x -a '60s 5min 1h'
complete -c fdbrokerctl -n '__fdbrokerctl_in top' -s b -l batch -f
complete -c fdbrokerctl -n '__fdbrokerctl_in top' -s d -l delay -x -a '0.5 1 2 5 10 60'
complete -c fdbrokerctl -n '__fdbrokerctl_in top' -s n -l count -x -a '1 10 60'
complete -c fdbrokerctl -n '__fdbrokerctl_in log' -l rule -x -a 'default (fdbrokerctl show 2>/dev/null)'
complete -c fdbrokerctl -n '__fdbrokerctl_in log learn' -l since -x -a 'now today yesterday -1h -1d -1w'
complete -c fdbrokerctl -n '__fdbrokerctl_in log learn' -l until -x -a 'now today yesterday -1h -1d -1w'
complete -c fdbrokerctl -n '__fdbrokerctl_in log learn' -s u -l unit -x \
	-a '(systemctl list-units --all --plain --no-legend 2>/dev/null | string replace -r " .*" "")'
complete -c fdbrokerctl -n '__fdbrokerctl_in log learn' -l user -x -a '(__fish_complete_users)'
complete -c fdbrokerctl -n '__fdbrokerctl_in check' -l format -x -a 'text gcc json'
complete -c fdbrokerctl -n 'not __fdbrokerctl_at 1' -l color -x -a 'auto always never'
complete -c fdbrokerctl -n '__fdbrokerctl_in explain' -l pid -x -a '(__fish_complete_pids)'
