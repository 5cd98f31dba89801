/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_pool.c - a namespace becomes a pool, and the kernel's again.
 *
 *	ledger  the pool, NOT_ARMED, or a refusal
 *	book    the pool
 *	topo    TAKE: Dom0 does not use it any more, or a refusal, by name
 *	hv      REGISTER, the bad list, ARM
 *	ledger  ONLINE
 *
 * Dying anywhere after the book: the next start takes it and goes on. The
 * kernel may need a minute for its part: the flow is stepped until it is done.
 */
#include "ops/op_pool.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "core/reconcile.h"

struct op_pool {
	struct op op;
	struct req_add_pool rq;
	struct pool *pool;  /* ours: it is busy */
	struct nv_uuid uuid;
	struct nv_why why;  /* of what is being undone */
	int failed;         /* likewise */
	bool stuck;         /* the hypervisor does not let go of the frames */
};

static struct op_pool *op_pool(struct op *op)
{
	return nv_container_of(op, struct op_pool, op);
}

static void pool_free(struct op *op)
{
	free(op_pool(op));
}

static int op_pool_new(struct nvd *nvd, const struct op_ops *ops, const char *step, struct nv_why *why,
		       struct op_pool **ret)
{
	struct op_pool *o = calloc(1, sizeof(*o));

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	o->op.ops = ops;
	o->op.nvd = nvd;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), step);
	*ret = o;
	return 0;
}

/* ---- a namespace becomes a pool ---- */

static int add_promise(struct op_pool *o, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	struct topo_place place;
	struct pool_site site;
	struct pool *p;
	int r;

	r = pool_reload(nvd, why);
	if (!r)
		r = topo_find(nvd->topology, o->rq.device, &place, why);
	if (!r)
		r = topo_check_pool(&place, why);
	if (r)
		return r;
	reconcile_site(&place, &site);
	r = ledger_pool_begin(nvd->ledger, &place.ns->id, o->rq.name, &site, why, &p);
	if (r)
		return r;
	r = nvd_book(nvd, store_pool_put(nvd->store, &p->fact), why);
	if (r) {
		if (nvd_unsure(r))
			store_pool_del(nvd->store, &p->fact.uuid);
		ledger_pool_abort(nvd->ledger, p);
		return r;
	}
	o->pool = p;
	o->uuid = p->fact.uuid;
	return 0;
}

static int add_undo_step(struct op_pool *o, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;

	if (!o->stuck && topo_port_release(nvd->topo, &o->uuid, NULL) == TOPO_MORE)
		return OP_MORE;
	if (!nvd_book(nvd, store_pool_del(nvd->store, &o->uuid), NULL))
		ledger_pool_abort(nvd->ledger, o->pool);
	*why = o->why;
	return o->failed;
}

/* It is ours: everything after TAKE. */
static int add_bring_up(struct op_pool *o, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	struct pool *p = o->pool;
	int r;

	r = pool_learn_bad(nvd, p, why);
	if (!r)
		r = pool_enrol(nvd, p, why);
	if (r)
		return r;
	r = pool_arm(nvd, p, why);
	if (r)
		o->stuck = hv_dismiss(nvd->hv, p->site.mfn, p->site.nr);
	return r;
}

static void add_finish(struct op_pool *o)
{
	struct nvd *nvd = o->op.nvd;
	struct pool *p = o->pool;
	struct event_fact e;
	char size[NV_SIZE_TEXT];

	ledger_pool_done(nvd->ledger, p);
	e = history_event(EVENT_INFO, "pool-added", "%s became pool %s, %s", p->site.device, p->fact.name,
			  nv_size_print(frames_to_bytes(p->site.nr), size));
	history_at_pool(&e, p);
	history_next(&e, "nvctl volume create NAME SIZE --pool %s", p->fact.name);
	history_note(nvd, &e);
	o->op.pool = o->uuid;
}

static int add_step(struct op *op, struct nv_why *why)
{
	struct op_pool *o = op_pool(op);
	struct nvd *nvd = op->nvd;
	int r;

	if (o->failed)
		return add_undo_step(o, why);
	if (!o->pool) {
		r = add_promise(o, why);
		return r ? r : OP_MORE;
	}
	r = topo_port_take(nvd->topo, &o->uuid, false, why);
	if (r == TOPO_MORE)
		return OP_MORE;
	if (r) {
		if (!nvd_book(nvd, store_pool_del(nvd->store, &o->uuid), NULL))
			ledger_pool_abort(nvd->ledger, o->pool);
		return r;
	}
	r = add_bring_up(o, &o->why);
	if (r) {
		o->failed = r;
		return OP_MORE;
	}
	add_finish(o);
	return 0;
}

static const struct op_ops add_ops = { .name = "pool add", .step = add_step, .free = pool_free };

int op_pool_add_begin(struct nvd *nvd, const struct req_add_pool *rq, struct nv_why *why, struct op **ret)
{
	struct op_pool *o = NULL;
	int r;

	r = op_pool_new(nvd, &add_ops, "take", why, &o);
	if (r)
		return r;
	o->rq = *rq;
	*ret = &o->op;
	return 0;
}

/* ---- and the kernel's again ---- */

static void release_finish(struct op_pool *o, int enabled, const struct nv_why *late)
{
	struct nvd *nvd = o->op.nvd;
	struct pool *p = o->pool;
	struct event_fact e;

	e = history_event(EVENT_INFO, "pool-released", "pool %s is %s again, the kernel's", p->fact.name,
			  p->fact.device);
	history_at_pool(&e, p);
	ledger_pool_release_done(nvd->ledger, p);
	if (enabled) {
		e.severity = EVENT_WARNING;
		snprintf(e.text + strlen(e.text), sizeof(e.text) - strlen(e.text), ", but could not be enabled: %s",
			 late->text[0] ? late->text : strerror(enabled < 0 ? -enabled : EIO));
		history_next(&e, "ndctl list -Ni");
	}
	history_note(nvd, &e);
}

/* Usable as it was; if this fails too, the next start arms it. */
static int release_undo_step(struct op_pool *o, struct nv_why *why)
{
	struct nvd *nvd = o->op.nvd;
	struct pool *p = o->pool;
	int r = p->site.nr ? topo_port_take(nvd->topo, &o->uuid, true, NULL) : -ENODEV;

	if (r == TOPO_MORE)
		return OP_MORE;
	if (!r && !pool_enrol(nvd, p, NULL))
		pool_arm(nvd, p, NULL);
	ledger_pool_release_abort(nvd->ledger, p);
	*why = o->why;
	return o->failed;
}

static int release_step(struct op *op, struct nv_why *why)
{
	struct op_pool *o = op_pool(op);
	struct nv_why late = { "" };
	struct nvd *nvd = op->nvd;
	int enabled, r;

	if (o->failed)
		return release_undo_step(o, why);
	/*
	 * The book comes last: a daemon that dies in between starts with a pool
	 * that it takes again, never with a namespace that is nobody's.
	 */
	enabled = topo_port_release(nvd->topo, &o->uuid, &late);
	if (enabled == TOPO_MORE)
		return OP_MORE;
	r = nvd_book(nvd, store_pool_del(nvd->store, &o->uuid), &o->why);
	if (r) {
		if (nvd_unsure(r))
			store_pool_put(nvd->store, &o->pool->fact);
		o->failed = r;
		return OP_MORE;
	}
	release_finish(o, enabled, &late);
	return 0;
}

static const struct op_ops release_ops = { .name = "pool release", .step = release_step, .free = pool_free };

/* The hypervisor's part is short. */
static int release_dismiss(struct nvd *nvd, struct pool *p, struct nv_why *why)
{
	int r = p->site.nr ? hv_dismiss(nvd->hv, p->site.mfn, p->site.nr) : 0;

	return nvd_hv(nvd, r == -ENOENT ? 0 : r, "give the pool's frames back", why);
}

int op_pool_release_begin(struct nvd *nvd, const struct req_pool *rq, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_pool *o = NULL;
	struct pool *p;
	int r;

	r = op_pool_new(nvd, &release_ops, "give back", why, &o);
	if (!r)
		r = ledger_pool_find(nvd->ledger, rq->pool, why, &p);
	if (!r)
		r = ledger_pool_release_begin(nvd->ledger, p, why);
	if (r)
		return r;
	o->pool = p;
	o->uuid = p->fact.uuid;
	o->failed = release_dismiss(nvd, p, &o->why);
	*ret = &nv_steal(&o)->op;
	return 0;
}
