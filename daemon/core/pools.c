/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/pools.c - the ledger's pools: coming, being found again, going.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "core/ledger-int.h"

static void pool_link(struct ledger *l, struct pool *p)
{
	struct pool **at = &l->pools;

	while (*at && strcmp((*at)->fact.name, p->fact.name) < 0)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static void pool_unlink(struct ledger *l, struct pool *p)
{
	struct pool **at = &l->pools;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
}

static struct pool *pool_by_name(struct ledger *l, const char *name)
{
	struct pool *p;

	for (p = l->pools; p; p = p->next)
		if (!strcmp(p->fact.name, name))
			return p;
	return NULL;
}

struct pool *ledger_pool_by_uuid(struct ledger *l, const struct nv_uuid *uuid)
{
	struct pool *p;

	for (p = l->pools; p; p = p->next)
		if (nv_uuid_equal(&p->fact.uuid, uuid))
			return p;
	return NULL;
}

struct pool *ledger_pool_at(struct ledger *l, uint64_t mfn)
{
	return ledger_owner(l, mfn).pool;
}

struct pool *ledger_pool_next(struct ledger *l, struct pool *p)
{
	return p ? p->next : l->pools;
}

int ledger_pool_find(struct ledger *l, const char *text, struct nv_why *why,
		     struct pool **ret)
{
	struct nv_uuid uuid;
	struct pool *p;

	p = pool_by_name(l, text);
	if (!p && !nv_uuid_parse(text, &uuid))
		p = ledger_pool_by_uuid(l, &uuid);
	/* One that is missing has no device: "" must not find it. */
	if (!p && *text)
		for (p = l->pools; p; p = p->next)
			if (!strcmp(p->site.device, text) ||
			    !strcmp(p->fact.device, text))
				break;
	if (!p)
		return nv_refuse(why, NV_E_NO_POOL, "there is no pool '%s'",
				 text);
	*ret = p;
	return 0;
}

static int site_check(struct ledger *l, const struct pool_site *site,
		      struct nv_why *why)
{
	struct rangemap_range r;

	if (!frames_valid(site->mfn, site->nr))
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "%s claims %llu frames from frame 0x%llx on, which is no range of memory",
				 site->device, (unsigned long long)site->nr,
				 (unsigned long long)site->mfn);
	r = rangemap_find(l->own, site->mfn);
	if (r.tag == NO_SLOT && r.end >= site->mfn + site->nr)
		return 0;
	if (r.tag == NO_SLOT)
		r = rangemap_find(l->own, r.end);
	return nv_refuse(why, NV_E_POOL_BUSY,
			 "%s overlaps the pool %s at address 0x%llx",
			 site->device, ledger_tag_owner(l, r.tag).pool->fact.name,
			 (unsigned long long)frames_to_bytes(
				 NV_MAX(r.start, site->mfn)));
}

/*
 * The frames become the pool's, all free and, until its bad list is read, all
 * good: what was known of another pool here says nothing about this one. One
 * paint is owed: the way back.
 */
static int pool_place(struct ledger *l, struct pool *p,
		      const struct pool_site *site)
{
	int r;

	r = rangemap_reserve(l->health, 1);
	if (!r)
		r = ledger_reserve(l, 2);
	if (!r)
		r = slot_new(l, SLOT_POOL, p, &p->tag);
	if (r)
		return r;

	l->owed++;
	p->site = *site;
	ledger_paint(l, p, site->mfn, site->nr, p->tag);
	rangemap_paint(l->health, site->mfn, site->mfn + site->nr, HEALTH_OK);
	p->free = site->nr;
	p->lowest_free = site->mfn;
	p->free_bad = p->bad = 0;
	p->state = POOL_NOT_ARMED;
	p->reason[0] = '\0';
	return 0;
}

static void extents_forget(struct ledger *l, struct extent *e, bool owed)
{
	for (; e; e = e->next) {
		if (owed && e->tag != NO_SLOT)
			l->owed--;
		slot_free(l, e->tag);
		e->tag = NO_SLOT;
		e->bad = 0;
	}
}

/* The way back, by one paint over all of it, whoever has the frames. */
static void pool_unplace(struct ledger *l, struct pool *p)
{
	struct mapping *m;
	struct volume *v;

	for (v = p->volumes; v; v = v->pool_next)
		extents_forget(l, v->extents,
			       v->fact.state == VOLUME_CREATING);
	for (m = l->first; m; m = m->next) {
		if (m->fact.state == MAPPING_UNKNOWN)
			unknown_forget(l, m, p);
		else if (!m->volume && m->pool == p)
			extents_forget(l, m->extents, true);
	}
	l->owed--;
	ledger_paint(l, p, p->site.mfn, p->site.nr, NO_SLOT);
	slot_free(l, p->tag);
	p->tag = NO_SLOT;
	p->free = p->free_bad = p->bad = 0;
	p->allocated = p->bare = p->mapped = 0;
}

static void fact_from_site(struct pool_fact *f, const struct pool_site *site)
{
	text_set(f->device, sizeof(f->device), site->device);
	text_set(f->region, sizeof(f->region), site->region);
	f->mfn = site->mfn;
	f->nr = site->nr;
}

static int pool_check_new(struct ledger *l, const struct nv_uuid *uuid,
			  const char *name, struct nv_why *why)
{
	char text[NV_UUID_TEXT];
	struct pool *p;
	int r;

	r = ledger_name_check(name, why);
	if (r)
		return r;
	if (pool_by_name(l, name))
		return nv_refuse(why, NV_E_EXISTS,
				 "there is a pool '%s' already", name);
	p = ledger_pool_by_uuid(l, uuid);
	if (p)
		return nv_refuse(why, NV_E_EXISTS,
				 "%s is the pool '%s' already",
				 nv_uuid_print(uuid, text), p->fact.name);
	return 0;
}

int ledger_pool_begin(struct ledger *l, const struct nv_uuid *uuid,
		      const char *name, const struct pool_site *site,
		      struct nv_why *why, struct pool **ret)
{
	nv_cleanup(nv_freep) struct pool *p = NULL;
	int r;

	if (!name || !*name)
		name = site->device;
	r = pool_check_new(l, uuid, name, why);
	if (!r)
		r = site_check(l, site, why);
	if (r)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->fact.uuid = *uuid;
	text_set(p->fact.name, sizeof(p->fact.name), name);
	r = pool_place(l, p, site);
	if (r)
		return r;
	r = unknown_hold_in(l, p);
	if (r) {
		pool_unplace(l, p);
		return r;
	}
	fact_from_site(&p->fact, site);
	p->busy = true;
	pool_link(l, p);
	*ret = nv_steal(&p);
	return 0;
}

void ledger_pool_done(struct ledger *l, struct pool *p)
{
	assert(p->busy);
	l->owed--;
	p->busy = false;
}

static void pool_end(struct ledger *l, struct pool *p)
{
	if (pool_placed(p))
		pool_unplace(l, p);
	pool_unlink(l, p);
	free(p);
}

void ledger_pool_abort(struct ledger *l, struct pool *p)
{
	assert(p->busy && !p->nr_volumes && !p->nr_bare);
	pool_end(l, p);
}

int ledger_pool_load(struct ledger *l, const struct pool_fact *fact,
		     struct nv_why *why, struct pool **ret)
{
	struct pool *p;
	int r;

	r = pool_check_new(l, &fact->uuid, fact->name, why);
	if (r)
		return NV_E_BAD_BOOK;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->fact = *fact;
	p->state = POOL_MISSING;
	p->site.numa_node = -1;
	pool_link(l, p);
	*ret = p;
	return 0;
}

/* Everything that was loaded before takes its frames. */
static int pool_take_all(struct ledger *l, struct pool *p,
			 struct extent **ret_clash)
{
	struct mapping *m;
	struct volume *v;
	int r;

	for (v = p->volumes; v; v = v->pool_next) {
		r = extents_take(l, v->extents, ret_clash);
		if (r)
			return r;
		volume_settle(l, v);
		if (v->mapping)
			p->mapped += v->fact.nr;
	}
	for (m = l->first; m; m = m->next) {
		if (m->volume || m->pool != p ||
		    m->fact.state == MAPPING_UNKNOWN)
			continue;
		r = extents_take(l, m->extents, ret_clash);
		if (r)
			return r;
		p->mapped += m->fact.nr;
	}
	return unknown_hold_in(l, p);
}

static int pool_refuse_clash(const struct pool *p, const struct extent *e,
			     struct nv_why *why)
{
	char at[NV_SIZE_TEXT], size[NV_SIZE_TEXT];
	const char *what = e->volume ? e->volume->fact.name : "a bare mapping";

	if (!frames_contain(0, p->site.nr, e->fact.off, e->fact.nr))
		return nv_refuse(why, NV_E_BAD_SIZE,
				 "%s is now %s, and '%s' reaches beyond its end",
				 p->site.device,
				 nv_size_print_exact(
					 frames_to_bytes(p->site.nr), size),
				 what);
	return nv_refuse(why, NV_E_BAD_BOOK,
			 "the book says of two that they have offset %s of the pool %s, one is '%s'",
			 nv_size_print_exact(frames_to_bytes(e->fact.off), at),
			 p->fact.name, what);
}

static int pool_attach(struct ledger *l, struct pool *p,
		       const struct pool_site *site, struct nv_why *why)
{
	struct extent *clash = NULL;
	int r;

	r = site_check(l, site, why);
	if (r)
		return r;
	r = pool_place(l, p, site);
	if (r)
		return r;
	r = pool_take_all(l, p, &clash);
	if (!r)
		return 0;
	if (r > 0)
		r = pool_refuse_clash(p, clash, why);
	pool_unplace(l, p);
	return r;
}

int ledger_pool_attach(struct ledger *l, struct pool *p,
		       const struct pool_site *site, struct nv_why *why)
{
	enum pool_state before = p->state;
	struct nv_why reason;
	int r;

	assert(!pool_placed(p));
	r = pool_attach(l, p, site, &reason);
	if (r) {
		p->state = r > 0 ? POOL_REFUSED : before;
		if (r < 0)
			return r;
		text_set(p->reason, sizeof(p->reason), reason.text);
		return nv_refuse(why, r, "%s", reason.text);
	}
	l->owed--;
	fact_from_site(&p->fact, site);
	return 0;
}

void ledger_pool_armed(struct ledger *l, struct pool *p)
{
	assert(pool_placed(p));
	p->state = POOL_ONLINE;
}

void ledger_pool_missing(struct ledger *l, struct pool *p, const char *reason)
{
	assert(!pool_placed(p));
	text_set(p->reason, sizeof(p->reason), reason);
}

int ledger_pool_release_begin(struct ledger *l, struct pool *p,
			      struct nv_why *why)
{
	int r;

	if (p->busy)
		return nv_refuse(why, NV_E_BUSY,
				 "the pool %s is just being added or released",
				 p->fact.name);
	if (p->nr_volumes)
		return nv_refuse(why, NV_E_POOL_IN_USE,
				 "the pool %s has %u volumes, the first is '%s'",
				 p->fact.name, p->nr_volumes,
				 p->volumes->fact.name);
	if (p->nr_bare || p->bare)
		return nv_refuse(why, NV_E_POOL_IN_USE,
				 "the pool %s has ranges that are mapped into a domain",
				 p->fact.name);
	if (pool_placed(p)) {
		r = ledger_reserve(l, 1);
		if (r)
			return r;
		l->owed++;
	}
	p->busy = true;
	return 0;
}

void ledger_pool_release_done(struct ledger *l, struct pool *p)
{
	assert(p->busy);
	pool_end(l, p);
}

void ledger_pool_release_abort(struct ledger *l, struct pool *p)
{
	assert(p->busy);
	if (pool_placed(p))
		l->owed--;
	p->busy = false;
}
