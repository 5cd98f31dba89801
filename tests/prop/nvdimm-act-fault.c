/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nvdimm-act-fault.c - errors, touches, events and decisions.
 */
#include "tests/prop/nvdimm-act.h"

void random_broken(void)
{
	struct {
		struct xen_nvdimm_broken head;
		struct xen_nvdimm_range range[4];
	} a = { .head.nr = (uint32_t)(1 + below(4)) };
	struct xen_nvdimm_range want[4];
	bool mend = one_in(3), as_mce = !mend && one_in(3);
	size_t len = sizeof(a.head) + a.head.nr * sizeof(a.range[0]);
	unsigned int i;
	long got, r = 0;

	if (as_mce)
		a.head.flags = XEN_NVDIMM_BROKEN_AS_MCE;
	for (i = 0; i < a.head.nr; i++) {
		a.range[i].mfn = any_frame();
		a.range[i].nr = as_mce ? 1 : one_in(50) ? below(4000)
							: 1 + below(20);
		want[i] = a.range[i];
	}
	for (i = 0; i < a.head.nr && !r; i++) {
		if (!model_region(&model, want[i].mfn, want[i].nr))
			r = -ENXIO;
		else if (mend && model_extent_in(&model, want[i].mfn, want[i].nr))
			r = -EBUSY;
		else
			model_break(&model, want[i].mfn, want[i].nr, !mend);
	}
	got = op_all(mend ? XEN_NVDIMM_clear_broken : XEN_NVDIMM_set_broken, &a,
		     len);
	fx_must(got == r, "%s says %ld, not %ld", mend ? "clear" : "set", got, r);
	fx_must(!r || a.head.done == i - 1, "done %lu", (long)a.head.done);
}

void random_mce(void)
{
	struct nvdimm_mce_report rep = {
		.status = 0xbd000000000000c0ull, .mcg = 5,
		.spa = any_frame() << 12 | below(4096),
		.misc = 0x80 | (one_in(4) ? 6 + below(18) : 12),
		.flags = one_in(2) ? XEN_NVDIMM_EVENTF_GUEST : 0,
	};
	unsigned int lsb = rep.misc & 0x3f, i;
	uint64_t mfn = rep.spa >> 12, nr = 1;

	host.ops.amd = one_in(2);
	if (one_in(20))
		rep.status = prop_random(&rnd);
	i = model_region(&model, mfn, 1);
	if (lsb < 12 || !(rep.status >> 59 & 1))
		lsb = 12;
	if (rep.spa >> 52)
		i = 0;
	if (i && (rep.status >> 58 & 1) &&
	    (rep.status & (1ull << 61 | (uint64_t)host.ops.amd << 44))) {
		nr = 1ull << (lsb - 12);
		mfn &= ~(nr - 1);
		for (; nr--; mfn++)
			if (model_region(&model, mfn, 1) == i)
				model_break(&model, mfn, 1, true);
	}
	nvdimm_core_mce(host.core, &rep);
}

void random_touch(void)
{
	struct domain *d = any_domain();
	uint64_t gfn = below(FX_GFNS);
	bool hole, got, storm = one_in(300);
	struct model_extent *x;
	unsigned int i;

	if (!d->exists)
		return;
	x = model_extent_gfn(&model, d, gfn, 1);
	hole = x && model.broken[x->mfn + (gfn - x->gfn) - FX_BASE] &&
	       d->p2m[gfn] == FX_HOLE;
	fx_must(nvdimm_core_has_gfn(host.core, d, gfn) == (x != NULL),
		"gfn %#lx of domain %u is pmem, or not", (long)gfn, d->domid);
	got = fx_domain_access(d, 0, gfn);
	fx_must(got == hole, "gfn %#lx of domain %u: touch says %d", (long)gfn,
		d->domid, got);
	fx_must(!got || d->paused, "domain %u runs on", d->domid);
	/* More than the ring takes, so that some are lost. */
	for (i = 0; got && storm && i < 3 * NVDIMM_RING / 2; i++)
		fx_domain_access(d, 0, gfn);
}

void random_events(void)
{
	struct {
		struct xen_nvdimm_events head;
		struct xen_nvdimm_event event[32];
	} e = { .head.nr = (uint32_t)(1 + below(32)) };
	size_t len = sizeof(e.head) + e.head.nr * sizeof(e.event[0]);
	uint32_t i, room = e.head.nr;
	long got;

	e.head.ack_seq = one_in(3) ? below(model.seen + 2) : model.seen;
	got = op(XEN_NVDIMM_get_events, &e, len);
	if (got == -EBUSY || got == -EINVAL) {
		fx_must(got != -EINVAL || e.head.ack_seq > model.seen,
			"ack of %lu", (long)e.head.ack_seq);
		e.head = (struct xen_nvdimm_events){ .nr = room };
		got = op(XEN_NVDIMM_get_events, &e, len);
	} else if (e.head.ack_seq > model.acked) {
		model.acked = e.head.ack_seq;
	}
	fx_must(!got, "get_events says %ld", got);
	for (i = 0; i < e.head.nr; i++) {
		struct xen_nvdimm_event *v = &e.event[i];
		struct xen_nvdimm_resolve r = { .seq = v->seq };

		fx_must(v->seq == model.acked + 1 + i, "event %lu after %lu",
			(long)v->seq, (long)model.acked);
		if (v->seq > model.seen)
			model.seen = v->seq;
		if (!(v->flags & XEN_NVDIMM_EVENTF_HELD) || one_in(4))
			continue;
		r.action = (uint32_t)(1 + below(3));
		if (r.action == XEN_NVDIMM_RESOLVE_CRASH && !one_in(20))
			r.action = XEN_NVDIMM_RESOLVE_VMCE;
		if (r.action == XEN_NVDIMM_RESOLVE_VMCE)
			r.kind = (uint32_t)(1 + below(2));
		got = op(XEN_NVDIMM_resolve, &r, sizeof(r));
		fx_must(got == 0 || got == -EALREADY || got == -ESRCH ||
			got == -ENOMEM, "resolve says %ld", got);
		fx_must((got == -EALREADY) ==
			!!(v->flags & XEN_NVDIMM_EVENTF_RESOLVED) ||
			got == 0 || got == -EALREADY, "resolve says %ld", got);
		if (got)
			continue;
		got = op(XEN_NVDIMM_resolve, &r, sizeof(r));
		fx_must(got == -EALREADY, "resolve again says %ld", got);
	}
}

void random_resolve(void)
{
	struct xen_nvdimm_resolve r = {
		.action = (uint32_t)below(5), .kind = (uint32_t)below(4),
	};
	struct model_extent *x = any_extent();

	if (one_in(2) && x)
		r.map_id = x->map_id;
	else
		r.seq = below(model.seen + 3);
	if (r.action == XEN_NVDIMM_RESOLVE_CRASH && !one_in(20))
		r.action = XEN_NVDIMM_RESOLVE_RESUME;
	op(XEN_NVDIMM_resolve, &r, sizeof(r));
}
