/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Works on tokens, not on the tree: what stands between two of them is white
 * space and comments, so nothing that a person wrote can be lost, and a word
 * that the tree learns later needs no line here. Where lines end depends on the
 * tokens and comments alone, never on where they ended before.
 */
#include "policy/format.h"

#include <errno.h>

#include "policy/format_pieces.h"

#define COLUMNS	     100U
#define INDENT	     4U
#define CONTINUATION 2U /* more indents for a head that a block follows */

struct layout {
	struct pieces pieces;
	struct text *out;
	unsigned int depth;
	size_t column;
	bool at_start; /* of a block or the file, where no empty line is kept */
};

/* Runs from `from` to before `to`, one statement or the head of one. */
struct run {
	size_t from, to;
	unsigned int indents; /* of lines after the first */
	bool broken;	      /* it does not go on one line */
};

/* Columns, as people count them. */
static size_t width(const struct piece *piece)
{
	size_t n = 0;

	for (size_t i = 0; i < piece->len; i++)
		n += ((unsigned char)piece->text[i] & 0xc0) != 0x80;
	return n;
}

static bool is_block(const struct piece *piece, enum token_kind kind)
{
	return piece_is_token(piece, kind) && !piece->in_braces;
}

/* writing */

static void put(struct layout *layout, const struct piece *piece)
{
	text_add(layout->out, piece->text, piece->len);
	layout->column += width(piece);
}

static void put_space(struct layout *layout, unsigned int n)
{
	text_printf(layout->out, "%*s", (int)n, "");
	layout->column += n;
}

static void new_line(struct layout *layout, unsigned int indents)
{
	text_puts(layout->out, "\n");
	layout->column = 0;
	put_space(layout, INDENT * indents);
}

/* Begin the line of a statement or comment. */
static void begin(struct layout *layout, const struct piece *piece)
{
	if (piece->blank_before && !layout->at_start)
		text_puts(layout->out, "\n");
	layout->at_start = false;
	layout->column = 0;
	put_space(layout, INDENT * layout->depth);
}

/* End it, with what comments stand behind it. */
static size_t end(struct layout *layout, size_t i)
{
	if (i < layout->pieces.n && layout->pieces.items[i].kind == PIECE_TRAILING) {
		put_space(layout, 2);
		put(layout, &layout->pieces.items[i++]);
	}
	text_puts(layout->out, "\n");
	return i;
}

static bool is_joined(const struct piece *piece)
{
	return piece_is_token(piece, TOKEN_SEMICOLON) || piece_is_token(piece, TOKEN_COMMA) ||
	       piece_is_token(piece, TOKEN_COLON);
}

static bool is_path(const struct piece *piece)
{
	return piece_is_token(piece, TOKEN_PATTERN) || piece_is_token(piece, TOKEN_LITERAL) ||
	       piece_is_token(piece, TOKEN_SET);
}

/* In a run that does not go on one line: must, or may, one end before this piece? */
enum { BREAK_NEVER, BREAK_IF_FULL, BREAK_ALWAYS };
static int break_before(const struct layout *layout, const struct run *run, size_t i)
{
	const struct piece *piece = &layout->pieces.items[i], *last = piece - 1;

	if (i == run->from || is_joined(piece))
		return BREAK_NEVER;
	if (piece->in_braces)
		return piece_is_token(last, TOKEN_COMMA) ? BREAK_IF_FULL : BREAK_NEVER;
	if (piece_is_token(last, TOKEN_EQUALS) || piece_is_token(last, TOKEN_PLUS_EQUALS) ||
	    piece_is_word(piece, "or") || piece_is_word(piece, "except"))
		return BREAK_ALWAYS;
	if (piece_is_token(last, TOKEN_COMMA))
		return is_path(piece) ? BREAK_ALWAYS : BREAK_IF_FULL;
	return piece_is_word(piece, "and") || piece_is_word(piece, "as") ? BREAK_IF_FULL
									 : BREAK_NEVER;
}

/* Columns from piece @i to where a line may end. */
static size_t stretch(const struct layout *layout, const struct run *run, size_t i)
{
	size_t n = width(&layout->pieces.items[i]);

	for (i++; i < run->to && layout->pieces.items[i].kind == PIECE_TOKEN &&
		  break_before(layout, run, i) == BREAK_NEVER;
	     i++)
		n += width(&layout->pieces.items[i]) + !is_joined(&layout->pieces.items[i]);
	return n;
}

static bool breaks(const struct layout *layout, const struct run *run, size_t i)
{
	int kind = break_before(layout, run, i);

	if (!run->broken || kind != BREAK_IF_FULL)
		return run->broken && kind == BREAK_ALWAYS;
	return layout->column + 1 + stretch(layout, run, i) > COLUMNS;
}

static void put_run(struct layout *layout, const struct run *run)
{
	bool must_break = false;

	for (size_t i = run->from; i < run->to; i++) {
		const struct piece *piece = &layout->pieces.items[i];

		if (piece->kind == PIECE_TRAILING && !must_break)
			put_space(layout, 2);
		else if (must_break || piece->kind != PIECE_TOKEN || breaks(layout, run, i))
			new_line(layout, run->indents);
		else if (i > run->from && !is_joined(piece))
			put_space(layout, 1);
		put(layout, piece);
		must_break = piece->kind != PIECE_TOKEN;
	}
}

static bool has_comment(const struct layout *layout, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (layout->pieces.items[i].kind != PIECE_TOKEN)
			return true;
	return false;
}

/* Would these be one line? */
static bool fits(const struct layout *layout, size_t from, size_t to)
{
	size_t n = INDENT * layout->depth;

	if (has_comment(layout, from, to))
		return false;
	for (size_t i = from; i < to; i++)
		n += width(&layout->pieces.items[i]) +
		     (i > from && !is_joined(&layout->pieces.items[i]));
	return n <= COLUMNS;
}

/* One past the end of the statement at @i, or of its head with the brace that opens its block. */
static size_t find_end(const struct layout *layout, size_t i)
{
	for (; i < layout->pieces.n; i++)
		if (piece_is_token(&layout->pieces.items[i], TOKEN_SEMICOLON) ||
		    is_block(&layout->pieces.items[i], TOKEN_OPEN))
			return i + 1;
	return i;
}

/* One past the brace that closes the rule's block at @i. */
static size_t find_close(const struct layout *layout, size_t i)
{
	while (i < layout->pieces.n && !is_block(&layout->pieces.items[i], TOKEN_CLOSE))
		i++;
	return i < layout->pieces.n ? i + 1 : i;
}

/* What fdbroker.conf consists of: one to a line, as the rules of a scope, however few there are. A
 * rule's label of that name has a colon behind it. */
static bool is_settings(const struct layout *layout, size_t i)
{
	size_t next = i + 1;

	while (next < layout->pieces.n && layout->pieces.items[next].kind != PIECE_TOKEN)
		next++;
	return piece_is_word(&layout->pieces.items[i], "settings") && next < layout->pieces.n &&
	       piece_is_token(&layout->pieces.items[next], TOKEN_OPEN);
}

/* Lay out the statement at @i, or its head; where to go on. */
static size_t put_statement(struct layout *layout, size_t i)
{
	size_t to = find_end(layout, i);
	bool opens = is_block(&layout->pieces.items[to - 1], TOKEN_OPEN);
	bool is_scope = piece_is_word(&layout->pieces.items[i], "for") || is_settings(layout, i);
	struct run run = { .from = i, .to = to };

	begin(layout, &layout->pieces.items[i]);
	if (opens && !is_scope && fits(layout, i, find_close(layout, to))) {
		run.to = find_close(layout, to);
		opens = false;
	}
	run.broken = !fits(layout, run.from, run.to);
	run.indents = layout->depth + (opens ? CONTINUATION : 1);
	put_run(layout, &run);
	if (opens) {
		layout->depth++;
		layout->at_start = true;
	}
	return end(layout, run.to);
}

static size_t put_next(struct layout *layout, size_t i)
{
	const struct piece *piece = &layout->pieces.items[i];
	struct piece close = *piece;

	if (piece->kind != PIECE_TOKEN) {
		begin(layout, piece);
		put(layout, piece);
		text_puts(layout->out, "\n");
		return i + 1;
	}
	if (!is_block(piece, TOKEN_CLOSE))
		return put_statement(layout, i);
	if (layout->depth > 0)
		layout->depth--;
	close.blank_before = false;
	begin(layout, &close);
	put(layout, &close);
	return end(layout, i + 1);
}

int format_source(const struct source *source, struct text *out)
{
	struct layout layout = { .out = out, .at_start = true };
	int r = pieces_read(&layout.pieces, source);

	if (r == 0)
		for (size_t i = 0; i < layout.pieces.n;)
			i = put_next(&layout, i);
	pieces_done(&layout.pieces);
	return r == 0 && out->failed ? -ENOMEM : r;
}
