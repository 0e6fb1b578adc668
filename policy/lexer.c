/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Positions are counted in characters, because that is what editors show. Bytes
 * that are not UTF-8 or would deceive a reader are reported once, by their own
 * pass; here they are white space outside of quotes and `_` inside, so that they
 * cause no further errors in a file that is refused in any case.
 */
#include "policy/lexer.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"

static const char word_start[] = LETTERS DIGITS "_";
static const char word_rest[] = LETTERS DIGITS "_.:/+*-";
static const char set_rest[] = LETTERS DIGITS "_-";

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_blank(char c)
{
	return is_one_of(c, " \t\n");
}

/* The character at text[0]: its length, and whether it may stand in a policy. */
static size_t read_character(const char *text, size_t len, bool *ret_good)
{
	uint32_t rune = 0;
	size_t n;

	/* What nearly all of a policy is. */
	if (*text >= ' ' && *text <= '~') {
		*ret_good = true;
		return 1;
	}
	n = text_character(text, len, &rune);
	*ret_good = n > 0 && (rune == '\n' || rune == '\t' || !text_is_deceptive(rune));
	return n > 0 ? n : 1;
}

static void complain_encoding(const char *text, size_t n, struct place place, struct diags *diags)
{
	uint32_t rune = 0;
	struct diag *diag;

	if (text_character(text, n, &rune) == 0) {
		diag = diag_add(diags, DIAG_ERROR, "E018", place, "not UTF-8: byte 0x%02x",
				(unsigned char)*text);
		diag_help(diags, diag, "in a pattern, write such a byte as \\x%02x",
			  (unsigned char)*text);
		return;
	}
	diag = diag_add(diags, DIAG_ERROR, "E018", place, "control or invisible character U+%04X",
			rune);
	if (rune == '\r')
		diag_help(diags, diag, "end lines with a newline alone");
	else
		diag_help(diags, diag, "remove it: the file would not read as it looks");
}

void lexer_check_encoding(const struct source *source, struct diags *diags)
{
	struct place place = { .source = source, .line = 1, .column = 1 };
	uint32_t complained = 0;
	size_t n;

	for (size_t at = 0; at < source->size; at += n) {
		const char *text = source->text + at;
		bool good;

		n = read_character(text, source->size - at, &good);
		place.end_column = place.column + 1;
		if (!good && complained != place.line) {
			complain_encoding(text, n, place, diags);
			complained = place.line;
		}
		place.column++;
		if (*text == '\n') {
			place.line++;
			place.column = 1;
		}
	}
}

void lexer_init(struct lexer *lexer, const struct source *source, struct diags *diags)
{
	*lexer = (struct lexer){
		.source = source,
		.diags = diags,
		.line = 1,
		.column = 1,
		.is_cut = source->size > 0 && source->text[source->size - 1] != '\n',
	};
}

static bool at_end(const struct lexer *lexer)
{
	return lexer->at >= lexer->source->size;
}

/* The byte at hand; NUL at the end. */
static char peek(const struct lexer *lexer)
{
	return lexer->source->text[lexer->at];
}

static void advance(struct lexer *lexer)
{
	bool good;
	char c = peek(lexer);

	lexer->at += read_character(lexer->source->text + lexer->at,
				    lexer->source->size - lexer->at, &good);
	lexer->column++;
	if (c == '\n') {
		lexer->line++;
		lexer->column = 1;
	}
}

static bool is_bad(const struct lexer *lexer)
{
	bool good;

	read_character(lexer->source->text + lexer->at, lexer->source->size - lexer->at, &good);
	return !good;
}

static bool note_bad(struct lexer *lexer)
{
	if (!is_bad(lexer))
		return false;
	lexer->is_garbled = true;
	lexer->bad_line = lexer->line;
	return true;
}

/* White space, comments, and what has been complained about. */
static void skip_blank(struct lexer *lexer)
{
	while (!at_end(lexer)) {
		if (peek(lexer) == '#') {
			while (!at_end(lexer) && peek(lexer) != '\n')
				advance(lexer);
		} else if (is_blank(peek(lexer)) || note_bad(lexer)) {
			advance(lexer);
		} else {
			return;
		}
	}
}

static bool is_blank_after(const struct lexer *lexer, size_t at)
{
	return at >= lexer->source->size || is_blank(lexer->source->text[at]);
}

static void complain_unterminated(struct lexer *lexer, const struct token *token)
{
	struct place place = token->place;

	/* A file that is cut short is reported as such. */
	if (!lexer->diags || (lexer->is_cut && at_end(lexer)))
		return;
	place.end_column = place.column + 1;
	diag_help(lexer->diags,
		  diag_add(lexer->diags, DIAG_ERROR, "E001", place, "unterminated %s",
			   *token->text == '"' ? "pattern" : "literal"),
		  "close it with %c on the same line", *token->text);
}

static void read_quoted(struct lexer *lexer, struct token *token, enum token_kind kind)
{
	char quote = peek(lexer);

	advance(lexer);
	while (!at_end(lexer) && peek(lexer) != quote && peek(lexer) != '\n') {
		if (peek(lexer) == '\\' && kind == TOKEN_PATTERN) {
			advance(lexer);
			if (at_end(lexer) || peek(lexer) == '\n')
				break;
		}
		note_bad(lexer);
		advance(lexer);
	}
	if (at_end(lexer) || peek(lexer) != quote) {
		complain_unterminated(lexer, token);
		token->kind = TOKEN_BAD;
		return;
	}
	advance(lexer);
	token->kind = kind;
}

/* Bytes of "{a,b}" at the cursor, if it is that and not a block; or 0. The look ahead is bounded so
 * that lexing stays linear. */
static size_t attached_braces(const struct lexer *lexer)
{
	const char *text = lexer->source->text + lexer->at;
	size_t len = 0;

	if (*text != '{')
		return 0;
	while (len < 64 && text[len] && !is_one_of(text[len], "} \t\n;\"'"))
		len++;
	return text[len] == '}' ? len + 1 : 0;
}

static void read_bare(struct lexer *lexer, struct token *token)
{
	token->kind = TOKEN_BARE;
	do {
		size_t end = lexer->at + attached_braces(lexer);

		do
			advance(lexer);
		while (lexer->at < end);
	} while (!at_end(lexer) && !is_bad(lexer) &&
		 (!is_one_of(peek(lexer), " \t\n;,{}\"'#") || attached_braces(lexer)));
}

/* A colon belongs to the word unless white space follows. */
static void read_word(struct lexer *lexer, struct token *token)
{
	const char *text = lexer->source->text;
	size_t after;

	while (is_one_of(peek(lexer), word_rest) &&
	       !(peek(lexer) == ':' && is_blank_after(lexer, lexer->at + 1)))
		advance(lexer);
	if (peek(lexer) == '@') {
		read_bare(lexer, token);
		return;
	}
	for (after = lexer->at; text[after] == ' ' || text[after] == '\t';)
		after++;
	token->kind = TOKEN_WORD;
	token->is_label = text[after] == ':' && is_blank_after(lexer, after + 1);
}

static void read_set(struct lexer *lexer, struct token *token)
{
	advance(lexer);
	while (is_one_of(peek(lexer), set_rest))
		advance(lexer);
	token->kind = TOKEN_SET;
}

static void read_mark(struct lexer *lexer, struct token *token)
{
	static const struct {
		const char *text;
		enum token_kind kind;
	} marks[] = {
		{ ";", TOKEN_SEMICOLON }, { "{", TOKEN_OPEN },	 { "}", TOKEN_CLOSE },
		{ ",", TOKEN_COMMA },	  { "=", TOKEN_EQUALS }, { "+=", TOKEN_PLUS_EQUALS },
		{ ":", TOKEN_COLON },
	};

	for (size_t i = 0; i < ELEMENTSOF(marks); i++) {
		size_t len = strlen(marks[i].text);

		if (len <= lexer->source->size - lexer->at &&
		    memcmp(lexer->source->text + lexer->at, marks[i].text, len) == 0) {
			token->kind = marks[i].kind;
			while (len-- > 0)
				advance(lexer);
			return;
		}
	}
	read_bare(lexer, token);
}

bool token_is_made_of(const struct token *token, size_t from, const char *set)
{
	for (size_t i = from; i < token->len; i++)
		if (!is_one_of(token->text[i], set))
			return false;
	return true;
}

struct token lexer_next(struct lexer *lexer)
{
	uint32_t line = lexer->at == 0 ? 0 : lexer->line;
	struct token token = { 0 };
	char c;

	skip_blank(lexer);
	c = peek(lexer);
	token.text = lexer->source->text + lexer->at;
	token.is_first = lexer->line != line;
	token.place = (struct place){ lexer->source, lexer->line, lexer->column, 0 };
	if (at_end(lexer))
		token.kind = TOKEN_END;
	else if (is_one_of(c, word_start))
		read_word(lexer, &token);
	else if (c == '"')
		read_quoted(lexer, &token, TOKEN_PATTERN);
	else if (c == '\'')
		read_quoted(lexer, &token, TOKEN_LITERAL);
	else if (c == '@')
		read_set(lexer, &token);
	else
		read_mark(lexer, &token);
	/* What follows at once may have been meant as part of it. */
	if (!at_end(lexer))
		note_bad(lexer);
	token.len = (size_t)(lexer->source->text + lexer->at - token.text);
	token.place.end_column = lexer->column;
	return token;
}

char *token_text(const struct token *token)
{
	bool quoted = token->kind == TOKEN_PATTERN || token->kind == TOKEN_LITERAL;
	const char *from = token->text + quoted;
	size_t len = token->len - (quoted ? 2 : 0), n = 0, at = 0;
	char *text = malloc(len + 1);

	if (!text)
		return NULL;
	while (at < len) {
		bool good;
		size_t size = read_character(from + at, len - at, &good);

		if (good) {
			memcpy(text + n, from + at, size);
			n += size;
		} else {
			text[n++] = '_';
		}
		at += size;
	}
	text[n] = '\0';
	return text;
}
