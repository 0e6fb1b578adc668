#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl edit: an editor's work is installed only if the policy as a whole is good.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
unset SUDO_EDITOR VISUAL
admin=image/etc/fdbroker/policy.d vendor=image/usr/lib/fdbroker/policy.d
mkdir -p "$admin" "$vendor"
old='version 1;
a: deny any "/srv/a";'
printf '%s\n' "$old" >"$admin/10-a.fdp"
printf 'version 1;\nvendor: deny any "/srv/v";\n' >"$vendor/20-v.fdp"
chmod 640 "$admin/10-a.fdp"
editor() { # COMMANDS, of which $1 is the file
	printf '#!/bin/sh\n%s\n' "$1" >editor.sh
	chmod +x editor.sh
}
EDITOR=./editor.sh
export EDITOR
edit() {
	run fdbrokerctl edit --root=image "$@"
}
clean() { # nothing is left of the edit
	[ -z "$(find image -name '.*' ! -name .)" ] || fail "left: $(find image -name '.*')"
}

it 'shows the difference and replaces the file, with the mode it had'
editor 'echo "b: deny any \"/srv/b\";" >>"$1"'
edit 10-a
exits 0
says '+b: deny any "/srv/b";'
says "$admin/10-a.fdp was changed"
[ "$(stat -c %a "$admin/10-a.fdp")" = 640 ] || fail 'another mode'
grep -q '^b:' "$admin/10-a.fdp" || fail 'it was not changed'
clean

it 'says so if nothing was changed'
editor :
edit 10-a.fdp
exits 0
says 'is unchanged'
clean

it 'changes nothing if the policy would have errors'
cp "$admin/10-a.fdp" before
editor 'echo "alow" >>"$1"'
edit 10-a
exits 2
errs '10-a.fdp:4:1: error[E0'
errs "$admin/10-a.fdp is as it was"
cmp -s before "$admin/10-a.fdp" || fail 'it was changed'
clean

it 'changes nothing if an expectation of another file would fail'
printf 'version 1;\nexpect deny read '"'/srv/w'"' as user root;\n' >"$admin/90-e.fdp"
editor 'echo "for user root { allow read \"/srv/w\"; }" >>"$1"'
edit 10-a
exits 2
errs 'error[E013]'
cmp -s before "$admin/10-a.fdp" || fail 'it was changed'
rm "$admin/90-e.fdp"

it 'changes nothing for a warning, where nobody can accept it'
editor 'echo "for user no-such-user-here { l: allow read \"/srv/w\"; }" >>"$1"'
edit 10-a
exits 1
errs 'warning[W310]'
cmp -s before "$admin/10-a.fdp" || fail 'it was changed'

it 'makes a new file'
editor 'echo "n: deny any \"/srv/n\";" >>"$1"'
edit 30-n
exits 0
says "$admin/30-n.fdp is new"
printf 'version 1;\n\nn: deny any "/srv/n";\n' | cmp -s - "$admin/30-n.fdp" || fail 'another text'
[ "$(stat -c %a "$admin/30-n.fdp")" = 644 ] || fail 'another mode'

it 'begins with the file of a package, and leaves that as it is'
editor 'sed -i s,/srv/v,/srv/w, "$1"'
edit 20-v
exits 0
grep -q '^vendor: deny any "/srv/w"' "$admin/20-v.fdp" || fail 'not a copy of it'
grep -q '/srv/v' "$vendor/20-v.fdp" || fail 'the package was changed'

it 'lets the editor see nothing that is half done'
editor 'stat -c %a "$(dirname "$1")" >mode; find "$(dirname "$(dirname "$1")")" -name "*.fdp" >names'
edit 10-a
[ "$(cat mode)" = 700 ] || fail 'others can enter'

it 'refuses to run beside another edit'
editor 'fdbrokerctl edit --root=image 10-a >inner 2>&1; echo $? >inner.status'
edit 10-a
exits 0
[ "$(cat inner.status)" = 74 ] || fail 'the second one ran'
grep -q 'being edited by somebody else' inner || fail 'it does not say so'

it 'keeps the work when somebody else changed the file meanwhile'
editor 'echo "# mine" >>"$1"; echo "# theirs" >>image/etc/fdbroker/policy.d/10-a.fdp'
edit 10-a
exits 74
errs 'was changed by somebody else; what you wrote is in'
tail -n 1 "$admin/10-a.fdp" | grep -q theirs || fail 'theirs is gone'
grep -q mine "$(sed -n 's/.*what you wrote is in //p' "$err")" || fail 'mine is gone'
rm -r "$admin"/.edit-*

it 'changes nothing when the editor fails'
editor 'echo "# mine" >>"$1"; exit 1'
edit 10-a
exits 74
! grep -q mine "$admin/10-a.fdp" || fail 'it was changed'
clean
EDITOR=./no-such-editor
edit 10-a
exits 74
clean
EDITOR=./editor.sh

it 'takes an editor with arguments'
EDITOR='sed -i s,/srv/a,/srv/c,'
edit 10-a
exits 0
grep -q /srv/c "$admin/10-a.fdp" || fail 'it was not changed'
EDITOR=./editor.sh

it 'refuses a name that is none, and a link'
for name in ../x sub/x .hidden ''; do
	edit "$name"
	exits 64
done
ln -s /dev/null "$admin/40-mask.fdp"
edit 40-mask
exits 74

if command -v script >/dev/null; then
	it 'asks what to do with mistakes, and lets them be mended'
	editor 'if [ -e again ]; then sed -i /alow/d "$1"; echo "# mended" >>"$1"; else echo alow >>"$1"; fi; : >again'
	echo e | script -qec 'fdbrokerctl edit --root=image 10-a' /dev/null >"$out" 2>"$err"
	status=$?
	exits 0
	grep -q mended "$admin/10-a.fdp" || fail 'it was not changed'
fi

finish
