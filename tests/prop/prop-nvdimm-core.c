/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * prop-nvdimm-core.c - random hypercalls, valid and not, machine checks,
 * touches, deaths and failures, against a model of every frame.
 *
 * The core's own invariants are checked after each operation, the lists and
 * p2ms after every 64th.
 */
#include "tests/prop/nvdimm-act.h"

#include <stdio.h>

struct fx_host host;
struct model model;
struct prop rnd;

static unsigned int slot(const struct domain *d)
{
	return (unsigned int)(d - host.domain);
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
