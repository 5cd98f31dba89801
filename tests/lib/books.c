/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * books.c - books with something in them, and all of it as one text.
 */
#include "tests/lib/books.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void say(struct script *s, const char *fmt, ...)
{
	size_t len = strlen(s->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->text + len, sizeof(s->text) - len, fmt, ap);
	va_end(ap);
}

static int say_pool(void *ctx, const struct pool_fact *p)
{
	say(ctx, "pool %u %s %s %s %llx+%llx;", p->uuid.b[0], p->name,
	    p->device, p->region, (unsigned long long)p->mfn,
	    (unsigned long long)p->nr);
	return 0;
}

static int say_volume(void *ctx, const struct volume_fact *v,
		      const struct extent_fact *e)
{
	uint32_t i;

	say(ctx, "volume %u in %u '%s' '%s' home %llx %llu %llu %lld %u", v->uuid.b[0],
	    v->pool.b[0], v->name, v->owner, (unsigned long long)v->home_gfn,
	    (unsigned long long)v->align,
	    (unsigned long long)v->nr, (long long)v->created_us, v->state);
	for (i = 0; i < v->nr_extents; i++)
		say(ctx, " %llu+%llu", (unsigned long long)e[i].off,
		    (unsigned long long)e[i].nr);
	say(ctx, ";");
	return 0;
}

static int say_mapping(void *ctx, const struct mapping_fact *m,
		       const struct extent_fact *e)
{
	uint32_t i;

	say(ctx, "mapping %llu boot %llx of %u in %u for %u '%s' %llx %llu %u %u",
	    (unsigned long long)m->id, (unsigned long long)m->boot_id,
	    m->volume.b[0], m->pool.b[0], m->handle.b[0], m->domain,
	    (unsigned long long)m->gfn, (unsigned long long)m->nr, m->domid,
	    m->state);
	if (m->is_device)
		say(ctx, " device %u", m->device);
	for (i = 0; i < m->nr_extents; i++)
		say(ctx, " %llu+%llu@%llx#%llu", (unsigned long long)e[i].off,
		    (unsigned long long)e[i].nr, (unsigned long long)e[i].gfn,
		    (unsigned long long)e[i].map_id);
	say(ctx, ";");
	return 0;
}

static int say_guest(void *ctx, const struct guest_fact *g)
{
	say(ctx, "guest %s %u: %u at %llx else %u;", g->guest, g->device,
	    g->volume.b[0], (unsigned long long)g->gfn, g->if_missing);
	return 0;
}

int say_bad(void *ctx, const struct bad_fact *b)
{
	say(ctx, "bad %u:%llu+%llu by %u;", b->pool.b[0],
	    (unsigned long long)b->off, (unsigned long long)b->nr, b->source);
	return 0;
}

int say_event(void *ctx, const struct event_fact *e)
{
	say(ctx, "%llu %s;", (unsigned long long)e->id, e->text);
	return 0;
}

const struct store_reader say_all = { say_pool, say_volume, say_mapping,
				      say_guest };

int book_say(struct store *s, struct script *ret)
{
	int r;

	ret->text[0] = '\0';
	r = store_load(s, &say_all, ret);
	return r ? r : store_load_bad(s, NULL, say_bad, ret);
}

struct pool_fact a_pool(uint8_t n)
{
	struct pool_fact p = { .uuid = { { n } }, .mfn = 0x100000, .nr = 4096 };

	snprintf(p.name, sizeof(p.name), "pool%u", n);
	snprintf(p.device, sizeof(p.device), "namespace%u.0", n);
	snprintf(p.region, sizeof(p.region), "region%u", n);
	return p;
}

struct volume_fact a_volume(uint8_t n, struct extent e[2])
{
	struct volume_fact v = { .uuid = { { n } }, .pool = { { 1 } },
				 .align = 512, .nr = 1024, .created_us = -5,
				 .home_gfn = 0x100u + n, .state = VOLUME_READY,
				 .nr_extents = 2 };

	snprintf(v.name, sizeof(v.name), "vol%u", n);
	snprintf(v.owner, sizeof(v.owner), "name:db%u", n);
	e[0] = (struct extent){ .fact = { .off = 0, .nr = 512 },
				.next = &e[1] };
	e[1] = (struct extent){ .fact = { .off = 2048, .nr = 512 } };
	return v;
}

struct guest_fact a_guest(uint8_t n, uint8_t volume)
{
	struct guest_fact g = { .device = n, .if_missing = GUEST_WAIT,
				.volume = { { volume } }, .gfn = NV_NO_FRAME };

	snprintf(g.guest, sizeof(g.guest), "name:db%u", n);
	return g;
}

int book_dir_make(struct book_dir *d)
{
	snprintf(d->dir, sizeof(d->dir), "/tmp/nvdimmd-book.XXXXXX");
	if (!mkdtemp(d->dir))
		return -1;
	snprintf(d->path, sizeof(d->path), "%s/book", d->dir);
	return 0;
}

void book_dir_remove(struct book_dir *d)
{
	char cmd[96];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", d->dir);
	if (system(cmd))
		fprintf(stderr, "%s stays\n", d->dir);
}
