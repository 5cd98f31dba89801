/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/simcore.c - a simulated host inside the test.
 */
#include "tests/lib/simcore.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/cm.h"

static void on_virq(void *ctx)
{
	((struct simcore *)ctx)->virqs++;
}

static void on_domains(void *ctx)
{
	((struct simcore *)ctx)->changes++;
}

static void on_work(void *ctx)
{
}

static void on_timer(void *ctx, uint64_t in_ns)
{
}

static const struct host_outside outside = {
	.virq = on_virq,
	.domains = on_domains,
	.work = on_work,
	.timer = on_timer,
};

void simcore_init(struct simcore *s)
{
	struct xen_nvdimm_range r = { .mfn = SIMCORE_MFN, .nr = SIMCORE_NR };
	bool fresh;

	*s = (struct simcore){ 0 };
	assert_int_equal(pmem_open(NULL, &s->pmem), 0);
	assert_int_equal(pmem_add(s->pmem, "region0", SIMCORE_SPA, SIMCORE_SIZE,
				  false, &fresh), 0);
	assert_true(fresh);
	assert_int_equal(host_init(&s->host, s->pmem, &outside, s), 0);
	host_clock_stop(&s->host, true);
	assert_int_equal(simcore_op(s, XEN_NVDIMM_register, &r, sizeof(r)), 0);
	assert_int_equal(simcore_op(s, XEN_NVDIMM_arm, &r, sizeof(r)), 0);
}

void simcore_deinit(struct simcore *s)
{
	const char *wrong = host_check(&s->host);

	if (wrong)
		fail_msg("%s", wrong);
	host_deinit(&s->host);
	assert_int_equal(s->host.stat.allocated, 0);
	pmem_close(s->pmem);
}

struct domain *simcore_guest(struct simcore *s, const char *name)
{
	struct domain_conf conf = domain_conf_default();
	struct domain *d;

	snprintf(conf.name, sizeof(conf.name), "%s", name);
	assert_int_equal(domain_create(&s->host, &conf, &d), 0);
	return d;
}

long simcore_op(struct simcore *s, uint32_t cmd, void *arg, uint32_t len)
{
	long r;

	do {
		r = host_op(&s->host, cmd, arg, len);
		if (host_check(&s->host))
			fail_msg("%s", host_check(&s->host));
	} while (r == XEN_NVDIMM_MORE);
	return r;
}

int64_t simcore_map(struct simcore *s, const struct domain *d, uint64_t mfn,
		    uint64_t gfn, uint64_t nr, uint32_t flags)
{
	struct xen_nvdimm_map m = {
		.domid = d->domid,
		.flags = flags,
		.mfn = mfn,
		.gfn = gfn,
		.nr = nr,
	};
	long r;

	memcpy(m.handle, d->conf.uuid.b, sizeof(m.handle));
	r = simcore_op(s, XEN_NVDIMM_map, &m, sizeof(m));
	return r ? r : (int64_t)m.map_id;
}

long simcore_unmap(struct simcore *s, uint64_t map_id)
{
	struct xen_nvdimm_unmap u = { .map_id = map_id };

	return simcore_op(s, XEN_NVDIMM_unmap, &u, sizeof(u));
}

uint32_t simcore_events(struct simcore *s, uint64_t ack,
			struct xen_nvdimm_event *ev, uint32_t max)
{
	struct {
		struct xen_nvdimm_events e;
		struct xen_nvdimm_event ev[64];
	} a = { .e = { .ack_seq = ack, .nr = NV_MIN(max, 64u) } };
	uint32_t len = (uint32_t)(sizeof(a.e) + a.e.nr * sizeof(a.ev[0]));

	assert_int_equal(simcore_op(s, XEN_NVDIMM_get_events, &a, len), 0);
	memcpy(ev, a.ev, a.e.nr * sizeof(*ev));
	return a.e.nr;
}

long simcore_resolve(struct simcore *s, uint64_t seq, uint32_t action,
		     uint32_t kind)
{
	struct xen_nvdimm_resolve r = { .seq = seq, .action = action,
					.kind = kind };

	return simcore_op(s, XEN_NVDIMM_resolve, &r, sizeof(r));
}

void simcore_mce(struct simcore *s, uint64_t spa)
{
	struct nvdimm_mce_report m = {
		.status = 0xbd000000000000c0,
		.spa = spa,
		.misc = 0x8c,
		.mcg = 5,
	};

	host_mce(&s->host, &m);
	if (host_check(&s->host))
		fail_msg("%s", host_check(&s->host));
}

void simcore_work(struct simcore *s)
{
	unsigned int i;

	/* Twice: a turn without more may still have begun something. */
	for (i = 0; i < 2; i++)
		while (host_work(&s->host))
			;
}
