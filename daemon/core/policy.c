/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/policy.c - what becomes of a guest whose memory broke.
 */
#include "core/policy.h"

#include <stdio.h>
#include <string.h>

#include "core/bucket.h"
#include "core/hash.h"

/* Frames of one fault that are kept one by one, a 2 MiB page; more as a range. */
#define FRAMES_KEPT 512u

/* MCi_STATUS, Intel SDM volume 3B, figure "IA32_MCi_STATUS Register". */
#define STATUS_UC (UINT64_C(1) << 61)
#define STATUS_PCC (UINT64_C(1) << 57)
#define STATUS_S (UINT64_C(1) << 56)
#define STATUS_AR (UINT64_C(1) << 55)
#define STATUS_DEFERRED (UINT64_C(1) << 44) /* AMD only */
#define MCG_MCIP (UINT64_C(1) << 2)

/* A domain from its start to its end. */
struct life {
	struct hash_node node;
	uint32_t domid;
	struct nv_uuid handle;
	struct told *told;
	struct wide *wide;
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

/* Many frames at once; there are never many of these. */
struct wide {
	struct wide *next;
	uint64_t mfn, nr;
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

static enum policy_class class_amd(uint64_t status, uint64_t mcg)
{
	if (status & STATUS_PCC)
		return POLICY_FATAL;
	if (status & STATUS_DEFERRED)
		return POLICY_SRAO;
	if (!(status & STATUS_UC))
		return POLICY_CE;
	return mcg & MCG_MCIP ? POLICY_SRAR : POLICY_SRAO;
}

enum policy_class policy_class(uint64_t status, uint64_t mcg, uint32_t flags)
{
	if (!status)
		return POLICY_SRAO;
	if (flags & HV_EVENTF_AMD)
		return class_amd(status, mcg);
	if (!(status & STATUS_UC))
		return POLICY_CE;
	if (status & STATUS_PCC)
		return POLICY_FATAL;
	if (!(status & STATUS_S))
		return POLICY_UCNA;
	return status & STATUS_AR ? POLICY_SRAR : POLICY_SRAO;
}

static bool is_consumed(const struct policy_hit *hit)
{
	return hit->touch || policy_class(hit->status, hit->mcg, hit->flags) == POLICY_SRAR;
}

enum hv_kind policy_kind(const struct policy_hit *hit)
{
	return is_consumed(hit) ? HV_SRAR : HV_SRAO;
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
	struct wide *w;

	while ((t = l->told)) {
		l->told = t->next;
		hash_del(&p->told, &t->node);
		free(t);
	}
	while ((w = l->wide)) {
		l->wide = w->next;
		free(w);
	}
	hash_del(&p->lives, &l->node);
	free(l);
}

void policy_reboot(struct policy *p)
{
	struct hash_node *n;

	while ((n = hash_each(&p->lives, NULL)))
		life_free(p, nv_container_of(n, struct life, node));
}

struct policy *policy_free(struct policy *p)
{
	struct hash_node *n;

	if (!p)
		return NULL;
	policy_reboot(p);
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

static struct wide *wide_find(const struct life *l, const struct policy_hit *hit)
{
	uint64_t nr = NV_MAX(hit->nr, (uint64_t)1);
	struct wide *w;

	for (w = l->wide; w; w = w->next)
		if (w->mfn < hit->mfn + nr && hit->mfn < w->mfn + w->nr)
			return w;
	return NULL;
}

static void remember_wide(struct life *l, const struct policy_hit *hit)
{
	struct wide *w = wide_find(l, hit);

	if (w && w->mfn <= hit->mfn && hit->mfn + hit->nr <= w->mfn + w->nr)
		return;
	w = calloc(1, sizeof(*w));
	if (!w)
		return;
	*w = (struct wide){ l->wide, hit->mfn, hit->nr, hit->now_ns };
	l->wide = w;
}

static void remember(struct policy *p, struct life *l,
		     const struct policy_hit *hit)
{
	uint64_t i, nr = NV_MAX(hit->nr, (uint64_t)1);
	struct told *t;

	if (nr > FRAMES_KEPT) {
		remember_wide(l, hit);
		return;
	}
	for (i = 0; i < nr; i++) {
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

/*
 * Since when does this life know a frame of the hit, the longest?
 * Return: false if it knows none.
 */
static bool known(struct policy *p, const struct life *l,
		  const struct policy_hit *hit, uint64_t *ret_since)
{
	uint64_t i, nr = NV_MAX(hit->nr, (uint64_t)1), since = UINT64_MAX;
	const struct wide *w = wide_find(l, hit);
	const struct told *t;

	if (w)
		since = w->first_ns;
	if (nr > FRAMES_KEPT) {
		for (t = l->told; t; t = t->next)
			if (t->mfn - hit->mfn < nr)
				since = NV_MIN(since, t->first_ns);
	} else {
		for (i = 0; i < nr; i++) {
			t = told_find(p, l, hit->mfn + i);
			if (t)
				since = NV_MIN(since, t->first_ns);
		}
	}
	*ret_since = since;
	return since != UINT64_MAX;
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
	return bucket_add(&m->bucket, &p->page_limit, 1, hit->wall_ns);
}

static void decide_tell(const struct policy_hit *hit, const char *reason,
			struct policy_verdict *v)
{
	v->action = POLICY_VMCE;
	v->kind = policy_kind(hit);
	snprintf(v->reason, sizeof(v->reason), "%s", reason);
}

static void decide_kill(struct policy *p, struct life *l,
			const struct policy_hit *hit, const char *reason,
			struct policy_verdict *v)
{
	if (!l->killed &&
	    !bucket_has_room(&p->kills, &p->avalanche, 1, hit->wall_ns)) {
		v->avalanche = true;
		decide_tell(hit, "too many guests were killed already: told instead",
			    v);
		return;
	}
	if (!l->killed)
		bucket_add(&p->kills, &p->avalanche, 1, hit->wall_ns);
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
	struct policy_verdict v = { .action = POLICY_NOTE };
	uint64_t since;
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
	ret->again = known(p, l, hit, &since);
	if (!ret->again)
		decide(p, p->first_touch, l, hit, "first hit of this domain",
		       ret);
	else if (!is_consumed(hit))
		snprintf(ret->reason, sizeof(ret->reason),
			 "the domain knows, and did not touch it");
	else if (hit->now_ns < since + p->grace_ns)
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
		bucket_add(&p->kills, &p->avalanche, 1, hit->wall_ns);
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
