/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_rows.c - which fact stands in which table, member by
 * member, and how its rows are written, removed and read.
 */
#include "adapter/store_sqlite_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum cell_kind { CELL_U64, CELL_U32, CELL_UUID, CELL_TEXT };

/* A column and the member that it holds. */
struct cell {
	const char *name;
	enum cell_kind kind;
	size_t at;   /* offset */
	size_t size; /* of a text */
};

struct row {
	const char *table;
	const char *insert;      /* and what if it is there already? */
	const struct cell *cell; /* in the order in which they are summed */
	size_t n;
	size_t key;  /* so many of the first say which rows are removed */
	bool summed; /* one more column has the sum of all */
};

#define U64(s, m) { #m, CELL_U64, offsetof(struct s, m), 0 }
#define U32(s, m) { #m, CELL_U32, offsetof(struct s, m), 0 }
#define UUID(s, m) { #m, CELL_UUID, offsetof(struct s, m), 0 }
#define TEXT(s, m) \
	{ #m, CELL_TEXT, offsetof(struct s, m), sizeof(((struct s *)0)->m) }

#define PIECE(m) { #m, CELL_U64, offsetof(struct piece, fact.m), 0 }

static const struct cell pool_cells[] = {
	UUID(pool_fact, uuid), TEXT(pool_fact, name), TEXT(pool_fact, device),
	TEXT(pool_fact, region), U64(pool_fact, mfn), U64(pool_fact, nr),
};

static const struct cell volume_cells[] = {
	UUID(volume_fact, uuid), UUID(volume_fact, pool),
	TEXT(volume_fact, name), TEXT(volume_fact, owner),
	U64(volume_fact, align), U64(volume_fact, nr),
	U64(volume_fact, created_us), U64(volume_fact, home_gfn),
	U32(volume_fact, state), U32(volume_fact, nr_extents),
};

static const struct cell extent_cells[] = {
	UUID(piece, volume), U32(piece, idx), PIECE(off), PIECE(nr),
};

static const struct cell mapping_cells[] = {
	U64(mapping_fact, id), U64(mapping_fact, boot_id),
	UUID(mapping_fact, volume), UUID(mapping_fact, pool),
	UUID(mapping_fact, handle), TEXT(mapping_fact, domain),
	U64(mapping_fact, gfn), U64(mapping_fact, nr),
	U32(mapping_fact, domid), U32(mapping_fact, state),
	U32(mapping_fact, nr_extents),
};

static const struct cell device_cells[] = {
	U64(mapping_fact, id), U32(mapping_fact, device),
};

static const struct cell mapped_cells[] = {
	U64(piece, mapping), U32(piece, idx), PIECE(off), PIECE(nr), PIECE(gfn),
	PIECE(map_id),
};

static const struct cell guest_cells[] = {
	TEXT(guest_fact, guest), U32(guest_fact, device),
	U32(guest_fact, if_missing), UUID(guest_fact, volume),
	U64(guest_fact, gfn),
};

static const struct cell bad_cells[] = {
	U64(bad_row, pool), U64(bad_row, off), U64(bad_row, nr),
	U64(bad_row, time_us), U32(bad_row, source),
};

static const struct cell fault_cells[] = {
	U64(fault_fact, boot_id), U64(fault_fact, seq),
	U64(fault_fact, time_us), U64(fault_fact, boot_ns),
	UUID(fault_fact, pool), U64(fault_fact, off), U64(fault_fact, nr),
	U64(fault_fact, status), U64(fault_fact, misc), U64(fault_fact, mcg),
	UUID(fault_fact, handle), U64(fault_fact, gfn), U32(fault_fact, domid),
	U32(fault_fact, type), U32(fault_fact, flags), U32(fault_fact, action),
};

static const struct cell event_cells[] = {
	U64(event_fact, id), U64(event_fact, time_us),
	U32(event_fact, severity), TEXT(event_fact, kind),
	TEXT(event_fact, text), TEXT(event_fact, next),
	TEXT(event_fact, status), TEXT(event_fact, action),
	UUID(event_fact, pool), U64(event_fact, off), U64(event_fact, nr),
	U64(event_fact, mfn), TEXT(event_fact, volume),
	U64(event_fact, volume_off), TEXT(event_fact, domain),
	U32(event_fact, domid), U64(event_fact, gfn),
};

#define CELLS(list) .cell = (list), .n = NV_ARRAY_SIZE(list)
#define ADD "INSERT"
#define SET "INSERT OR REPLACE"
#define ADD_NEW "INSERT OR IGNORE"

static const struct row rows[ROW_NR] = {
	[ROW_POOL] = { "pool", SET, CELLS(pool_cells), .key = 1, .summed = true },
	[ROW_VOLUME] = { "volume", SET, CELLS(volume_cells), .key = 1, .summed = true },
	[ROW_EXTENT] = { "extent", ADD, CELLS(extent_cells), .key = 1, .summed = true },
	[ROW_MAPPING] = { "mapping", SET, CELLS(mapping_cells), .key = 1, .summed = true },
	[ROW_MAPPED] = { "mapped", ADD, CELLS(mapped_cells), .key = 1, .summed = true },
	[ROW_DEVICE] = { "device", ADD, CELLS(device_cells), .key = 1, .summed = true },
	[ROW_GUEST] = { "guest", SET, CELLS(guest_cells), .key = 2, .summed = true },
	[ROW_BAD] = { "bad", SET, CELLS(bad_cells), .key = 2, .summed = true },
	[ROW_FAULT] = { "fault", ADD_NEW, CELLS(fault_cells) },
	[ROW_EVENT] = { "event", ADD, CELLS(event_cells) },
};

/* ---- statements ---- */

static void say(struct sql_text *t, const char *fmt, ...) nv_printf(2, 3);
static void say(struct sql_text *t, const char *fmt, ...)
{
	size_t len = strlen(t->s);
	va_list args;

	va_start(args, fmt);
	vsnprintf(t->s + len, sizeof(t->s) - len, fmt, args);
	va_end(args);
}

static void say_columns(struct sql_text *t, const struct row *row)
{
	size_t i;

	for (i = 0; i < row->n; i++)
		say(t, "%s%s", i ? ", " : "", row->cell[i].name);
	if (row->summed)
		say(t, ", sum");
}

static void say_put(struct sql_text *t, const struct row *row)
{
	size_t i;

	say(t, "%s INTO %s(", row->insert, row->table);
	say_columns(t, row);
	say(t, ") VALUES(");
	for (i = 0; i < row->n + row->summed; i++)
		say(t, "%s?", i ? ", " : "");
	say(t, ")");
}

static void say_del(struct sql_text *t, const struct row *row)
{
	size_t i;

	say(t, "DELETE FROM %s WHERE ", row->table);
	for (i = 0; i < row->key; i++)
		say(t, "%s%s = ?", i ? " AND " : "", row->cell[i].name);
}

const char *row_sql(enum store_row row, enum row_verb verb,
		    struct sql_text *buf)
{
	buf->s[0] = '\0';
	if (verb == ROW_PUT)
		say_put(buf, &rows[row]);
	else
		say_del(buf, &rows[row]);
	return buf->s;
}

int row_select(sqlite3 *db, enum store_row row, const char *from,
	       sqlite3_stmt **ret)
{
	struct sql_text text = { "SELECT " };

	say_columns(&text, &rows[row]);
	say(&text, " FROM %s", from);
	return sqlite3_prepare_v2(db, text.s, -1, ret, NULL);
}

/* ---- facts ---- */

/* The first @n members. */
static struct cells bind(sqlite3_stmt *st, const struct row *row, size_t n,
			 const void *fact)
{
	struct cells c = cells_bind(st);
	const char *base = fact, *at;
	uint64_t wide;
	uint32_t narrow;
	size_t i;

	for (i = 0; i < n; i++) {
		at = base + row->cell[i].at;
		switch (row->cell[i].kind) {
		case CELL_U64:
			memcpy(&wide, at, sizeof(wide));
			put_u64(&c, wide);
			break;
		case CELL_U32:
			memcpy(&narrow, at, sizeof(narrow));
			put_u64(&c, narrow);
			break;
		case CELL_UUID:
			put_uuid(&c, (const struct nv_uuid *)at);
			break;
		case CELL_TEXT:
			put_text(&c, at);
			break;
		}
	}
	return c;
}

int row_put(struct store_sqlite *s, enum store_row row, const void *fact)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_OF_ROW(row, ROW_PUT), &r);
	struct cells c;

	if (!st)
		return r;
	c = bind(st, &rows[row], rows[row].n, fact);
	if (rows[row].summed)
		put_sum(&c);
	return sql_done(s, st);
}

int row_del(struct store_sqlite *s, enum store_row row, const void *fact)
{
	int r = 0;
	sqlite3_stmt *st = sql_stmt(s, ST_OF_ROW(row, ROW_DEL), &r);

	if (!st)
		return r;
	bind(st, &rows[row], rows[row].key, fact);
	return sql_done(s, st);
}

bool row_read(sqlite3_stmt *st, enum store_row which, void *fact)
{
	const struct row *row = &rows[which];
	struct cells c = cells_read(st);
	char *base = fact, *at;
	uint64_t wide;
	uint32_t narrow;
	size_t i;

	for (i = 0; i < row->n; i++) {
		at = base + row->cell[i].at;
		switch (row->cell[i].kind) {
		case CELL_U64:
			wide = get_u64(&c);
			memcpy(at, &wide, sizeof(wide));
			break;
		case CELL_U32:
			narrow = get_u32(&c);
			memcpy(at, &narrow, sizeof(narrow));
			break;
		case CELL_UUID:
			get_uuid(&c, (struct nv_uuid *)at);
			break;
		case CELL_TEXT:
			get_text(&c, at, row->cell[i].size);
			break;
		}
	}
	return row->summed ? get_sum(&c) : !c.odd;
}
