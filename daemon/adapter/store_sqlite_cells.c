/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_cells.c - values into statements and out of rows, summed
 * on the way.
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
