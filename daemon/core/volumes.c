/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/volumes.c - the ledger's volumes: found, renamed, deleted.
 */
#include <assert.h>
#include <string.h>

#include "base/size.h"
#include "core/ledger-int.h"

static struct volume *volume_by_name(struct ledger *l, const char *name)
{
	struct hash_node *n;
	struct volume *v;

	for (n = hash_first(&l->volume_names, hash_text(name)); n;
	     n = hash_next(n)) {
		v = nv_container_of(n, struct volume, by_name);
		if (!strcmp(v->fact.name, name))
			return v;
	}
	return NULL;
}

/* Is a rename about to make it somebody's name? */
static struct volume *volume_by_new_name(struct ledger *l, const char *name)
{
	struct hash_node *n;
	struct volume *v;

	for (n = hash_first(&l->volume_new_names, hash_text(name)); n;
	     n = hash_next(n)) {
		v = nv_container_of(n, struct volume, by_new_name);
		if (!strcmp(v->new_name, name))
			return v;
	}
	return NULL;
}

struct volume *ledger_volume_by_uuid(struct ledger *l,
				     const struct nv_uuid *uuid)
{
	struct hash_node *n;
	struct volume *v;

	for (n = hash_first(&l->volume_uuids, hash_bytes(uuid, sizeof(*uuid)));
	     n; n = hash_next(n)) {
		v = nv_container_of(n, struct volume, by_uuid);
		if (nv_uuid_equal(&v->fact.uuid, uuid))
			return v;
	}
	return NULL;
}

struct volume *ledger_volume_next(struct ledger *l, struct volume *v)
{
	struct hash_node *n;

	n = hash_each(&l->volume_uuids, v ? &v->by_uuid : NULL);
	return n ? nv_container_of(n, struct volume, by_uuid) : NULL;
}

int ledger_volume_find(struct ledger *l, const char *text, struct nv_why *why,
		       struct volume **ret)
{
	struct volume *v = NULL;
	struct nv_uuid uuid;

	if (*text)
		v = volume_by_name(l, text);
	if (!v && !nv_uuid_parse(text, &uuid))
		v = ledger_volume_by_uuid(l, &uuid);
	if (!v)
		return nv_refuse(why, NV_E_NO_VOLUME,
				 "there is no volume '%s'", text);
	*ret = v;
	return 0;
}

uint64_t ledger_volume_bad(const struct volume *v)
{
	const struct extent *e;
	uint64_t bad = 0;

	for (e = v->extents; e; e = e->next)
		bad += e->bad;
	return bad;
}

bool ledger_volume_missing(const struct volume *v)
{
	return !pool_placed(v->pool);
}

/* One that is CREATING may be dropped at any time, and goes on owing that. */
void volume_settle(struct ledger *l, const struct volume *v)
{
	if (v->fact.state != VOLUME_CREATING)
		extents_settle(l, v->extents);
}

void volume_recount(struct volume *v)
{
	struct extent *e;

	v->fact.nr = 0;
	v->fact.nr_extents = extents_count(v->extents);
	for (e = v->extents; e; e = e->next) {
		e->volume = v;
		v->fact.nr += e->fact.nr;
	}
}

struct volume *volume_make(struct ledger *l, const struct volume_fact *fact,
			   struct pool *p, struct extent *extents)
{
	struct volume *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->fact = *fact;
	v->pool = p;
	v->extents = extents;
	volume_recount(v);

	hash_add(&l->volume_uuids, &v->by_uuid,
		 hash_bytes(&v->fact.uuid, sizeof(v->fact.uuid)));
	if (v->fact.name[0])
		hash_add(&l->volume_names, &v->by_name,
			 hash_text(v->fact.name));
	v->pool_next = p->volumes;
	if (p->volumes)
		p->volumes->pool_prev = v;
	p->volumes = v;
	p->nr_volumes++;
	return v;
}

void volume_free(struct ledger *l, struct volume *v)
{
	struct pool *p = v->pool;

	hash_del(&l->volume_uuids, &v->by_uuid);
	hash_del(&l->volume_names, &v->by_name);
	hash_del(&l->volume_new_names, &v->by_new_name);
	if (v->pool_prev)
		v->pool_prev->pool_next = v->pool_next;
	else
		p->volumes = v->pool_next;
	if (v->pool_next)
		v->pool_next->pool_prev = v->pool_prev;
	p->nr_volumes--;
	extents_free(l, v->extents);
	free(v);
}

int volume_check_new_name(struct ledger *l, const char *name,
			  struct nv_why *why)
{
	int r = ledger_name_check(name, why);

	if (r)
		return r;
	if (volume_by_name(l, name) || volume_by_new_name(l, name))
		return nv_refuse(why, NV_E_EXISTS,
				 "there is a volume '%s' already", name);
	return 0;
}

static int check_not_busy(const struct volume *v, struct nv_why *why)
{
	if (v->busy)
		return nv_refuse(why, NV_E_BUSY,
				 "another operation on the volume %s is under way",
				 v->fact.name);
	return 0;
}

int volume_check_free(struct ledger *l, const struct volume *v,
		      struct nv_why *why)
{
	int r;

	r = check_not_busy(v, why);
	if (r)
		return r;
	if (ledger_volume_unknown(l, v))
		return nv_refuse(why, NV_E_UNKNOWN_EXTENT,
				 "a domain has frames of the volume %s without a record of it",
				 v->fact.name);
	return 0;
}

int volume_check_idle(struct ledger *l, const struct volume *v,
		      const char *verb, struct nv_why *why)
{
	if (v->mapping)
		return nv_refuse(why, NV_E_VOLUME_BUSY,
				 "the volume %s is mapped into domain %u%s%s and cannot be %s",
				 v->fact.name, v->mapping->fact.domid,
				 v->mapping->fact.domain[0] ? ", " : "",
				 v->mapping->fact.domain, verb);
	return volume_check_free(l, v, why);
}

int ledger_delete_begin(struct ledger *l, struct volume *v, struct nv_why *why)
{
	int r;

	r = volume_check_idle(l, v, "deleted", why);
	if (!r)
		r = guests_check_unlisted(l, v, why);
	if (!r)
		r = extents_owe(l, v->extents);
	if (r)
		return r;
	v->was_deleting = v->fact.state == VOLUME_DELETING;
	v->fact.state = VOLUME_DELETING;
	v->busy = true;
	return 0;
}

void ledger_delete_written(struct ledger *l, struct volume *v)
{
	assert(v->busy && v->fact.state == VOLUME_DELETING);
	v->was_deleting = true;
}

void ledger_delete_done(struct ledger *l, struct volume *v)
{
	assert(v->busy && v->fact.state == VOLUME_DELETING);
	extents_give(l, v->extents);
	volume_free(l, v);
}

void ledger_delete_abort(struct ledger *l, struct volume *v)
{
	assert(v->busy && v->fact.state == VOLUME_DELETING);
	extents_settle(l, v->extents);
	if (!v->was_deleting)
		v->fact.state = VOLUME_READY;
	v->busy = false;
}

int ledger_repair_begin(struct ledger *l, struct volume *v, struct nv_why *why)
{
	int r;

	r = volume_check_idle(l, v, "repaired", why);
	if (!r)
		v->busy = true;
	return r;
}

void ledger_repair_end(struct ledger *l, struct volume *v)
{
	assert(v->busy);
	v->busy = false;
}

int ledger_rename_begin(struct ledger *l, struct volume *v, const char *name,
			struct nv_why *why)
{
	int r;

	r = check_not_busy(v, why);
	if (!r)
		r = volume_check_new_name(l, name, why);
	if (r)
		return r;
	text_set(v->new_name, sizeof(v->new_name), name);
	hash_add(&l->volume_new_names, &v->by_new_name, hash_text(name));
	v->busy = true;
	return 0;
}

void ledger_rename_abort(struct ledger *l, struct volume *v)
{
	assert(v->busy && v->new_name[0]);
	hash_del(&l->volume_new_names, &v->by_new_name);
	v->new_name[0] = '\0';
	v->busy = false;
}

void ledger_rename_done(struct ledger *l, struct volume *v)
{
	hash_del(&l->volume_names, &v->by_name);
	text_set(v->fact.name, sizeof(v->fact.name), v->new_name);
	hash_add(&l->volume_names, &v->by_name, hash_text(v->fact.name));
	ledger_rename_abort(l, v);
}

void ledger_set_owner(struct ledger *l, struct volume *v, const char *owner)
{
	text_set(v->fact.owner, sizeof(v->fact.owner), owner);
}
