# SPDX-License-Identifier: LGPL-2.1-or-later
# One bug for each of five modules of policy/; each line changes one of them.

# compile_rule.c: a denied append leaves write allowed, which can do as much.
s/if (modes & POLICY_APPEND)/if (!modes)/

# order.c: of two patterns the one with more wildcards passes for the more specific.
s/return a->n_wildcards < b->n_wildcards;/return a->n_wildcards > b->n_wildcards;/

# match.c: a question mark takes the end of a component for a byte.
s/return len > 0 ? 1 : MATCH_NOT_THERE;/return len > 0;/

# trie_nodes.c: a `**` at the end matches nothing as well.
s/return left > 0;/return true;/

# trie_walk.c: what is below a directory is the directory too, and a file by its name is not that.
s/(len < walk->name.len) == pattern->below/(len <= walk->name.len) == pattern->below/
