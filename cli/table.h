/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/table.h - rows under headings, no wider than the terminal.
 */
#ifndef NV_CLI_TABLE_H
#define NV_CLI_TABLE_H

#include "cli/term.h"

#define TABLE_COLUMNS 12
#define TABLE_CELL    160

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT,
	TABLE_BAR, /* takes what is left; the cell is a pool's map */
};

struct table_column {
	const char *heading;
	enum table_align align;
	unsigned int min; /* may be cut to so many columns; 0: never cut */
};

struct table_cell {
	enum term_style style;
	char text[TABLE_CELL];
};

struct table {
	const struct term *term;
	const struct table_column *column;
	unsigned int n_columns;
	struct table_cell (*row)[TABLE_COLUMNS];
	size_t n_rows;
	bool failed; /* no memory: the table prints what it has */
};

/* @term and @column must outlive the table. */
void table_init(struct table *t, const struct term *term,
		const struct table_column *column, unsigned int n_columns);

/** table_row() - begin a row of empty cells */
void table_row(struct table *t);

/** table_set() - a cell of the last row; outside text goes through term_text() here */
void table_set(struct table *t, unsigned int column, enum term_style style,
	       const char *fmt, ...) nv_printf(4, 5);

/** table_print() - indented by two spaces; nothing without rows */
void table_print(struct table *t, FILE *f);

void table_deinit(struct table *t);

/**
 * bar_print() - a pool's map (letters f, v, m, b) in @width columns
 * A cell that holds something bad is bad, however little it is.
 */
void bar_print(const struct term *t, FILE *f, const char *map,
	       unsigned int width);

/** bar_legend() - what the bar's signs mean, in one line */
void bar_legend(const struct term *t, FILE *f);

#endif
