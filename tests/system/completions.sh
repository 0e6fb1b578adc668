#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What shells, vim and nano know of fdbrokerctl and its language is what there is.

. "$srcdir/tests/support/sh-lib"

tree=$(cd "$srcdir" && pwd)
cd "$scratch" || exit 99

if command -v bash >/dev/null; then
	complete() { # WORDS: as bash cuts a line; the last one is completed
		run bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fdbrokerctl
			printf "%s\n" "${COMPREPLY[@]}"' bash "$tree/completions/fdbrokerctl.bash" "$@"
	}
	is() { # the answers, in any order
		printf '%s\n' "$@" | sort >wanted
		sort "$out" | cmp -s wanted - || fail "answers: $(tr '\n' ' ' <"$out")"
	}

	it 'completes commands in bash'
	complete fdbrokerctl wh
	is what-can who-can
	complete fdbrokerctl ''
	says check
	says diff
	no_complaint

	it 'completes the options of a command, and those that take a value with ='
	complete fdbrokerctl check --s
	is --socket= --strict
	complete fdbrokerctl fmt --ch
	is --check

	it 'completes values'
	complete fdbrokerctl check --format = g
	is gcc
	complete fdbrokerctl reload --confirm = 6
	is 60s
	complete fdbrokerctl check --color =
	is auto always never
	complete fdbrokerctl log --since = to
	is today

	it 'completes modes, behind a comma too'
	complete fdbrokerctl can re
	is read remove
	complete fdbrokerctl can -q read,wr
	is read,write

	it 'completes findings'
	complete fdbrokerctl help W11
	is W111 W112 W113 W114 W115

	it 'completes rules and sets'
	mkdir bin
	cat >bin/fdbrokerctl <<'END'
#!/bin/sh
case $1 in
show) printf '10-a.b\n10-a.c\n' ;;
cat) printf 'version 1;\nlet @one = "/a";\n  let @two="/b"; # let\nx: deny any @one;\n' ;;
esac
END
	chmod 755 bin/fdbrokerctl
	PATH=$scratch/bin:$PATH complete fdbrokerctl show @
	is @one @two
	PATH=$scratch/bin:$PATH complete fdbrokerctl show 10-a.c
	is 10-a.c

	it 'completes file names where nothing else fits'
	: >policy.fdp
	complete fdbrokerctl check pol
	is policy.fdp
fi

if command -v fish >/dev/null; then
	complete() { # LINE: its last word is completed
		run env HOME="$scratch" fish --no-config -c "source $tree/completions/fdbrokerctl.fish; complete -C '$1'"
	}
	offers() { # ANSWER...: in any order; descriptions aside
		cut -f 1 "$out" | sort -u >answers
		printf '%s\n' "$@" | sort | cmp -s answers - || fail "answers: $(tr '\n' ' ' <answers)"
	}

	it 'completes commands, modes and findings in fish'
	complete 'fdbrokerctl wh'
	offers what-can who-can
	complete 'fdbrokerctl can read,wr'
	offers read,write
	complete 'fdbrokerctl help W11'
	offers W111 W112 W113 W114 W115

	it 'completes options and their values in fish'
	complete 'fdbrokerctl fmt --ch'
	offers --check
	complete 'fdbrokerctl check --format=g'
	offers --format=gcc
	complete 'fdbrokerctl learn --since=to'
	offers --since=today
	complete 'fdbrokerctl status --color=n'
	offers --color=never
fi

if command -v zsh >/dev/null; then
	it 'is something that zsh can read'
	run zsh -f -n "$tree/completions/_fdbrokerctl"
	exits 0
	no_complaint
fi

words() { # FILE TABLE
	sed -n "/^static const char \*const $2\[\]/,/};/p" "$1" | grep -o '"[a-z-]*"' | tr -d '"'
}

settings() {
	sed -n '/^} known\[\] = {/,/^};/s/^	{ "\([a-z-]*\)".*/\1/p' "$tree/daemon/settings.c"
}

it 'has every setting, and no other, in the syntax for vim'
settings | sort >wanted
[ "$(wc -l <wanted)" -ge 13 ] || fail 'hardly any setting'
sed -n 's/^syn keyword fdpSetting //p' "$tree/vim/syntax/fdp.vim" | tr ' ' '\n' | sort |
	cmp -s wanted - || fail 'vim has others'

it 'has every word of the language in the syntax for vim'
for table in statements modes keys attrs; do
	words "$tree/policy/keywords.c" "$table" >table
	[ -s table ] || fail "no $table"
	while read -r word; do
		grep -q "^syn keyword.* $word\\( \\|\$\\)" "$tree/vim/syntax/fdp.vim" ||
			fail "vim does not know $word"
	done <table
done

it 'has the words of the language and the settings in the syntax for nano, and no others'
nano=$tree/nano/fdbroker.nanorc
sed -n 's/^color.*"\\<(\(.*\))\\>"$/\1/p' "$nano" | tr '|' '\n' | sort -u >known
for table in statements modes keys attrs; do
	words "$tree/policy/keywords.c" "$table"
done >table
printf '%s\n' and or not as root except mode enforce complain settings >>table
settings >>table
sort -u table | cmp -s - known || fail "$(sort -u table | diff - known)"

it 'has for nano only expressions that compile'
sed -n 's/^\(syntax [a-z]*\|color [a-z,]*\) "\(.*\)"$/\2/p' "$nano" >expressions
[ "$(wc -l <expressions)" -eq "$(grep -c '^\(syntax\|color\) ' "$nano")" ] || fail 'some are not seen'
while read -r expression; do
	printf '\n' | grep -qE -e "$expression" 2>"$err"
	[ $? -le 1 ] || fail "$expression: $(cat "$err")"
done <expressions

it 'has every mode in the completions'
words "$tree/policy/keywords.c" modes | grep -v '^any$' | while read -r mode; do
	for file in fdbrokerctl.bash _fdbrokerctl fdbrokerctl.fish; do
		grep -qw "$mode" "$tree/completions/$file" || echo "$file: $mode"
	done
done >missing
[ ! -s missing ] || fail "$(cat missing)"

it 'completes every mode in every shell that is here, and no other'
words "$tree/policy/keywords.c" modes | grep -v '^any$' | sort >wanted
[ "$(wc -l <wanted)" -ge 12 ] || fail 'hardly any mode'
sed -n "s/^modes=(\(.*\))$/\1/p" "$tree/completions/_fdbrokerctl" | tr ' ' '\n' | sort |
	cmp -s wanted - || fail 'zsh has others'
if command -v bash >/dev/null; then
	bash -c '. "$1"; _fdbrokerctl_modes ""' bash "$tree/completions/fdbrokerctl.bash" | sort |
		cmp -s wanted - || fail 'bash has others'
fi
sed -n 's/^	for mode in \(.*\)$/\1/p' "$tree/completions/fdbrokerctl.fish" | tr ' ' '\n' | sort |
	cmp -s wanted - || fail 'fish has others'

if command -v bash >/dev/null; then
	it 'completes every option of every command in bash'
	fdbrokerctl help </dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' >commands
	[ "$(wc -l <commands)" -ge 20 ] || fail 'hardly any command'
	while read -r command; do
		fdbrokerctl "$command" --help </dev/null | grep -oE '^  (-., )?--[a-z-]+=?' |
			grep -oE -e '--[a-z-]+=?' | sort >wanted
		run bash -c '. "$1"; COMP_WORDS=(fdbrokerctl "$2" --); COMP_CWORD=2; _fdbrokerctl
			printf "%s\n" "${COMPREPLY[@]}"' bash "$tree/completions/fdbrokerctl.bash" "$command"
		sort "$out" | cmp -s wanted - || fail "$command: $(sort "$out" | diff wanted - | head -n 4)"
	done <commands
fi

# nano says what is wrong with its rc files when it ends, which it is told once it shows how.
if command -v nano >/dev/null && command -v script >/dev/null; then
	cat >until-exit <<-'END'
		$| = 1;
		open my $keys, '>', 'keys' or die;
		while (sysread STDIN, my $part, 4096) {
			print $part;
			$seen .= $part;
			$sent ||= $seen =~ /Exit/ && syswrite $keys, "\030";
		}
	END
	mkfifo keys
	nano_says() { # RC FILE
		printf 'include "%s"\n' "$1" >rc
		TERM=xterm timeout -s KILL 60 script -qec "nano --rcfile=$scratch/rc -v $2" /dev/null \
			<keys 2>"$err" | timeout 60 perl until-exit >"$out"
	}
	printf 'version 1;\nfor user a { x: allow connect "/a"; }\n' >syntax.fdp
	printf 'version 1;\nsettings { max-watches 1; }\n' >fdbroker.conf

	it 'has a syntax that nano itself takes, and uses for policies and fdbroker.conf'
	for file in syntax.fdp fdbroker.conf "$tree"/examples/policy/*.fdp; do
		nano_says "$nano" "$file"
		! grep -qE 'Mistakes in|Error in|Bad regex' "$out" || fail "$file: $(cat -v "$out")"
		grep -q "$(printf '\033')\[34m" "$out" || fail "$file has no colours"
	done

	it 'would see a mistake in it'
	sed 's/(read|write/((read|write/' "$nano" >broken.nanorc
	nano_says "$scratch/broken.nanorc" syntax.fdp
	says 'Bad regex'
fi

if command -v vim >/dev/null; then
	it 'jumps in vim to where check found a mistake'
	printf 'version 1;\n\nalow read "/a";\n' >bad.fdp
	TERM=dumb vim -u NONE -N -es -X -c "set rtp^=$tree/vim" -c 'filetype plugin on' \
		-c 'syntax on' -c 'edit bad.fdp' -c 'compiler fdbrokerctl' -c 'silent make' \
		-c 'call writefile([&ft, getqflist()[0].lnum . ":" . getqflist()[0].col . getqflist()[0].type], "seen")' \
		-c 'qa!' >"$out" 2>"$err" </dev/null
	printf 'fdp\n3:1e\n' | cmp -s - seen || fail "saw $(cat seen)"
fi

finish
