#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl and the pager: on a terminal long answers go through it, and nowhere else.

. "$srcdir/tests/support/sh-lib"

command -v script >/dev/null || {
	echo 'needs script(1)'
	exit 77
}
cd "$scratch" || exit 99
TERM=vt100
PAGER=./pager.sh
export TERM PAGER
cat >pager.sh <<'END'
#!/bin/sh
env | grep '^LESS' >environment
sed 's/^/paged: /'
END
chmod +x pager.sh
terminal() { # COMMAND LINE
	script -qec "$1" /dev/null >"$out" 2>"$err" </dev/null
	status=$?
	tr -d '\r' <"$out" >text && cp text "$out"
}

it 'pages on a terminal'
terminal 'fdbrokerctl show --builtin'
exits 0
says 'paged: version 1;'
grep -qx 'LESS=FRSXMK' environment || fail 'other options for less'
grep -qx 'LESSSECURE=1' environment || fail 'less may start a shell'

it 'exits with the status of the command'
terminal 'fdbrokerctl show --policy=. no.such'
exits 1

it 'takes a pager that is left early for no error'
printf '#!/bin/sh\nhead -n 1\n' >pager.sh
yes 'deny any "/srv/a";' | head -n 20000 | sed '1i version 1;' >long.fdp
terminal 'fdbrokerctl cat --only long.fdp'
exits 0
[ "$(wc -l <"$out")" = 1 ] || fail 'more was written'

it 'takes a pager with arguments'
export PAGER='sed s/^/sed:/'
terminal 'fdbrokerctl show --builtin'
says 'sed:version 1;'
PAGER=./pager.sh
printf '#!/bin/sh\nsed "s/^/paged: /"\n' >pager.sh

it 'does without when told so'
terminal 'fdbrokerctl show --builtin --no-pager'
says_not paged
terminal 'PAGER= fdbrokerctl show --builtin'
says_not paged
terminal 'PAGER=cat fdbrokerctl show --builtin'
says_not paged
terminal 'TERM=dumb fdbrokerctl show --builtin'
says_not paged

it 'writes as it is where there is no terminal'
run fdbrokerctl show --builtin
exits 0
says_not paged
says 'version 1;'

finish
