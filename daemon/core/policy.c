/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/policy.c - what becomes of a guest whose memory broke.
 */
#include "core/policy.h"

#include <stdio.h>
#include <string.h>

#include "core/bucket.h"
#include "core/hash.h"

/* Of one fault; more than a 2 MiB page is never reported as one. */
#define FRAMES_KEPT 512u

/* MCi_STATUS, Intel SDM volume 3B, figure "IA32_MCi_STATUS Register". */
#define STATUS_UC (UINT64_C(1) << 61)
#define STATUS_PCC (UINT64_C(1) << 57)
#define STATUS_S (UINT64_C(1) << 56)
#define STATUS_AR (UINT64_C(1) << 55)
#define STATUS_DEFERRED (UINT64_C(1) << 44) /* AMD only */

/* A domain from its start to its end. */
struct life {
	struct hash_node node;
	uint32_t domid;
	struct nv_uuid handle;
	struct told *told;
	bool killed;
};

/* One frame that a life was told of. */
struct told {
	struct hash_node node;
	struct told *next;
	struct life *life;
	uint64_t mfn;
	uint64_t first_ns;
};

/* How fast one volume takes faults. */
struct meter {
	struct hash_node node;
	struct nv_uuid volume;
	struct bucket bucket;
};

struct policy {
	struct hash lives, told, meters;
	struct bucket kills;
	struct bucket_conf avalanche, page_limit;
	uint64_t grace_ns;
	enum settings_decision first_touch, next_touch;
};

enum policy_class policy_class(uint64_t status)
{
	if (!status)
		return POLICY_SRAO;
	if (!(status & STATUS_UC))
		return status & STATUS_DEFERRED ? POLICY_SRAO : POLICY_CE;
	if (status & STATUS_PCC)
		return POLICY_FATAL;
	if (!(status & STATUS_S))
		return POLICY_UCNA;
	return status & STATUS_AR ? POLICY_SRAR : POLICY_SRAO;
}

const char *policy_class_name(enum policy_class c)
{
	static const char *const names[] = {
		[POLICY_UCNA] = "UCNA", [POLICY_SRAO] = "SRAO",
		[POLICY_SRAR] = "SRAR", [POLICY_CE] = "CE",
		[POLICY_FATAL] = "fatal",
	};

	return names[c];
}

const char *policy_action_name(enum policy_action a)
{
	switch (a) {
	case POLICY_VMCE:
		return "vmce";
	case POLICY_KILL:
		return "kill";
	default:
		return "note";
	}
}

void policy_configure(struct policy *p, const struct settings *set)
{
	p->first_touch = set->first_touch;
	p->next_touch = set->next_touch;
	p->grace_ns = set->grace_ms * UINT64_C(1000000);
	p->avalanche = bucket_conf_per(set->avalanche, set->avalanche_s);
	p->page_limit = bucket_conf_per(set->page_limit.burst,
					set->page_limit.per_s);
}

int policy_new(const struct settings *set, struct policy **ret)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	hash_init(&p->lives);
	hash_init(&p->told);
	hash_init(&p->meters);
	policy_configure(p, set);
	*ret = p;
	return 0;
}

static void life_free(struct policy *p, struct life *l)
{
	struct told *t;

	while ((t = l->told)) {
		l->told = t->next;
		hash_del(&p->told, &t->node);
		free(t);
	}
	hash_del(&p->lives, &l->node);
	free(l);
}

struct policy *policy_free(struct policy *p)
{
	struct hash_node *n;

	if (!p)
		return NULL;
	while ((n = hash_each(&p->lives, NULL)))
		life_free(p, nv_container_of(n, struct life, node));
	while ((n = hash_each(&p->meters, NULL))) {
		hash_del(&p->meters, n);
		free(nv_container_of(n, struct meter, node));
	}
	hash_deinit(&p->lives);
	hash_deinit(&p->told);
	hash_deinit(&p->meters);
	free(p);
	return NULL;
}

static struct life *life_find(struct policy *p, uint32_t domid,
			      const struct nv_uuid *handle)
{
	struct hash_node *n;
	struct life *l;

	for (n = hash_first(&p->lives, hash_u64(domid)); n; n = hash_next(n)) {
		l = nv_container_of(n, struct life, node);
		if (l->domid == domid && nv_uuid_equal(&l->handle, handle))
			return l;
	}
	return NULL;
}

static struct life *life_get(struct policy *p, const struct policy_hit *hit)
{
	struct life *l = life_find(p, hit->domid, &hit->handle);

	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->domid = hit->domid;
	l->handle = hit->handle;
	hash_add(&p->lives, &l->node, hash_u64(l->domid));
	return l;
}

static struct told *told_find(struct policy *p, const struct life *l,
			      uint64_t mfn)
{
	struct hash_node *n;
	struct told *t;

	for (n = hash_first(&p->told, hash_u64(mfn)); n; n = hash_next(n)) {
		t = nv_container_of(n, struct told, node);
		if (t->life == l && t->mfn == mfn)
			return t;
	}
	return NULL;
}

static uint64_t frames_kept(const struct policy_hit *hit)
{
	if (!hit->nr)
		return 1;
	return NV_MIN(hit->nr, (uint64_t)FRAMES_KEPT);
}

static void remember(struct policy *p, struct life *l,
		     const struct policy_hit *hit)
{
	struct told *t;
	uint64_t i;

	for (i = 0; i < frames_kept(hit); i++) {
		if (told_find(p, l, hit->mfn + i))
			continue;
		t = calloc(1, sizeof(*t));
		if (!t)
			return;
		t->life = l;
		t->mfn = hit->mfn + i;
		t->first_ns = hit->now_ns;
		t->next = l->told;
		l->told = t;
		hash_add(&p->told, &t->node, hash_u64(t->mfn));
	}
}

/* The frame of the hit that this life has known for longest, or NULL. */
static const struct told *known(struct policy *p, const struct life *l,
				const struct policy_hit *hit)
{
	const struct told *oldest = NULL, *t;
	uint64_t i;

	for (i = 0; i < frames_kept(hit); i++) {
		t = told_find(p, l, hit->mfn + i);
		if (t && (!oldest || t->first_ns < oldest->first_ns))
			oldest = t;
	}
	return oldest;
}

static bool volume_over_limit(struct policy *p, const struct policy_hit *hit)
{
	uint64_t hash = hash_bytes(&hit->volume, sizeof(hit->volume));
	struct meter *m = NULL;
	struct hash_node *n;

	if (hit->touch || nv_uuid_is_zero(&hit->volume))
		return false;
	for (n = hash_first(&p->meters, hash); n; n = hash_next(n)) {
		m = nv_container_of(n, struct meter, node);
		if (nv_uuid_equal(&m->volume, &hit->volume))
			break;
	}
	if (!n) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return false;
		m->volume = hit->volume;
		hash_add(&p->meters, &m->node, hash);
	}
	return bucket_add(&m->bucket, &p->page_limit, 1, hit->now_ns);
}

static void decide_tell(const struct policy_hit *hit, const char *reason,
			struct policy_verdict *v)
{
	v->action = POLICY_VMCE;
	v->kind = hit->touch || policy_class(hit->status) == POLICY_SRAR ?
			  HV_SRAR : HV_SRAO;
	snprintf(v->reason, sizeof(v->reason), "%s", reason);
}

static void decide_kill(struct policy *p, struct life *l,
			const struct policy_hit *hit, const char *reason,
			struct policy_verdict *v)
{
	if (!l->killed &&
	    !bucket_has_room(&p->kills, &p->avalanche, 1, hit->now_ns)) {
		v->avalanche = true;
		decide_tell(hit, "too many guests were killed already: told instead",
			    v);
		return;
	}
	if (!l->killed)
		bucket_add(&p->kills, &p->avalanche, 1, hit->now_ns);
	l->killed = true;
	v->action = POLICY_KILL;
	snprintf(v->reason, sizeof(v->reason), "%s", reason);
}

static void decide(struct policy *p, enum settings_decision d, struct life *l,
		   const struct policy_hit *hit, const char *reason,
		   struct policy_verdict *v)
{
	if (d == SETTINGS_KILL)
		decide_kill(p, l, hit, reason, v);
	else
		decide_tell(hit, reason, v);
}

void policy_decide(struct policy *p, const struct policy_hit *hit,
		   struct policy_verdict *ret)
{
	bool consumed = hit->touch || policy_class(hit->status) == POLICY_SRAR;
	struct policy_verdict v = { .action = POLICY_NOTE };
	const struct told *before;
	struct life *l;

	v.over_limit = volume_over_limit(p, hit);
	snprintf(v.reason, sizeof(v.reason), "no domain had it");
	*ret = v;
	if (!hit->owned)
		return;

	l = life_get(p, hit);
	if (!l) {
		decide_tell(hit, "no memory to remember it: told", ret);
		return;
	}
	before = known(p, l, hit);
	ret->again = before;
	if (!before)
		decide(p, p->first_touch, l, hit, "first hit of this domain",
		       ret);
	else if (!consumed)
		snprintf(ret->reason, sizeof(ret->reason),
			 "the domain knows, and did not touch it");
	else if (hit->now_ns < before->first_ns + p->grace_ns)
		decide(p, p->first_touch, l, hit,
		       "touched again within the grace time", ret);
	else
		decide(p, p->next_touch, l, hit,
		       "touched again after it was told", ret);
	remember(p, l, hit);
}

void policy_recall(struct policy *p, const struct policy_hit *hit,
		   enum policy_action action)
{
	struct life *l;

	volume_over_limit(p, hit);
	if (!hit->owned)
		return;
	l = life_get(p, hit);
	if (!l)
		return;
	if (action == POLICY_KILL && !l->killed) {
		l->killed = true;
		bucket_add(&p->kills, &p->avalanche, 1, hit->now_ns);
	}
	remember(p, l, hit);
}

void policy_forget(struct policy *p, uint32_t domid,
		   const struct nv_uuid *handle)
{
	struct life *l = life_find(p, domid, handle);

	if (l)
		life_free(p, l);
}
