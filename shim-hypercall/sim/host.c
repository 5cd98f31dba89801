/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host.c - powering the simulated host on and off, its clock, its steps.
 */
#include "host.h"

#include <string.h>
#include <time.h>

static uint64_t boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void host_kick(struct host *h)
{
	h->outside->work(h->ctx);
}

void host_domains_changed(struct host *h)
{
	h->outside->domains(h->ctx);
}

int host_init(struct host *h, struct pmem *pmem,
	      const struct host_outside *outside, void *ctx)
{
	struct domain_conf dom0 = domain_conf_default();
	struct domain *d;
	int r;

	*h = (struct host){
		.outside = outside,
		.ctx = ctx,
		.pmem = pmem,
		.guest_ram = HOST_GUEST_RAM,
		.ops = host_ops,
		/* Never 0: the hypervisor has been up for a moment. */
		.boot_ns = boottime_ns() - 1000000,
	};
	r = domains_init(&h->domains);
	if (r)
		return r;
	h->core = nvdimm_core_create(&h->ops, h);
	if (!h->core)
		return -ENOMEM;

	dom0.type = DOMAIN_PV;
	dom0.on_poweroff = dom0.on_reboot = dom0.on_crash = DOMAIN_PRESERVE;
	strcpy(dom0.name, "Domain-0");
	r = domain_create(h, &dom0, &d);
	if (r)
		return r;
	/* As in Xen, Domain-0's handle is all zeroes. */
	d->conf.uuid = (struct nv_uuid){ 0 };
	return 0;
}

void host_deinit(struct host *h)
{
	nvdimm_core_destroy(h->core);
	h->core = NULL;
	if (h->domains.by_id)
		domains_deinit(h);
}

long host_op(struct host *h, uint32_t cmd, void *arg, uint32_t len)
{
	uint32_t slot = NV_MIN(cmd, (uint32_t)NV_ARRAY_SIZE(h->stat.ops) - 1);
	long r;

	h->stat.ops[slot]++;
	r = nvdimm_core_op(h->core, cmd, arg, len);
	if (r < 0)
		h->stat.op_errors++;
	return r;
}

bool host_work(struct host *h)
{
	bool more = false;
	uint32_t i;

	for (i = 0; i < h->domains.end; i++)
		if (h->domains.by_id[i] && domain_work(h->domains.by_id[i]))
			more = true;
	while (h->domains.end && !h->domains.by_id[h->domains.end - 1])
		h->domains.end--;
	return more;
}

uint64_t host_now_ns(const struct host *h)
{
	if (h->stopped_at)
		return h->stopped_at;
	return boottime_ns() - h->boot_ns + h->skew_ns;
}

void host_timer(struct host *h)
{
	uint64_t now = host_now_ns(h);

	if (!h->timer_at)
		return;
	if (h->timer_at > now) {
		h->outside->timer(h->ctx, h->stopped_at ? UINT64_MAX :
							  h->timer_at - now);
		return;
	}
	h->timer_at = 0;
	nvdimm_core_timer(h->core);
}

void host_advance(struct host *h, uint64_t ns)
{
	if (h->stopped_at)
		h->stopped_at += ns;
	else
		h->skew_ns += ns;
	host_timer(h);
}

void host_clock_stop(struct host *h, bool on)
{
	if (on == (h->stopped_at != 0))
		return;
	if (on) {
		h->stopped_at = host_now_ns(h);
	} else {
		/* Go on from where it stood; the sum may wrap, and back. */
		h->skew_ns = h->stopped_at - (boottime_ns() - h->boot_ns);
		h->stopped_at = 0;
	}
	host_timer(h);
}

void host_mce(struct host *h, const struct nvdimm_mce_report *r)
{
	h->stat.mces++;
	nvdimm_core_mce(h->core, r);
}

const char *host_check(struct host *h)
{
	uint32_t i;

	for (i = 0; i < h->domains.end; i++) {
		const struct domain *d = h->domains.by_id[i];

		if (d && d->p2m && !p2m_check(d->p2m))
			return "a guest's page tables are not well formed";
		if (d && d->refs)
			return "the core keeps a reference to a domain";
	}
	return nvdimm_core_check(h->core);
}
