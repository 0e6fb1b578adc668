/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table with open addressing and linear probing, at most three quarters full.
 */
#include "policy/vocabulary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiler.h"

#define ROOM_MIN 64U /* slots */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static uint64_t hash_bytes(const char *bytes, size_t len)
{
	uint64_t hash = mix(0, len), word;

	for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	for (size_t i = 0; i < len; i++)
		word = word << 8 | (unsigned char)bytes[i];
	return mix(hash, word);
}

static uint64_t hash_piece(uint64_t hash, const struct glob_piece *piece)
{
	hash = mix(hash, (uint64_t)piece->kind << 8 | (unsigned char)piece->specifier);
	if (piece->kind == GLOB_BYTES)
		hash = mix(hash, hash_bytes(piece->bytes, piece->len));
	for (size_t i = 0; piece->kind == GLOB_CLASS && i < 4; i++)
		hash = mix(hash, piece->class[i]);
	return hash;
}

static uint32_t hash_glob(const struct glob_component *glob)
{
	uint64_t hash = glob->deep;

	if (glob_component_is_plain(glob))
		return (uint32_t)hash_bytes(glob->pieces[0].bytes, glob->pieces[0].len);
	for (size_t i = 0; i < glob->n; i++)
		hash = hash_piece(hash, &glob->pieces[i]);
	return (uint32_t)hash;
}

static bool same_piece(const struct glob_piece *piece, const struct atom *atom)
{
	switch (piece->kind) {
	case GLOB_BYTES:
		return atom->kind == ATOM_BYTES && atom->len == piece->len &&
		       memcmp(atom->bytes, piece->bytes, piece->len) == 0;
	case GLOB_STAR:
		return atom->kind == ATOM_STAR;
	case GLOB_QUESTION:
		return atom->kind == ATOM_QUESTION;
	case GLOB_CLASS:
		return atom->kind == ATOM_CLASS &&
		       memcmp(atom->class, piece->class, sizeof(piece->class)) == 0;
	case GLOB_SPECIFIER:
		return atom->kind == ATOM_SPECIFIER && atom->len == specifier_of(piece->specifier);
	}
	return false;
}

static bool same(const struct glob_component *glob, const struct component *component)
{
	if (glob->deep != component->deep || glob->n != component->n)
		return false;
	for (size_t i = 0; i < glob->n; i++)
		if (!same_piece(&glob->pieces[i], &component->atoms[i]))
			return false;
	return true;
}

static void place(struct vocabulary *vocabulary, uint32_t hash, const struct component *component)
{
	size_t i = hash & (vocabulary->room - 1);

	while (vocabulary->components[i])
		i = (i + 1) & (vocabulary->room - 1);
	vocabulary->hashes[i] = hash;
	vocabulary->components[i] = component;
}

static int widen(struct vocabulary *vocabulary)
{
	struct vocabulary wider = {
		.n = vocabulary->n,
		.room = vocabulary->room ? vocabulary->room * 2 : ROOM_MIN,
	};

	if (vocabulary->n < vocabulary->room / 4 * 3)
		return 0;
	wider.hashes = calloc(wider.room, sizeof(*wider.hashes));
	wider.components = calloc(wider.room, sizeof(*wider.components));
	if (!wider.hashes || !wider.components) {
		vocabulary_done(&wider);
		return -ENOMEM;
	}
	for (size_t i = 0; i < vocabulary->room; i++)
		if (vocabulary->components[i])
			place(&wider, vocabulary->hashes[i], vocabulary->components[i]);
	vocabulary_done(vocabulary);
	*vocabulary = wider;
	return 0;
}

int vocabulary_add(struct vocabulary *vocabulary, struct arena *arena,
		   const struct glob_component *glob, const struct component **ret)
{
	uint32_t hash = hash_glob(glob);
	struct component *component;
	int r = widen(vocabulary);

	if (r < 0)
		return r;
	for (size_t i = hash & (vocabulary->room - 1); vocabulary->components[i];
	     i = (i + 1) & (vocabulary->room - 1)) {
		*ret = vocabulary->components[i];
		if (vocabulary->hashes[i] == hash && same(glob, *ret))
			return 0;
	}
	component = arena_alloc(arena, 1, sizeof(*component));
	if (!component)
		return -ENOMEM;
	r = compile_component(arena, glob, component);
	if (r < 0)
		return r;
	place(vocabulary, hash, component);
	vocabulary->n++;
	*ret = component;
	return 0;
}

void vocabulary_done(struct vocabulary *vocabulary)
{
	free(vocabulary->hashes);
	free(vocabulary->components);
	*vocabulary = (struct vocabulary){ 0 };
}
