#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The policy corpus through the real fdbrokerctl: `can --requests` must answer each line of
# tests/policy/*.cases as the unit tests of the engine do, so that tool and library cannot diverge.

. "$srcdir/tests/support/sh-lib"

data=$(cd "$srcdir/tests/policy" && pwd)
tab=$(printf '\t')

# `allow MODES PATH as WHO`; a path of the corpus holds no " as ".
requests() { # CASES
	sed -n "s/^\\(allow\\|deny\\|undecided\\) \\([^ ]*\\) \\(.*\\) as \\(.*\\)\$/\\2$tab\\3$tab\\4/p" "$1"
}
answers() { # CASES
	sed -n 's/^\(allow\|deny\|undecided\) .*/\1/p' "$1"
}

for cases in "$data"/*.cases; do
	name=$(basename "$cases" .cases)
	it "answers $name.cases as it is written there"
	mkdir "$scratch/$name"
	cp "$data/$name.fdp" "$scratch/$name"
	requests "$cases" >"$scratch/requests"
	answers "$cases" >"$scratch/expected"
	run fdbrokerctl can "--policy=$scratch/$name" "--requests=$scratch/requests" \
		--json
	exits 0
	json-get answer <"$out" >"$scratch/answers"
	paste "$scratch/expected" "$scratch/answers" "$scratch/requests" |
		awk -F'\t' '$1 != $2' >"$scratch/wrong"
	[ ! -s "$scratch/wrong" ] || fail "$(head -n 3 "$scratch/wrong")"
	[ "$(wc -l <"$scratch/expected")" -gt 5 ] || fail 'hardly any case was read'
	[ "$(wc -l <"$scratch/expected")" = "$(wc -l <"$scratch/answers")" ] || fail 'lines are missing'
done

finish
