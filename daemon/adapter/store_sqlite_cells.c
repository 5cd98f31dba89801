/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_cells.c - values into statements and out of rows, summed
 * on the way.
 */
#include "adapter/store_sqlite_int.h"

#include <string.h>

/* FNV-1a, 32 bit (draft-eastlake-fnv): sees every single flipped bit. */
#define SUM_FROM 0x811c9dc5u
#define SUM_PRIME 0x01000193u

static void sum_add(struct cells *c, const void *p, size_t len)
{
	const unsigned char *b = p;

	while (len--)
		c->sum = (c->sum ^ *b++) * SUM_PRIME;
}

/* The same on any machine: values are summed as they are written, low first. */
static void sum_u64(struct cells *c, uint64_t v)
{
	unsigned char b[8];
	int i;

	for (i = 0; i < 8; i++)
		b[i] = (unsigned char)(v >> 8 * i);
	sum_add(c, b, sizeof(b));
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

	sum_add(c, text, len + 1);
	sqlite3_bind_text(c->st, c->at++, text, (int)len, SQLITE_STATIC);
}

void put_sum(struct cells *c)
{
	sqlite3_bind_int64(c->st, c->at++, c->sum);
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
	sum_add(c, to, len + 1);
}

bool get_sum(struct cells *c)
{
	uint64_t sum = (uint64_t)sqlite3_column_int64(c->st, c->at++);

	return !c->odd && sum == c->sum;
}
