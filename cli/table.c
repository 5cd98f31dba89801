/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/table.c - measuring columns, cutting the ones that may be cut.
 */
#include "cli/table.h"

#include <stdarg.h>
#include <string.h>

#define INDENT	2
#define GAP	2
#define BAR_MIN 10
#define BAR_MAX 64

void table_init(struct table *t, const struct term *term,
		const struct table_column *column, unsigned int n_columns)
{
	*t = (struct table){
		.term = term,
		.column = column,
		.n_columns = n_columns,
	};
}

void table_row(struct table *t)
{
	struct table_cell(*row)[TABLE_COLUMNS];

	row = reallocarray(t->row, t->n_rows + 1, sizeof(*row));
	if (!row) {
		t->failed = true;
		return;
	}
	memset(row + t->n_rows, 0, sizeof(*row));
	t->row = row;
	t->n_rows++;
}

void table_set(struct table *t, unsigned int column, enum term_style style,
	       const char *fmt, ...)
{
	char raw[TABLE_CELL];
	struct table_cell *cell;
	va_list ap;

	if (t->failed || !t->n_rows)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	cell = &t->row[t->n_rows - 1][column];
	cell->style = style;
	term_text(t->term, raw, cell->text, sizeof(cell->text));
}

static void measure(const struct table *t, unsigned int *width)
{
	unsigned int i;
	size_t r;

	for (i = 0; i < t->n_columns; i++) {
		width[i] = (unsigned int)strlen(t->column[i].heading);
		if (t->column[i].align == TABLE_BAR) {
			width[i] = BAR_MIN;
			continue;
		}
		for (r = 0; r < t->n_rows; r++)
			width[i] = NV_MAX(width[i],
					  term_width(t->term, t->row[r][i].text));
	}
}

/* The least that column @i may have: its heading, if not more. */
static unsigned int floor_of(const struct table *t, unsigned int i)
{
	return NV_MAX(t->column[i].min,
		      (unsigned int)strlen(t->column[i].heading));
}

/* Cut the widest column that may be cut until it fits; the bar takes the rest. */
static void fit(const struct table *t, unsigned int *width)
{
	unsigned int total = INDENT + GAP * (t->n_columns - 1), i, widest;
	unsigned int columns = t->term->columns;

	for (i = 0; i < t->n_columns; i++)
		total += width[i];
	while (columns && total > columns) {
		widest = t->n_columns;
		for (i = 0; i < t->n_columns; i++)
			if (t->column[i].min && width[i] > floor_of(t, i) &&
			    (widest == t->n_columns || width[i] > width[widest]))
				widest = i;
		if (widest == t->n_columns)
			break;
		width[widest]--;
		total--;
	}
	for (i = 0; i < t->n_columns; i++) {
		if (t->column[i].align != TABLE_BAR)
			continue;
		if (!columns)
			width[i] = BAR_MAX / 2;
		else if (columns > total)
			width[i] = NV_MIN(width[i] + columns - total,
					  (unsigned int)BAR_MAX);
	}
}

static void pad(FILE *f, unsigned int n)
{
	fprintf(f, "%*s", (int)n, "");
}

/* One cell, padded unless it is the last of its line. */
static void print_cell(const struct table *t, FILE *f, unsigned int i,
		       struct table_cell *cell, unsigned int width)
{
	unsigned int used, fill;

	if (t->column[i].align == TABLE_BAR) {
		bar_print(t->term, f, cell->text, width);
		return;
	}
	term_cut(t->term, cell->text, sizeof(cell->text), width);
	used = term_width(t->term, cell->text);
	fill = width > used ? width - used : 0;
	if (t->column[i].align == TABLE_RIGHT)
		pad(f, fill);
	fprintf(f, "%s%s%s", term_on(t->term, cell->style), cell->text,
		term_off(t->term, cell->style));
	if (t->column[i].align == TABLE_LEFT && i + 1 < t->n_columns)
		pad(f, fill);
}

static void print_headings(const struct table *t, FILE *f,
			   const unsigned int *width)
{
	struct table_cell cell = { .style = TERM_BOLD };
	unsigned int i, fill;

	pad(f, INDENT);
	for (i = 0; i < t->n_columns; i++) {
		snprintf(cell.text, sizeof(cell.text), "%s",
			 t->column[i].heading);
		fill = width[i] - (unsigned int)strlen(cell.text);
		if (t->column[i].align == TABLE_RIGHT)
			pad(f, fill);
		fprintf(f, "%s%s%s", term_on(t->term, cell.style), cell.text,
			term_off(t->term, cell.style));
		if (i + 1 < t->n_columns)
			pad(f, GAP + (t->column[i].align == TABLE_RIGHT ? 0 :
									  fill));
	}
	fputc('\n', f);
}

void table_print(struct table *t, FILE *f)
{
	unsigned int width[TABLE_COLUMNS], i;
	size_t r;

	if (!t->n_rows)
		return;
	measure(t, width);
	fit(t, width);
	print_headings(t, f, width);
	for (r = 0; r < t->n_rows; r++) {
		pad(f, INDENT);
		for (i = 0; i < t->n_columns; i++) {
			print_cell(t, f, i, &t->row[r][i], width[i]);
			if (i + 1 < t->n_columns)
				pad(f, GAP);
		}
		fputc('\n', f);
	}
}

void table_deinit(struct table *t)
{
	free(t->row);
	t->row = NULL;
	t->n_rows = 0;
}

/* ---- the bar ---- */

struct bar_sign {
	char letter;
	const char *word, *ascii, *glyph;
	enum term_style style;
};

/* From the one that matters least to the one that matters most. */
static const struct bar_sign signs[] = {
	{ 'f', "free", ".", "\xe2\x96\x91", TERM_DIM },
	{ 'v', "volume", "=", "\xe2\x96\x93", TERM_NOTE },
	{ 'm', "mapped", "#", "\xe2\x96\x88", TERM_GOOD },
	{ 'b', "bad", "!", "\xe2\x95\xb3", TERM_BAD },
};

static size_t sign_of(char letter)
{
	size_t i;

	for (i = NV_ARRAY_SIZE(signs) - 1; i; i--)
		if (signs[i].letter == letter)
			break;
	return i;
}

/* @n of the same, in one colour. */
static void print_signs(const struct term *t, FILE *f, size_t sign,
			unsigned int n)
{
	const struct bar_sign *s = &signs[sign];

	fputs(term_on(t, s->style), f);
	for (; n; n--)
		fputs(t->glyphs ? s->glyph : s->ascii, f);
	fputs(term_off(t, s->style), f);
}

void bar_print(const struct term *t, FILE *f, const char *map,
	       unsigned int width)
{
	size_t cells = strlen(map), first, last, worst, before = 0, i;
	unsigned int column, same = 0;

	if (!cells)
		pad(f, width); /* nobody knows what is in it */
	for (column = 0; cells && column < width; column++) {
		worst = 0;
		/* the cells that lie, also in part, under this column */
		first = column * cells / width;
		last = ((column + 1) * cells + width - 1) / width;
		for (i = first; i < last; i++)
			worst = NV_MAX(worst, sign_of(map[i]));
		if (same && worst != before) {
			print_signs(t, f, before, same);
			same = 0;
		}
		before = worst;
		same++;
	}
	if (same)
		print_signs(t, f, before, same);
}

void bar_legend(const struct term *t, FILE *f)
{
	size_t i;

	pad(f, INDENT);
	for (i = NV_ARRAY_SIZE(signs); i-- > 0;) {
		print_signs(t, f, i, 1);
		fprintf(f, " %s%s", signs[i].word, i ? "  " : "\n");
	}
}
