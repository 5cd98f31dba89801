/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/faulty.c - ports that go wrong where they are told to.
 */
#include "tests/lib/faulty.h"

#include <stdio.h>

/* Return: may the call go through? *@ret_late: what happens after it, or -1. */
static bool faulty_before(struct faulty *f, int *ret_late)
{
	size_t i;

	*ret_late = -1;
	if (f->off)
		return true;
	if (f->dead)
		return false;
	f->calls++;
	if (f->meanwhile == f->calls)
		f->happens(f->ctx);
	for (i = 0; i < NV_ARRAY_SIZE(f->plan); i++) {
		if (f->plan[i].call != f->calls)
			continue;
		if (f->plan[i].kind == FAULTY_FAIL)
			return false;
		if (f->plan[i].kind == FAULTY_DIE) {
			f->dead = true;
			return false;
		}
		*ret_late = (int)f->plan[i].kind;
	}
	return true;
}

static int faulty_after(struct faulty *f, int late, int r)
{
	if (late == FAULTY_DIE_LATE)
		f->dead = true;
	return late >= 0 ? -EIO : r;
}

/* A call by its expression; what it puts out is seen only if it is not a lie. */
#define THROUGH(f, expr)                                   \
	({                                                 \
		int late_, r_ = -EIO;                      \
		if (faulty_before((f), &late_))            \
			r_ = faulty_after((f), late_, (expr)); \
		r_;                                        \
	})

#define HV_F(h) struct faulty *f = nv_container_of(h, struct faulty, hv)
#define STORE_F(s) struct faulty *f = nv_container_of(s, struct faulty, store)
#define TOPO_F(p) struct faulty *f = nv_container_of(p, struct faulty, topo)

static int f_info(struct hv *h, struct hv_info *ret)
{
	HV_F(h);
	return THROUGH(f, hv_info(f->real_hv, ret));
}

static int f_enrol(struct hv *h, uint64_t mfn, uint64_t nr)
{
	HV_F(h);
	return THROUGH(f, hv_enrol(f->real_hv, mfn, nr));
}

static int f_dismiss(struct hv *h, uint64_t mfn, uint64_t nr)
{
	HV_F(h);
	return THROUGH(f, hv_dismiss(f->real_hv, mfn, nr));
}

static int f_arm(struct hv *h, uint64_t mfn, uint64_t nr)
{
	HV_F(h);
	return THROUGH(f, hv_arm(f->real_hv, mfn, nr));
}

static int f_map(struct hv *h, struct hv_map *m)
{
	struct hv_map copy = *m;
	int r;
	HV_F(h);

	r = THROUGH(f, hv_map(f->real_hv, &copy));
	if (r >= 0 || r == -EEXIST)
		*m = copy;
	return r;
}

static int f_unmap(struct hv *h, uint64_t map_id, uint64_t *done)
{
	HV_F(h);
	return THROUGH(f, hv_unmap(f->real_hv, map_id, done));
}

static int f_list(struct hv *h, enum hv_list kind, uint64_t *cursor, struct hv_record *rec, uint32_t *nr)
{
	HV_F(h);
	return THROUGH(f, hv_list(f->real_hv, kind, cursor, rec, nr));
}

static int f_set_broken(struct hv *h, struct hv_range *range, uint32_t nr, uint64_t *done)
{
	HV_F(h);
	return THROUGH(f, hv_set_broken(f->real_hv, range, nr, done));
}

static int f_clear_broken(struct hv *h, struct hv_range *range, uint32_t nr, uint64_t *done)
{
	HV_F(h);
	return THROUGH(f, hv_clear_broken(f->real_hv, range, nr, done));
}

static int f_events(struct hv *h, uint64_t ack_seq, struct hv_batch *ret)
{
	HV_F(h);
	return THROUGH(f, hv_events(f->real_hv, ack_seq, ret));
}

static int f_resolve(struct hv *h, const struct hv_resolve *r)
{
	HV_F(h);
	return THROUGH(f, hv_resolve(f->real_hv, r));
}

static int f_set_deadline(struct hv *h, uint32_t *ms)
{
	HV_F(h);
	return THROUGH(f, hv_set_deadline(f->real_hv, ms));
}

static int f_hold(struct hv *h, uint32_t domid, const struct nv_uuid *uuid, bool on)
{
	HV_F(h);
	return THROUGH(f, hv_hold(f->real_hv, domid, uuid, on));
}

static int f_scrub(struct hv *h, uint64_t mfn, uint64_t nr, uint64_t *done)
{
	HV_F(h);
	return THROUGH(f, hv_scrub(f->real_hv, mfn, nr, done));
}

static int f_fd(struct hv *h)
{
	HV_F(h);
	return hv_fd(f->real_hv);
}

static int f_drain(struct hv *h)
{
	HV_F(h);
	return hv_drain(f->real_hv);
}

static void f_hv_free(struct hv *h)
{
}

static const struct hv_ops faulty_hv = {
	.info = f_info, .enrol = f_enrol, .dismiss = f_dismiss, .arm = f_arm,
	.map = f_map, .unmap = f_unmap, .list = f_list, .set_broken = f_set_broken,
	.clear_broken = f_clear_broken, .events = f_events, .resolve = f_resolve,
	.set_deadline = f_set_deadline, .hold = f_hold, .scrub = f_scrub, .fd = f_fd,
	.drain = f_drain, .free = f_hv_free,
};

/*
 * The port promises that after a failed write or commit the transaction is
 * gone; so it is rolled back where a failure is made up.
 */
static int store_end(struct faulty *f, int r)
{
	if (r)
		store_rollback(f->real_store);
	if (r == -EIO)
		nv_refuse(&f->store.why, r, "made up");
	else
		f->store.why = f->real_store->why;
	return r;
}

static int f_load(struct store *s, const struct store_reader *rd, void *ctx)
{
	STORE_F(s);
	return THROUGH(f, store_load(f->real_store, rd, ctx));
}

static int f_load_bad(struct store *s, const struct nv_uuid *pool, store_bad_fn fn, void *ctx)
{
	STORE_F(s);
	return THROUGH(f, store_load_bad(f->real_store, pool, fn, ctx));
}

static int f_begin(struct store *s, enum store_sync sync)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_begin(f->real_store, sync)));
}

static int f_commit(struct store *s)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_commit(f->real_store)));
}

static void f_rollback(struct store *s)
{
	STORE_F(s);
	store_rollback(f->real_store);
}

static int f_pool_put(struct store *s, const struct pool_fact *p)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_pool_put(f->real_store, p)));
}

static int f_pool_del(struct store *s, const struct nv_uuid *uuid)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_pool_del(f->real_store, uuid)));
}

static int f_volume_put(struct store *s, const struct volume_fact *v, const struct extent *e)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_volume_put(f->real_store, v, e)));
}

static int f_volume_del(struct store *s, const struct nv_uuid *uuid)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_volume_del(f->real_store, uuid)));
}

static int f_mapping_put(struct store *s, const struct mapping_fact *m, const struct extent *e)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_mapping_put(f->real_store, m, e)));
}

static int f_mapping_del(struct store *s, uint64_t id)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_mapping_del(f->real_store, id)));
}

static int f_guest_put(struct store *s, const struct guest_fact *g)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_guest_put(f->real_store, g)));
}

static int f_guest_del(struct store *s, const char *guest, uint32_t device)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_guest_del(f->real_store, guest, device)));
}

static int f_bad_add(struct store *s, const struct bad_fact *b)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_bad_add(f->real_store, b)));
}

static int f_bad_del(struct store *s, const struct nv_uuid *pool, uint64_t off, uint64_t nr)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_bad_del(f->real_store, pool, off, nr)));
}

static int f_fault_add(struct store *s, const struct fault_fact *fact, bool *ret_new)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_fault_add(f->real_store, fact, ret_new)));
}

static int f_faults(struct store *s, uint64_t boot_id, store_fault_fn fn, void *ctx)
{
	STORE_F(s);
	return THROUGH(f, store_faults(f->real_store, boot_id, fn, ctx));
}

static int f_faults_before(struct store *s, uint64_t boot_id, int64_t since_us, store_fault_fn fn, void *ctx)
{
	STORE_F(s);
	return THROUGH(f, store_faults_before(f->real_store, boot_id, since_us, fn, ctx));
}

static int f_event_add(struct store *s, const struct event_fact *e, uint64_t *ret_id)
{
	STORE_F(s);
	return store_end(f, THROUGH(f, store_event_add(f->real_store, e, ret_id)));
}

static int f_store_events(struct store *s, const struct store_events *q, store_event_fn fn, void *ctx)
{
	STORE_F(s);
	return THROUGH(f, store_events(f->real_store, q, fn, ctx));
}

static uint64_t f_last_event(struct store *s)
{
	STORE_F(s);
	return store_last_event(f->real_store);
}

static int f_idle(struct store *s)
{
	STORE_F(s);
	return store_idle(f->real_store);
}

static void f_store_free(struct store *s)
{
}

static const struct store_ops faulty_store = {
	.load = f_load, .load_bad = f_load_bad, .begin = f_begin, .commit = f_commit,
	.rollback = f_rollback, .pool_put = f_pool_put, .pool_del = f_pool_del,
	.volume_put = f_volume_put, .volume_del = f_volume_del,
	.mapping_put = f_mapping_put, .mapping_del = f_mapping_del,
	.guest_put = f_guest_put, .guest_del = f_guest_del,
	.bad_add = f_bad_add, .bad_del = f_bad_del, .fault_add = f_fault_add,
	.faults = f_faults, .faults_before = f_faults_before, .event_add = f_event_add, .events = f_store_events,
	.last_event = f_last_event, .idle = f_idle, .free = f_store_free,
};

static int f_topo_load(struct topo_port *p, struct topo **ret)
{
	struct topo *t = NULL;
	int r;
	TOPO_F(p);

	r = THROUGH(f, topo_port_load(f->real_topo, &t));
	if (r)
		topo_free(t);
	else
		*ret = t;
	return r;
}

static int f_take(struct topo_port *p, const struct nv_uuid *id, bool again, struct nv_why *why)
{
	TOPO_F(p);
	return THROUGH(f, topo_port_take(f->real_topo, id, again, why));
}

static int f_release(struct topo_port *p, const struct nv_uuid *id, struct nv_why *why)
{
	TOPO_F(p);
	return THROUGH(f, topo_port_release(f->real_topo, id, why));
}

static int f_clear(struct topo_port *p, const struct nv_uuid *id, uint64_t offset, uint64_t nr, struct nv_why *why)
{
	TOPO_F(p);
	return THROUGH(f, topo_port_clear(f->real_topo, id, offset, nr, why));
}

static void f_topo_free(struct topo_port *p)
{
}

static const struct topo_port_ops faulty_topo = {
	.load = f_topo_load, .take = f_take, .release = f_release, .clear = f_clear, .free = f_topo_free,
};

void faulty_init(struct faulty *f, struct hv *hv, struct store *store, struct topo_port *topo)
{
	*f = (struct faulty){
		.hv.ops = &faulty_hv,
		.real_hv = hv,
		.store.ops = &faulty_store,
		.real_store = store,
		.topo.ops = &faulty_topo,
		.real_topo = topo,
	};
}

void faulty_revive(struct faulty *f)
{
	store_rollback(f->real_store);
	f->dead = false;
}
