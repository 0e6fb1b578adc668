# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# bash completion for fdbrokerctl. Commands and options are asked of the program itself, so they are
# those of the version that is installed.

_fdbrokerctl_modes() { # WORD: the last of a list with commas
	local before='' modes='read write append truncate create tmpfile list stat remove attributes
		connect watch'
	[[ $1 == *,* ]] && before=${1%,*},
	# shellcheck disable=SC2086 # the modes are words
	printf "$before%s\n" $modes
}

_fdbrokerctl_options() { # COMMAND
	fdbrokerctl help "$1" 2>/dev/null |
		sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*=\{0,1\}\).*/\2/p'
}

_fdbrokerctl_values() { # OPTION
	case $1 in
	--count) echo '1 10 60' ;;
	--delay) echo '0.5 1 2 5 10 60' ;;
	--color) echo 'auto always never' ;;
	--confirm) echo '60s 5min 1h' ;;
	--format) echo 'text gcc json' ;;
	--rule) fdbrokerctl show 2>/dev/null; echo default ;;
	--since | --until) echo 'now today yesterday -1h -1d -1w' ;;
	--unit) systemctl list-units --all --plain --no-legend 2>/dev/null | cut -d ' ' -f 1 ;;
	--user) compgen -u ;;
	--pid) (cd /proc && echo [0-9]*) ;;
	esac
}

_fdbrokerctl_sets() {
	fdbrokerctl cat 2>/dev/null | sed -n 's/^[[:space:]]*let[[:space:]]*\(@[a-z0-9-]*\).*/\1/p'
}

_fdbrokerctl_operands() { # COMMAND NUMBER WORD
	case $1 in
	can | explain | who-can)
		[ "$2" -gt 0 ] || _fdbrokerctl_modes "$3"
		;;
	show) fdbrokerctl show 2>/dev/null; _fdbrokerctl_sets ;;
	edit) (cd /etc/fdbroker/policy.d 2>/dev/null && echo *.fdp) ;;
	help)
		_fdbrokerctl_commands
		fdbrokerctl help findings 2>/dev/null | cut -d ' ' -f 1
		;;
	esac
}

_fdbrokerctl_commands() {
	fdbrokerctl help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

_fdbrokerctl() {
	local word=${COMP_WORDS[COMP_CWORD]} command='' operands=0 i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-* | =) ;;
		*)
			if [ "${COMP_WORDS[i - 1]}" = = ]; then
				continue
			elif [ -z "$command" ]; then
				command=${COMP_WORDS[i]}
			else
				operands=$((operands + 1))
			fi
			;;
		esac
	done
	if [ "$word" = = ] || [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ]; then
		i=$((COMP_CWORD - 1))
		[ "$word" = = ] && word= || i=$((COMP_CWORD - 2))
		mapfile -t COMPREPLY < <(compgen -W "$(_fdbrokerctl_values "${COMP_WORDS[i]}")" -- "$word")
		[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	fi
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$(_fdbrokerctl_options "$command")" -- "$word") ;;
	*)
		if [ -z "$command" ]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_fdbrokerctl_commands)" -- "$word")
		else
			mapfile -t COMPREPLY < <(compgen -W \
				"$(_fdbrokerctl_operands "$command" "$operands" "$word")" -- "$word")
			[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
		fi
		;;
	esac
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
	return 0
}

complete -F _fdbrokerctl fdbrokerctl
