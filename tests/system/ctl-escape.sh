#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whatever stands in a path, a pattern, the name of a file or a note: no command of fdbrokerctl
# sends it to the terminal as it is. P79

. "$srcdir/tests/support/sh-lib"

self=$(realpath "$srcdir/tests/system/ctl-escape.sh")
cd "$scratch" || exit 99
escape=$(printf '\033[2J\007\302\233\342\200\256')
evil="/srv/$escape"
mkdir -p "policy-$escape" other
cat >"policy-$escape/10-$escape.fdp" <<'END'
version 1;
let @s = "/srv/\x1b\[2J*", "/srv/\x07\xc2\x9b\xe2\x80\xae/**";
for user 1 or unit "\x1b\[2J*.service" {
    here: allow read @s { note "why"; }
}
never: deny write @s;
END
cp "policy-$escape/10-$escape.fdp" "other/10-$escape.fdp"
printf 'version 1;\nfor user 1 { more: allow write "/srv/\\x1b\\[2J/**"; }\n' >"other/20-$escape.fdp"
printf 'x\n' >"policy-$escape/$escape"
printf 'version 1;\nalow "\033[2J"; deny any "/srv/\\x1b[]";\n' >"wrong-$escape.fdp"
printf 'allow write %s as user 1\n' "$evil" >"$escape.cases"

clean() { # no control character but the end of a line, no U+202E
	if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$1" ||
		LC_ALL=C grep -qF -e "$(printf '\302\233')" -e "$(printf '\342\200\256')" "$1"; then
		fail "raw bytes: $2: $(head -c 300 "$1" | cat -v)"
	fi
}

try() { # STATUS COMMAND [ARGUMENT]...
	it "$2 escapes what it shows ($#, $1)"
	expected=$1
	shift
	run fdbrokerctl "$@"
	exits "$expected"
	clean "$out" stdout
	clean "$err" stderr
	[ -s "$out" ] || [ -s "$err" ] || fail 'it says nothing'
}

policy="--policy=policy-$escape"
try 0 cat "$policy"
try 0 check "$policy"
try 2 check --format=gcc --only "wrong-$escape.fdp"
try 74 check --only "wrong-$escape.fdp" "$escape.fdp"
try 0 can "$policy" read "$evil" --as 'user 1'
try 64 can "$policy" read "$evil" --as "user 1 and unit \"$escape\""
try 0 can "$policy" read "$evil" --as 'user 1' --json
try 1 can "$policy" write "$evil" --as 'user 1'
try 3 can "$policy" read "$evil" --as 'group 1'
try 64 confirm "$escape"
try 1 diff "policy-$escape" other
try 74 edit "--policy=$escape" "$escape"
try 0 explain "$policy" read "$evil" --as 'user 1'
try 0 explain "$policy" read "$evil" --as 'user 1' --json
try 1 explain "$policy" write "$evil" --as 'user 1'
try 3 explain "$policy" read "$evil" --as 'group 1'
try 1 explain "$policy" read "$evil" --as 'user 2 and unit "a.service"'
try 64 explain --decision "$escape"
try 2 fmt "wrong-$escape.fdp"
try 64 help "$escape"
printf '{"id":"1","decision":"%s","path":[47,27,155],"unit":"%s"}\n' '\u001b[2J' '\u009b\u202e' >log.json
try 0 log --file=log.json
try 0 log --file=log.json --json
printf '{"id":"1","decision":"deny","reason":"default","modes":"read","path":[47,27,%d],"uid":"1","gid":"1",%s}\n' \
	155 '"unit":"\u001b[2J\u009b.service"' 1 '"unit":"a.service"' \
	2 '"unit":"a.service","rule":"\u001b"' 3 '"exe":"/\u001b","exe_ino":"1:1"' >learn.json
try 0 learn "$policy" --file=learn.json
try 0 learn "$policy" --file=learn.json --json
try 64 learn --label "$escape"
try 64 log --file=log.json --path "$escape"
try 74 log --file="$escape"
try 64 reload "$escape"
try 64 shadow --promote "$escape"
try 69 shadow "--socket=$escape" "$escape"
try 64 metrics "$escape"
try 0 show "$policy"
try 0 show "$policy" "10-$escape.here"
try 64 status "$escape"
try 1 test "$policy" "$escape.cases"
try 64 top "$escape"
try 0 what-can "$policy" --as 'user 1'
try 0 what-can "$policy" --as 'user 1' --json
try 0 who-can "$policy" read "$evil"
try 0 who-can "$policy" read "$evil" --json

it 'tries every command'
run fdbrokerctl --help
for command in $(sed -n 's/^  \([a-z-][a-z-]*\)  *[a-z].*/\1/p' "$out" | grep -v '^-'); do
	grep -q "^try [0-9]* $command " "$self" || fail "not $command"
done

finish
