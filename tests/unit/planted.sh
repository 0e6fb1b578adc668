#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The reference must find each bug that was planted in the engine (planted.sed).

status=0
for module in compile_rule match order trie_nodes trie_walk; do
	if output=$("$builddir/tests/unit/planted_$module" 2>&1); then
		echo "FAIL: the bug in $module.c was not found"
		status=1
	elif printf '%s\n' "$output" | grep -q 'the engine says'; then
		echo "PASS: the bug in $module.c was found:" \
			"$(printf '%s\n' "$output" | grep -o '[a-z ]*: the engine says.*' | head -n 1)"
	else
		echo "FAIL: the test for $module.c failed, but by something else:"
		printf '%s\n' "$output"
		status=1
	fi
done
exit $status
