/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * glue.c - what nvdimm-core asks of a hypervisor, done to simulated domains.
 *
 * The counterpart of shim-hypercall/xen/nvdimm.c. The simulator is one
 * thread, so the locks have nothing to do.
 */
#include "host.h"

#include <sys/random.h>

static void glue_lock(void *ctx, enum nvdimm_lock which)
{
}

/* Memory carries its size, so that a leak shows in the statistics. */
struct block {
	size_t bytes;
	max_align_t data[];
};

static void *glue_alloc(void *ctx, size_t bytes)
{
	struct host *h = ctx;
	struct block *b;

	if (faults_hit(&h->faults, FAULT_ALLOC, 0))
		return NULL;
	if (bytes > SIZE_MAX - sizeof(*b))
		return NULL;
	b = calloc(1, sizeof(*b) + bytes);
	if (!b)
		return NULL;
	b->bytes = bytes;
	h->stat.allocated += bytes;
	return b->data;
}

static void glue_free(void *ctx, void *p)
{
	struct host *h = ctx;
	struct block *b;

	if (!p)
		return;
	b = nv_container_of(p, struct block, data);
	h->stat.allocated -= b->bytes;
	free(b);
}

static uint64_t glue_now_ns(void *ctx)
{
	return host_now_ns(ctx);
}

static uint64_t glue_random(void *ctx)
{
	uint64_t x;

	if (getrandom(&x, sizeof(x), 0) != sizeof(x))
		abort();
	return x;
}

static void glue_set_timer(void *ctx, uint64_t when_ns)
{
	struct host *h = ctx;
	uint64_t now = host_now_ns(h);

	h->timer_at = when_ns;
	if (!when_ns || h->stopped_at)
		h->outside->timer(h->ctx, UINT64_MAX);
	else
		h->outside->timer(h->ctx, when_ns > now ? when_ns - now : 0);
}

static void glue_notify(void *ctx)
{
	struct host *h = ctx;

	h->stat.virqs++;
	h->outside->virq(h->ctx);
}

static int glue_frames_check(void *ctx, uint64_t mfn, uint64_t nr)
{
	struct host *h = ctx;

	if (mfn >= HOST_MFN_END || nr > HOST_MFN_END - mfn)
		return -EINVAL;
	if (pmem_has(h->pmem, mfn << 12, nr << 12))
		return 0;
	if (mfn < HOST_LOW_RAM_END || mfn + nr > HOST_GUEST_RAM)
		return -EINVAL;
	return 0;
}

static void glue_frames_writeback(void *ctx, uint64_t mfn, uint64_t nr)
{
	/* pmem.c keeps nothing back. */
}

static int glue_frames_zero(void *ctx, uint64_t mfn, uint64_t nr)
{
	struct host *h = ctx;
	uint64_t spa = mfn << 12, end = (mfn + nr) << 12;
	int r = 0;

	/* What the platform cleared is seen to here: nobody reads it before. */
	for (; !r && spa < end && h->repaired; spa += 4096)
		if (pmem_poisoned(h->pmem, spa, 4096) &&
		    h->repaired(h->topology, spa, 4096))
			r = pmem_poison(h->pmem, spa, 4096, false);
	if (!r)
		r = pmem_zero(h->pmem, mfn << 12, nr << 12);
	if (r)
		h->stat.zero_errors++;
	return r;
}

static int glue_domain_find(void *ctx, uint32_t domid, struct domain **ret)
{
	struct domain *d = domain_find(ctx, domid);

	if (!d)
		return -ESRCH;
	d->refs++;
	*ret = d;
	return 0;
}

static int glue_domain_get(void *ctx, uint32_t domid, const uint8_t handle[16],
			   struct domain **ret)
{
	struct domain *d = domain_find(ctx, domid);

	if (!d || d->life == DOMAIN_DYING ||
	    memcmp(d->conf.uuid.b, handle, sizeof(d->conf.uuid.b)))
		return -ESRCH;
	d->refs++;
	*ret = d;
	return 0;
}

static void glue_domain_put(void *ctx, struct domain *d)
{
	d->refs--;
}

static int glue_domain_check(void *ctx, struct domain *d, uint64_t gfn,
			     uint64_t nr)
{
	uint64_t end = UINT64_C(1) << (d->conf.address_bits - 12);

	if (d->life == DOMAIN_DYING)
		return -ESRCH;
	if (d->conf.type == DOMAIN_PV || !d->conf.hap || d->log_dirty)
		return -EOPNOTSUPP;
	if (gfn >= end || nr > end - gfn)
		return -ERANGE;
	return 0;
}

static bool glue_domain_dying(void *ctx, struct domain *d)
{
	return d->life == DOMAIN_DYING;
}

static void glue_domain_mark(void *ctx, struct domain *d, bool has_extents)
{
	d->has_extents = has_extents;
}

static void glue_domain_pause(void *ctx, struct domain *d)
{
	if (!d->holds++)
		host_domains_changed(ctx);
}

static void glue_domain_unpause(void *ctx, struct domain *d)
{
	if (!--d->holds)
		host_domains_changed(ctx);
	d->ran |= domain_runs(d);
	/* What a guest does when it runs again is the loop's to decide. */
	host_kick(ctx);
}

static void glue_domain_crash(void *ctx, struct domain *d)
{
	struct host *h = ctx;

	h->stat.crashes++;
	domain_shutdown(d, DOMAIN_CRASH);
}

static int glue_p2m_map(void *ctx, struct domain *d, uint64_t gfn,
			uint64_t mfn, unsigned int order)
{
	struct host *h = ctx;
	struct p2m_entry e;

	if (d->life == DOMAIN_DYING || !d->p2m)
		return -ESRCH;
	e = p2m_get(d->p2m, gfn);
	if (e.type != P2M_MMIO_DM)
		return -EEXIST;
	if (e.order < order)
		return NVDIMM_P2M_SMALLER;
	if (faults_hit(&h->faults, FAULT_TABLE, 0))
		return -ENOMEM;
	return p2m_set(d->p2m, gfn, mfn, order, P2M_MMIO_DIRECT, false);
}

static int glue_p2m_unmap(void *ctx, struct domain *d, uint64_t gfn,
			  uint64_t mfn, unsigned int order)
{
	struct host *h = ctx;
	struct p2m_entry e;

	if (d->life == DOMAIN_DYING || !d->p2m)
		return -ESRCH;
	e = p2m_get(d->p2m, gfn);
	if (e.order < order)
		return NVDIMM_P2M_SMALLER;
	if (e.type != P2M_MMIO_DIRECT || e.mfn != mfn)
		return 0;
	if (e.order > order && faults_hit(&h->faults, FAULT_TABLE, 0))
		return -ENOMEM;
	return p2m_set(d->p2m, gfn, 0, order, P2M_MMIO_DM, false);
}

static void glue_p2m_flush(void *ctx, struct domain *d)
{
	struct host *h = ctx;

	h->stat.flushes++;
}

static int glue_p2m_query(void *ctx, struct domain *d,
			  struct xen_nvdimm_query *q)
{
	struct p2m_entry e;

	if (!d->p2m)
		return -EOPNOTSUPP;
	e = p2m_get(d->p2m, q->gfn);
	q->order = e.order;
	q->mfn = e.mfn;
	q->type = e.type;
	q->entry = e.raw;
	if (!e.raw)
		q->cache = XEN_NVDIMM_CACHE_NONE;
	else if (e.raw & P2M_ENTRY_PCD)
		q->cache = XEN_NVDIMM_CACHE_OTHER;
	else
		q->cache = XEN_NVDIMM_CACHE_WB;
	return 0;
}

static int glue_vmce(void *ctx, struct domain *d, const struct nvdimm_vmce *m)
{
	const struct fault *f;
	struct host *h = ctx;

	f = faults_hit(&h->faults, FAULT_VMCE, 0);
	if (f)
		return -f->error;
	if (d->conf.type == DOMAIN_PV || d->life != DOMAIN_ALIVE)
		return -EOPNOTSUPP;
	if (d->mcip)
		return -EAGAIN;
	d->mcip = true;
	d->vmces[d->nr_vmces++ % DOMAIN_VMCES] = (struct domain_vmce){
		.time_ns = host_now_ns(h),
		.gpa = m->gpa,
		.status = m->status,
		.misc = m->misc,
		.mcg = m->mcg,
		.kind = m->kind,
		.vcpu = m->vcpu,
	};
	h->stat.vmces++;
	host_kick(h);
	return 0;
}

const struct nvdimm_ops host_ops = {
	.virq = 17, /* VIRQ_ARCH_1 */
	.caps = XEN_NVDIMM_CAP_VMCE | XEN_NVDIMM_CAP_SIM,
	.max_order = 18,
	.lock = glue_lock,
	.unlock = glue_lock,
	.alloc = glue_alloc,
	.free = glue_free,
	.now_ns = glue_now_ns,
	.random = glue_random,
	.set_timer = glue_set_timer,
	.notify = glue_notify,
	.frames_check = glue_frames_check,
	.frames_writeback = glue_frames_writeback,
	.frames_zero = glue_frames_zero,
	.domain_get = glue_domain_get,
	.domain_find = glue_domain_find,
	.domain_put = glue_domain_put,
	.domain_check = glue_domain_check,
	.domain_dying = glue_domain_dying,
	.domain_mark = glue_domain_mark,
	.domain_pause = glue_domain_pause,
	.domain_unpause = glue_domain_unpause,
	.domain_crash = glue_domain_crash,
	.p2m_map = glue_p2m_map,
	.p2m_unmap = glue_p2m_unmap,
	.p2m_flush = glue_p2m_flush,
	.p2m_query = glue_p2m_query,
	.vmce = glue_vmce,
};
