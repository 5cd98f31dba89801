/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * prop-nvdimm-core.c - random hypercalls, valid and not, machine checks,
 * touches, deaths and failures, against a model of every frame.
 *
 * The core's own invariants are checked after each operation, the lists and
 * p2ms after every 64th.
 */
#include "tests/prop/nvdimm-model.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/prop.h"

static struct fx_host host;
static struct model model;
static struct prop rnd;

static uint64_t below(uint64_t n)
{
	return prop_below(&rnd, n);
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static long op(uint32_t cmd, void *arg, size_t len)
{
	return nvdimm_core_op(host.core, cmd, arg, (uint32_t)len);
}

/* Until it is done. */
static long op_all(uint32_t cmd, void *arg, size_t len)
{
	long r;

	do
		r = op(cmd, arg, len);
	while (r == XEN_NVDIMM_MORE);
	return r;
}

static struct domain *any_domain(void)
{
	return &host.domain[below(FX_DOMAINS)];
}

static unsigned int slot(const struct domain *d)
{
	return (unsigned int)(d - host.domain);
}

static uint64_t any_frame(void)
{
	if (one_in(50))
		return prop_random(&rnd) >> below(64);
	return FX_BASE + below(FX_FRAMES);
}

static void random_region(void)
{
	struct xen_nvdimm_range r = {
		FX_BASE + below(8) * 512, (1 + below(3)) * 512
	};
	unsigned int i, k;
	bool exact;
	long got;

	if (one_in(20))
		r = (struct xen_nvdimm_range){ any_frame(), below(5000) };
	i = r.nr ? model_region(&model, r.mfn, r.nr) : 0;
	exact = i && model.reg[i].mfn == r.mfn && model.reg[i].nr == r.nr;

	for (k = 1; k < 8 && model.reg[k].nr; k++)
		;
	switch (below(4)) {
	case 0:
		if (k == 8)
			break;
		got = op(XEN_NVDIMM_register, &r, sizeof(r));
		if (exact || got) {
			fx_must(!exact || !got, "register says %ld", got);
			fx_must(got != -EEXIST ||
				model_any_region(&model, r.mfn, r.nr),
				"there is no other");
			return;
		}
		fx_must(r.nr && !model_any_region(&model, r.mfn, r.nr),
			"regions overlap");
		i = k;
		model.reg[i].mfn = r.mfn;
		model.reg[i].nr = r.nr;
		model.reg[i].armed = false;
		for (k = 0; k < r.nr; k++)
			model.region[r.mfn + k - FX_BASE] = (uint8_t)i;
		break;
	case 1:
		if (!one_in(4))
			break;
		got = op(XEN_NVDIMM_unregister, &r, sizeof(r));
		if (!exact) {
			fx_must(got == -ENOENT, "unregister says %ld", got);
			break;
		}
		if (model_extent_in(&model, r.mfn, r.nr)) {
			fx_must(got == -EBUSY, "unregister says %ld", got);
			break;
		}
		fx_must(!got, "unregister says %ld", got);
		model_break(&model, r.mfn, r.nr, false);
		model.reg[i].nr = 0;
		for (k = 0; k < r.nr; k++)
			model.region[r.mfn + k - FX_BASE] = 0;
		break;
	default:
		got = op(XEN_NVDIMM_arm, &r, sizeof(r));
		fx_must(got == (exact ? 0 : -ENOENT), "arm says %ld", got);
		if (exact)
			model.reg[i].armed = true;
	}
}

/* What map must answer before it touches anything; 1: it may try. */
static long map_expect(const struct xen_nvdimm_map *a, const struct domain *d)
{
	uint64_t align = a->flags & XEN_NVDIMM_MAP_4K_OK ? 1 : 512;
	unsigned int i = model_region(&model, a->mfn, a->nr);

	if (a->flags > 3 || !a->nr || (a->mfn | a->gfn | a->nr) % align)
		return -EINVAL;
	if (!d->exists || memcmp(a->handle, d->handle, 16))
		return -ESRCH;
	if (!i)
		return -ENXIO;
	if (d->shadow || d->logdirty)
		return -EOPNOTSUPP;
	if (a->gfn + a->nr > FX_GFNS)
		return -ERANGE;
	if (!model.reg[i].armed)
		return -EAGAIN;
	if (model_extent_in(&model, a->mfn, a->nr))
		return -EBUSY;
	if (model_extent_gfn(&model, d, a->gfn, a->nr))
		return -EEXIST;
	return 1;
}

/* Where frames are left out the guest may have what it likes. */
static bool all_holes(const struct domain *d, const struct xen_nvdimm_map *a)
{
	uint64_t i;

	for (i = 0; i < a->nr; i++)
		if (d->p2m[a->gfn + i] != FX_HOLE &&
		    !model.broken[a->mfn + i - FX_BASE])
			return false;
	return true;
}

static void random_map(void)
{
	struct domain *d = any_domain();
	struct xen_nvdimm_map a = {
		.domid = d->domid, .mfn = FX_BASE + below(8) * 512,
		.gfn = below(FX_GFNS / 512) * 512, .nr = (1 + below(3)) * 512,
		.flags = (uint32_t)below(4),
	};
	struct xen_nvdimm_map first;
	bool clear, stop = one_in(8);
	long want, got;

	memcpy(a.handle, d->handle, 16);
	if ((a.flags & XEN_NVDIMM_MAP_4K_OK) && one_in(2)) {
		a.mfn += below(512);
		a.gfn += below(512);
		a.nr = 1 + below(700);
	}
	if (one_in(30))
		a.handle[below(16)] ^= 1;
	if (one_in(50))
		a.nr = below(3) ? a.nr + below(600) : 0;
	if (one_in(100))
		a.flags = (uint32_t)prop_random(&rnd);
	first = a;
	want = map_expect(&a, d);
	clear = want == 1 && all_holes(d, &a) &&
		(!model_any_broken(&model, a.mfn, a.nr) ||
		 (a.flags & XEN_NVDIMM_MAP_SKIP_BROKEN));
	got = stop ? op(XEN_NVDIMM_map, &a, sizeof(a))
		   : op_all(XEN_NVDIMM_map, &a, sizeof(a));

	if (want != 1) {
		fx_must(got == want, "map says %ld, not %ld", got, want);
		return;
	}
	if (got < 0) {
		fx_must(got == -ENOMEM || !clear, "map says %ld", got);
		fx_must(got == -ENOMEM || got == -EIO || got == -EEXIST,
			"map says %ld", got);
		return;
	}
	fx_must(got == XEN_NVDIMM_MORE || clear, "mfn %#lx must not be mapped",
		(long)a.mfn);
	struct model_extent *x = model_extent_free(&model);

	fx_must(x && a.map_id, "no room in the model");
	*x = (struct model_extent){ a.map_id, d, first.mfn, first.nr,
				    first.gfn, first.flags,
				    got == XEN_NVDIMM_MORE };
}

static struct model_extent *any_extent(void)
{
	unsigned int i, k = (unsigned int)below(MODEL_EXTENTS);

	for (i = 0; i < MODEL_EXTENTS; i++, k++)
		if (model.ext[k % MODEL_EXTENTS].map_id)
			return &model.ext[k % MODEL_EXTENTS];
	return NULL;
}

/* Go on with a map that was left. */
static void random_map_on(void)
{
	struct model_extent *x = any_extent();
	struct xen_nvdimm_map a;
	long got;

	if (!x)
		return;
	a = (struct xen_nvdimm_map){
		.domid = x->d->domid, .flags = x->flags, .mfn = x->mfn,
		.gfn = x->gfn, .nr = x->nr, .map_id = x->map_id,
	};
	memcpy(a.handle, x->d->handle, 16);
	if (one_in(10)) {
		a.gfn ^= 512;
		got = op(XEN_NVDIMM_map, &a, sizeof(a));
		fx_must(got == -ENOENT, "map of another says %ld", got);
		return;
	}
	got = op_all(XEN_NVDIMM_map, &a, sizeof(a));
	if (!got) {
		x->partial = false;
		return;
	}
	fx_must(x->partial, "a mapped extent says %ld", got);
	if (got != -ECANCELED && got != -ENOMEM)
		x->map_id = 0;
	else if (got == -ENOMEM) {
		/* Rolled back, unless even that needed memory. */
		struct xen_nvdimm_unmap u = { .map_id = x->map_id };

		got = op_all(XEN_NVDIMM_unmap, &u, sizeof(u));
		if (!got || got == -ENOENT)
			x->map_id = 0;
	}
}

static void random_unmap(void)
{
	struct model_extent *x = any_extent();
	struct xen_nvdimm_unmap u = { .map_id = x ? x->map_id : below(100) };
	bool known = x != NULL;
	long got;

	if (one_in(20)) {
		u.map_id = prop_random(&rnd) >> below(64);
		for (x = model.ext; x < &model.ext[MODEL_EXTENTS]; x++)
			if (u.map_id && x->map_id == u.map_id)
				return;
		known = false;
	}
	got = one_in(8) ? op(XEN_NVDIMM_unmap, &u, sizeof(u))
			: op_all(XEN_NVDIMM_unmap, &u, sizeof(u));
	fx_must(known || got == -ENOENT, "unmap of nothing says %ld", got);
	if (!known)
		return;
	fx_must(got == 0 || got == XEN_NVDIMM_MORE || got == -ENOMEM,
		"unmap says %ld", got);
	if (!got)
		x->map_id = 0;
	else
		x->partial = true;
}

static void random_broken(void)
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

static void random_mce(void)
{
	struct nvdimm_mce_report rep = {
		.status = 0xbd000000000000c0ull, .mcg = 5,
		.spa = any_frame() << 12 | below(4096),
		.misc = 0x80 | (one_in(4) ? 6 + below(18) : 12),
		.flags = one_in(2) ? XEN_NVDIMM_EVENTF_GUEST : 0,
	};
	unsigned int lsb = rep.misc & 0x3f, i;
	uint64_t mfn = rep.spa >> 12, nr = 1;

	if (one_in(20))
		rep.status = prop_random(&rnd);
	i = model_region(&model, mfn, 1);
	if (lsb < 12 || !(rep.status >> 59 & 1))
		lsb = 12;
	if (rep.spa >> 52)
		i = 0;
	if (i && (rep.status >> 58 & 1) &&
	    (rep.status & (1ull << 61 | 1ull << 44))) {
		nr = 1ull << (lsb - 12);
		mfn &= ~(nr - 1);
		for (; nr--; mfn++)
			if (model_region(&model, mfn, 1) == i)
				model_break(&model, mfn, 1, true);
	}
	nvdimm_core_mce(host.core, &rep);
}

static void random_touch(void)
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

static void random_events(void)
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

static void random_resolve(void)
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

static void random_domain(void)
{
	struct domain *d = any_domain();
	struct xen_nvdimm_hold hold = { .domid = d->domid,
					.on = (uint32_t)below(2) };
	unsigned int i;
	uint64_t gfn;
	long got;

	memcpy(hold.handle, d->handle, 16);
	if (!d->exists) {
		fx_domain_new(&host, slot(d));
		d->shadow = one_in(20);
		return;
	}
	switch (below(6)) {
	case 0:
		if (!one_in(10) && !d->crashed)
			break;
		fx_domain_kill(d);
		model.setup[slot(d)] = false;
		for (i = 0; i < MODEL_EXTENTS; i++)
			if (model.ext[i].d == d)
				model.ext[i].map_id = 0;
		break;
	case 1:
		got = op(XEN_NVDIMM_hold, &hold, sizeof(hold));
		fx_must(!got || got == -ENOMEM, "hold says %ld", got);
		if (!got)
			model.setup[slot(d)] = hold.on;
		fx_must(!model.setup[slot(d)] || d->paused, "it runs");
		break;
	case 2:
		d->mcip = false;
		nvdimm_core_vmce_ready(host.core, d);
		break;
	case 3: /* the guest puts RAM of its own somewhere, or takes it away */
		gfn = FX_RAM + below(FX_GFNS - FX_RAM);
		if (!model_extent_gfn(&model, d, gfn, 1) && one_in(8))
			d->p2m[gfn] ^= FX_IS_RAM;
		break;
	case 4:
		if (!d->marked)
			d->logdirty = one_in(30);
		break;
	}
}

static void random_time(void)
{
	struct xen_nvdimm_policy p = { (uint32_t)prop_random(&rnd), 0 };
	bool due;
	unsigned int i;

	host.now_ns += below(200000000);
	due = host.timer_ns && host.now_ns >= host.timer_ns;
	if (due || one_in(100))
		nvdimm_core_timer(host.core);
	fx_must(!host.timer_ns || host.timer_ns > host.now_ns,
		"the timer is late");
	for (i = 0; i < FX_DOMAINS; i++)
		fx_must(!host.domain[i].paused || model.setup[i] ||
			host.timer_ns, "domain %u is held with no deadline",
			host.domain[i].domid);
	if (one_in(100))
		fx_must(!op(XEN_NVDIMM_set_policy, &p, sizeof(p)) &&
			p.deadline_ms >= 1000 && p.deadline_ms <= 60000,
			"deadline %u", p.deadline_ms);
}

static void random_scrub(void)
{
	struct xen_nvdimm_scrub s = { any_frame(), below(300), 0 };
	unsigned int i;
	uint64_t k;
	long got, want;

	i = model_region(&model, s.mfn, s.nr);
	want = !i ? -ENXIO
		  : s.nr && model_extent_in(&model, s.mfn, s.nr) ? -EBUSY : 0;
	for (k = 0; i && k < s.nr; k++)
		host.dirty[s.mfn + k - FX_BASE] = true;
	got = op_all(XEN_NVDIMM_scrub, &s, sizeof(s));
	fx_must(got == want || got == -ENOMEM, "scrub says %ld", got);
	for (k = 0; !got && k < s.nr; k++)
		fx_must(!host.dirty[s.mfn + k - FX_BASE] ||
			model.broken[s.mfn + k - FX_BASE],
			"frame %#lx was not scrubbed", (long)(s.mfn + k));
}

/* Bytes; whatever the answer, nothing known may change that is not asked. */
static void random_bytes(void)
{
	static const uint32_t harmless[] = {
		XEN_NVDIMM_get_info, XEN_NVDIMM_list, XEN_NVDIMM_query,
		XEN_NVDIMM_scrub, XEN_NVDIMM_unmap, 15, 16, 1000,
	};
	static uint64_t buf[64];
	uint32_t len = (uint32_t)below(sizeof(buf));
	unsigned int i;

	for (i = 0; i < 64; i++)
		buf[i] = prop_random(&rnd) >> below(64);
	if (one_in(3))
		buf[0] = below(4) | below(6) << 32;
	op(harmless[below(8)], buf, len);
}

static void (*const actions[])(void) = {
	random_region, random_map, random_map, random_map, random_map_on,
	random_unmap, random_broken, random_broken, random_mce, random_touch,
	random_touch, random_events, random_events, random_resolve,
	random_domain, random_domain, random_time, random_scrub, random_bytes,
};

int main(int argc, char **argv)
{
	const unsigned int nr = sizeof(actions) / sizeof(actions[0]);
	uint64_t i, fail;
	const char *why;

	rnd = prop_begin(argc, argv);
	fx_init(&host);
	fx_start(&host);
	model.host = &host;
	for (i = 0; i < rnd.ops; i++) {
		/* Memory runs out in a core operation now and then. */
		fail = one_in(50) ? 1 + below(40) : 0;
		host.fail_alloc = one_in(2) ? (unsigned int)fail % 4 : 0;
		host.fail_p2m = one_in(2) ? (unsigned int)fail : 0;
		actions[below(nr)]();
		why = nvdimm_core_check(host.core);
		fx_must(!why, "%s, after operation %lu", why, (long)i);
		if (i % 64 == 0)
			model_compare(&model, (uint32_t)(1 + below(8)));
	}
	for (i = 0; i < FX_DOMAINS; i++)
		if (host.domain[i].exists)
			fx_domain_kill(&host.domain[i]);
	fx_deinit(&host);
	printf("%lu operations, %lu events, nothing disagreed\n",
	       (long)rnd.ops, (long)model.seen);
	return 0;
}
