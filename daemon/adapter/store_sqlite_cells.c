/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_cells.c - values into statements and out of rows, summed
 * on the way, one by one or a fact's all at once.
 */
#include "adapter/store_sqlite_int.h"

#include <string.h>

/*
 * A running sum in which each step is reversible for a given value, so that one
 * changed value always changes it. Multipliers from splitmix64.
 */
#define SUM_FROM UINT64_C(0x6e76646d6d64)

static void sum_u64(struct cells *c, uint64_t v)
{
	uint64_t h = (c->sum ^ v) * UINT64_C(0xbf58476d1ce4e5b9);

	c->sum = h ^ h >> 32;
}

/* The same on any machine: eight bytes at a time, the first one lowest. */
static void sum_add(struct cells *c, const void *p, size_t len)
{
	const unsigned char *b = p;
	uint64_t v = len;
	size_t i;

	sum_u64(c, v);
	for (v = 0, i = 0; i < len; i++) {
		v |= (uint64_t)b[i] << 8 * (i % 8);
		if (i % 8 == 7 || i == len - 1) {
			sum_u64(c, v);
			v = 0;
		}
	}
}

/* 32 bits of it: what a row has room for. */
static uint32_t sum_end(const struct cells *c)
{
	return (uint32_t)(c->sum ^ c->sum >> 32);
}

struct cells cells_bind(sqlite3_stmt *st)
{
	return (struct cells){ .st = st, .at = 1, .sum = SUM_FROM };
}

struct cells cells_read(sqlite3_stmt *st)
{
	return (struct cells){ .st = st, .at = 0, .sum = SUM_FROM };
}

void put_u64(struct cells *c, uint64_t v)
{
	sum_u64(c, v);
	sqlite3_bind_int64(c->st, c->at++, (int64_t)v);
}

void put_uuid(struct cells *c, const struct nv_uuid *u)
{
	sum_add(c, u->b, sizeof(u->b));
	sqlite3_bind_blob(c->st, c->at++, u->b, sizeof(u->b), SQLITE_STATIC);
}

void put_text(struct cells *c, const char *text)
{
	size_t len = strlen(text);

	sum_add(c, text, len);
	sqlite3_bind_text(c->st, c->at++, text, (int)len, SQLITE_STATIC);
}

void put_sum(struct cells *c)
{
	sqlite3_bind_int64(c->st, c->at++, sum_end(c));
}

uint64_t get_u64(struct cells *c)
{
	uint64_t v = (uint64_t)sqlite3_column_int64(c->st, c->at++);

	sum_u64(c, v);
	return v;
}

uint32_t get_u32(struct cells *c)
{
	uint64_t v = get_u64(c);

	c->odd |= v > UINT32_MAX;
	return (uint32_t)v;
}

void get_uuid(struct cells *c, struct nv_uuid *ret)
{
	const void *b = sqlite3_column_blob(c->st, c->at);
	int len = sqlite3_column_bytes(c->st, c->at);

	c->at++;
	memset(ret, 0, sizeof(*ret));
	if (b && len == (int)sizeof(ret->b))
		memcpy(ret->b, b, sizeof(ret->b));
	else
		c->odd = true;
	sum_add(c, ret->b, sizeof(ret->b));
}

void get_text(struct cells *c, char *to, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(c->st, c->at);
	size_t len = text ? (size_t)sqlite3_column_bytes(c->st, c->at) : 0;

	c->at++;
	if (len >= size) {
		c->odd = true;
		len = size - 1;
	}
	memset(to, 0, size);
	if (len)
		memcpy(to, text, len);
	sum_add(c, to, len);
}

bool get_sum(struct cells *c)
{
	uint64_t sum = (uint64_t)sqlite3_column_int64(c->st, c->at++);

	return !c->odd && sum == sum_end(c);
}

#define U64(s, m) { CELL_U64, offsetof(struct s, m), 0 }
#define U32(s, m) { CELL_U32, offsetof(struct s, m), 0 }
#define UUID(s, m) { CELL_UUID, offsetof(struct s, m), 0 }
#define TEXT(s, m) \
	{ CELL_TEXT, offsetof(struct s, m), sizeof(((struct s *)0)->m) }
#define ROW(var, list) \
	const struct row var = { .cell = (list), .n = NV_ARRAY_SIZE(list) }

static const struct cell pool_cells[] = {
	UUID(pool_fact, uuid), TEXT(pool_fact, name), TEXT(pool_fact, device),
	TEXT(pool_fact, region), U64(pool_fact, mfn), U64(pool_fact, nr),
};
ROW(row_pool, pool_cells);

static const struct cell volume_cells[] = {
	UUID(volume_fact, uuid), UUID(volume_fact, pool),
	TEXT(volume_fact, name), TEXT(volume_fact, owner),
	U64(volume_fact, align), U64(volume_fact, nr),
	U64(volume_fact, created_us), U64(volume_fact, home_gfn),
	U32(volume_fact, state), U32(volume_fact, nr_extents),
};
ROW(row_volume, volume_cells);

static const struct cell extent_cells[] = {
	UUID(piece, volume), U32(piece, idx), U64(piece, fact.off),
	U64(piece, fact.nr),
};
ROW(row_extent, extent_cells);

static const struct cell mapping_cells[] = {
	U64(mapping_fact, id), U64(mapping_fact, boot_id),
	UUID(mapping_fact, volume), UUID(mapping_fact, pool),
	UUID(mapping_fact, handle), TEXT(mapping_fact, domain),
	U64(mapping_fact, gfn), U64(mapping_fact, nr),
	U32(mapping_fact, domid), U32(mapping_fact, state),
	U32(mapping_fact, nr_extents),
};
ROW(row_mapping, mapping_cells);

static const struct cell mapped_cells[] = {
	U64(piece, mapping), U32(piece, idx), U64(piece, fact.off),
	U64(piece, fact.nr), U64(piece, fact.gfn), U64(piece, fact.map_id),
};
ROW(row_mapped, mapped_cells);

static const struct cell guest_cells[] = {
	TEXT(guest_fact, guest), U32(guest_fact, device),
	U32(guest_fact, if_missing), UUID(guest_fact, volume),
	U64(guest_fact, gfn),
};
ROW(row_guest, guest_cells);

void row_bind(sqlite3_stmt *st, const struct row *row, const void *fact)
{
	struct cells c = cells_bind(st);
	const char *base = fact, *at;
	uint64_t wide;
	uint32_t narrow;
	size_t i;

	for (i = 0; i < row->n; i++) {
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
	put_sum(&c);
}

bool row_read(sqlite3_stmt *st, const struct row *row, void *fact)
{
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
	return get_sum(&c);
}
