/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fakexen.c - a host in arrays; see fakexen.h.
 */
#include "tests/lib/fakexen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fx_wrong(const char *cond, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "not true: %s: ", cond);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

static void op_lock(void *ctx, enum nvdimm_lock which)
{
	struct fx_host *h = ctx;

	if (which == NVDIMM_LOCK_CORE)
		pthread_mutex_lock(&h->core_lock);
	else if (which == NVDIMM_LOCK_INDEX_READ)
		pthread_rwlock_rdlock(&h->index_lock);
	else
		pthread_rwlock_wrlock(&h->index_lock);
}

static void op_unlock(void *ctx, enum nvdimm_lock which)
{
	struct fx_host *h = ctx;

	if (which == NVDIMM_LOCK_CORE)
		pthread_mutex_unlock(&h->core_lock);
	else
		pthread_rwlock_unlock(&h->index_lock);
}

static bool fails(unsigned int *countdown)
{
	return *countdown && !--*countdown;
}

static void *op_alloc(void *ctx, size_t bytes)
{
	struct fx_host *h = ctx;
	void *p = fails(&h->fail_alloc) ? NULL : calloc(1, bytes);

	h->allocated += p != NULL;
	return p;
}

static void op_free(void *ctx, void *p)
{
	struct fx_host *h = ctx;

	fx_must(p, "NULL is not to be freed");
	h->allocated--;
	free(p);
}

static uint64_t op_now_ns(void *ctx)
{
	return nv_load(&((struct fx_host *)ctx)->now_ns);
}

static uint64_t op_random(void *ctx)
{
	return ((struct fx_host *)ctx)->random++;
}

static void op_set_timer(void *ctx, uint64_t when_ns)
{
	((struct fx_host *)ctx)->timer_ns = when_ns;
}

static void op_notify(void *ctx)
{
	((struct fx_host *)ctx)->notified++;
}

static int op_frames_check(void *ctx, uint64_t mfn, uint64_t nr)
{
	return mfn >= FX_BASE && mfn + nr <= FX_BASE + FX_FRAMES ? 0 : -EINVAL;
}

static void op_frames_writeback(void *ctx, uint64_t mfn, uint64_t nr)
{
	fx_must(!op_frames_check(ctx, mfn, nr), "%#lx is no pmem", (long)mfn);
}

static int op_frames_zero(void *ctx, uint64_t mfn, uint64_t nr)
{
	struct fx_host *h = ctx;
	uint64_t i;

	fx_must(nr <= 64, "%lu frames at once", (long)nr);
	if (fails(&h->fail_alloc))
		return -ENOMEM;
	for (i = mfn - FX_BASE; nr--; i++) {
		fx_must(!h->user[i], "frame %#lx is in use", (long)i);
		fx_must(!h->broken[i], "frame %#lx is broken", (long)i);
		h->dirty[i] = false;
	}
	return 0;
}

static int op_domain_find(void *ctx, uint32_t domid, struct domain **ret)
{
	struct fx_host *h = ctx;
	unsigned int i;

	for (i = 0; i < FX_DOMAINS; i++)
		if (h->domain[i].exists && h->domain[i].domid == domid) {
			*ret = &h->domain[i];
			return 0;
		}
	return -ESRCH;
}

static int op_domain_get(void *ctx, uint32_t domid, const uint8_t handle[16],
			 struct domain **ret)
{
	struct domain *d;

	if (op_domain_find(ctx, domid, &d) || nv_load(&d->dying) ||
	    memcmp(d->handle, handle, 16))
		return -ESRCH;
	*ret = d;
	return 0;
}

static void op_domain_put(void *ctx, struct domain *d)
{
	fx_must(d->exists, "domain %u", d->domid);
}

static int op_domain_check(void *ctx, struct domain *d, uint64_t gfn,
			   uint64_t nr)
{
	if (nv_load(&d->dying))
		return -ESRCH;
	if (d->shadow || d->logdirty)
		return -EOPNOTSUPP;
	return gfn < FX_GFNS && nr <= FX_GFNS - gfn ? 0 : -ERANGE;
}

static bool op_domain_dying(void *ctx, struct domain *d)
{
	return nv_load(&d->dying);
}

static void op_domain_mark(void *ctx, struct domain *d, bool has_extents)
{
	fx_must(d->marked != has_extents, "domain %u", d->domid);
	nv_store(&d->marked, has_extents);
}

static void op_domain_pause(void *ctx, struct domain *d)
{
	fx_must(!d->paused++, "domain %u", d->domid);
}

static void op_domain_unpause(void *ctx, struct domain *d)
{
	fx_must(!--d->paused, "domain %u", d->domid);
}

static void op_domain_crash(void *ctx, struct domain *d)
{
	d->crashed = true;
}

static int map_locked(struct fx_host *h, struct domain *d, uint64_t gfn,
		      uint64_t mfn, unsigned int order)
{
	uint64_t i, f = mfn - FX_BASE;

	if (nv_load(&d->dying))
		return -ESRCH;
	if (d->logdirty)
		return -EOPNOTSUPP;
	for (i = 0; i >> order == 0; i++)
		if (d->p2m[gfn + i] != FX_HOLE)
			return -EEXIST;
	if (fails(&h->fail_p2m))
		return -ENOMEM;
	for (i = 0; i >> order == 0; i++) {
		fx_must(!h->broken[f + i], "frame %#lx is mapped broken",
			(long)(f + i));
		fx_must(!h->user[f + i]++, "frame %#lx is mapped twice",
			(long)(f + i));
		d->p2m[gfn + i] = (uint32_t)(mfn + i);
	}
	if (order)
		d->super[gfn / 512] = true;
	return 0;
}

static int op_p2m_map(void *ctx, struct domain *d, uint64_t gfn, uint64_t mfn,
		      unsigned int order)
{
	int r;

	fx_must(!((gfn | mfn) & ((1u << order) - 1)), "not aligned");
	fx_must(gfn + (1u << order) <= FX_GFNS, "gfn %#lx", (long)gfn);
	pthread_mutex_lock(&d->p2m_lock);
	r = map_locked(ctx, d, gfn, mfn, order);
	pthread_mutex_unlock(&d->p2m_lock);
	return r;
}

static int unmap_locked(struct fx_host *h, struct domain *d, uint64_t gfn,
			uint64_t mfn, unsigned int order)
{
	uint64_t i;

	if (nv_load(&d->dying))
		return -ESRCH;
	if (order && !d->super[gfn / 512])
		return NVDIMM_P2M_SMALLER;
	if (d->p2m[gfn] != mfn)
		return 0;
	if (!order && d->super[gfn / 512]) {
		if (fails(&h->fail_p2m))
			return -ENOMEM;
		d->super[gfn / 512] = false;
	}
	for (i = 0; i >> order == 0; i++) {
		d->p2m[gfn + i] = FX_HOLE;
		h->user[mfn - FX_BASE + i]--;
	}
	if (order)
		d->super[gfn / 512] = false;
	return 0;
}

static int op_p2m_unmap(void *ctx, struct domain *d, uint64_t gfn, uint64_t mfn,
			unsigned int order)
{
	int r;

	fx_must(!((gfn | mfn) & ((1u << order) - 1)), "not aligned");
	pthread_mutex_lock(&d->p2m_lock);
	r = unmap_locked(ctx, d, gfn, mfn, order);
	pthread_mutex_unlock(&d->p2m_lock);
	return r;
}

static void op_p2m_flush(void *ctx, struct domain *d)
{
	fx_must(d->exists, "domain %u", d->domid);
}

static int op_p2m_query(void *ctx, struct domain *d, struct xen_nvdimm_query *q)
{
	if (d->shadow)
		return -EOPNOTSUPP;
	q->mfn = q->gfn < FX_GFNS && d->p2m[q->gfn] > FX_IS_RAM
		 ? d->p2m[q->gfn] : ~0ull;
	q->order = q->mfn != ~0ull && d->super[q->gfn / 512] ? 9 : 0;
	q->cache = q->mfn != ~0ull ? XEN_NVDIMM_CACHE_WB
				   : XEN_NVDIMM_CACHE_NONE;
	return 0;
}

static int op_vmce(void *ctx, struct domain *d, const struct nvdimm_vmce *m)
{
	if (d->mcip)
		return -EAGAIN;
	d->mcip = true;
	d->told++;
	d->last = *m;
	return 0;
}

static bool op_vmce_pending(void *ctx, struct domain *d, uint32_t vcpu)
{
	return d->pending && d->last.vcpu == vcpu;
}

void fx_init(struct fx_host *h)
{
	unsigned int i;

	memset(h, 0, sizeof(*h));
	pthread_mutex_init(&h->core_lock, NULL);
	pthread_rwlock_init(&h->index_lock, NULL);
	h->now_ns = 1000000000;
	for (i = 0; i < FX_DOMAINS; i++) {
		h->domain[i].host = h;
		h->domain[i].domid = i + 1;
		pthread_mutex_init(&h->domain[i].p2m_lock, NULL);
	}
	h->ops = (struct nvdimm_ops){
		.virq = 17, .caps = XEN_NVDIMM_CAP_VMCE, .max_order = 9,
		.lock = op_lock, .unlock = op_unlock,
		.alloc = op_alloc, .free = op_free, .now_ns = op_now_ns,
		.random = op_random, .set_timer = op_set_timer,
		.notify = op_notify, .frames_check = op_frames_check,
		.frames_writeback = op_frames_writeback,
		.frames_zero = op_frames_zero, .domain_get = op_domain_get,
		.domain_find = op_domain_find, .domain_put = op_domain_put,
		.domain_check = op_domain_check,
		.domain_dying = op_domain_dying, .domain_mark = op_domain_mark,
		.domain_pause = op_domain_pause,
		.domain_unpause = op_domain_unpause,
		.domain_crash = op_domain_crash, .p2m_map = op_p2m_map,
		.p2m_unmap = op_p2m_unmap, .p2m_flush = op_p2m_flush,
		.p2m_query = op_p2m_query, .vmce = op_vmce,
		.vmce_pending = op_vmce_pending,
	};
}

void fx_start(struct fx_host *h)
{
	h->core = nvdimm_core_create(&h->ops, h);
	fx_must(h->core, "out of memory");
}

void fx_deinit(struct fx_host *h)
{
	unsigned int i;

	nvdimm_core_destroy(h->core);
	fx_must(!h->allocated, "%ld allocations are lost", (long)h->allocated);
	for (i = 0; i < FX_DOMAINS; i++)
		pthread_mutex_destroy(&h->domain[i].p2m_lock);
	pthread_rwlock_destroy(&h->index_lock);
	pthread_mutex_destroy(&h->core_lock);
}

struct domain *fx_domain_new(struct fx_host *h, unsigned int i)
{
	struct domain *d = &h->domain[i];
	unsigned int g;

	fx_must(!d->exists && !d->paused && !d->marked, "slot %u", i);
	d->domid += FX_DOMAINS;
	for (g = 0; g < 16; g++)
		d->handle[g] = (uint8_t)(d->domid * (g + 1));
	d->dying = d->crashed = d->shadow = d->logdirty = d->mcip = false;
	d->told = 0;
	memset(d->super, 0, sizeof(d->super));
	for (g = 0; g < FX_GFNS; g++)
		d->p2m[g] = g < FX_RAM ? FX_IS_RAM : FX_HOLE;
	d->exists = true;
	return d;
}

void fx_domain_kill(struct domain *d)
{
	struct fx_host *h = d->host;
	unsigned int g;

	nv_store(&d->dying, true);
	/* Whoever had the p2m lock sees it from now on. */
	pthread_mutex_lock(&d->p2m_lock);
	for (g = 0; g < FX_GFNS; g++) {
		if (d->p2m[g] > FX_IS_RAM)
			h->user[d->p2m[g] - FX_BASE]--;
		d->p2m[g] = FX_HOLE;
	}
	pthread_mutex_unlock(&d->p2m_lock);
	while (nvdimm_core_release(h->core, d) == XEN_NVDIMM_MORE)
		;
	fx_must(!d->paused, "domain %u is still held", d->domid);
	fx_must(!d->marked, "domain %u is still marked", d->domid);
	op_lock(h, NVDIMM_LOCK_CORE);
	d->exists = false;
	op_unlock(h, NVDIMM_LOCK_CORE);
}

bool fx_domain_access(struct domain *d, uint32_t vcpu, uint64_t gfn)
{
	bool hole;

	pthread_mutex_lock(&d->p2m_lock);
	hole = d->p2m[gfn] == FX_HOLE && nv_load(&d->marked) &&
	       nvdimm_core_hole(d->host->core, d, gfn);
	pthread_mutex_unlock(&d->p2m_lock);
	return hole && nvdimm_core_touch(d->host->core, d, vcpu, gfn << 12);
}
