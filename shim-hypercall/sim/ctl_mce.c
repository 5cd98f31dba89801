/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ctl_mce.c - the verbs that break memory, and what guests were told about it.
 */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#define STATUS_ADDRV (UINT64_C(1) << 58)
#define PART	     20000u /* reports in one request */

/*
 * What the hardware would say (Intel SDM 3B, 16.6.3 and 16.9.3; AMD64 APM
 * volume 2, 9.3.2.2): a memory scrubber's uncorrected error, a data load that
 * consumed poison, an uncorrected error that nobody consumed, a corrected one.
 * AMD calls all that nobody consumed deferred.
 */
static const struct mce_kind {
	const char *name;
	uint64_t status, amd;
	uint64_t mcg;
} kinds[] = {
	{ "srao", 0xbd000000000000c0, 0x9c00100000000109, 5 },
	{ "srar", 0xbd80000000000134, 0xbc00080000000135, 7 },
	{ "ucna", 0xbc000000000000c0, 0x9c00100000000109, 0 },
	/* 64 of them: on AMD that bit says deferred. */
	{ "cmci", 0x9c00100000000090, 0x9c00000000000109, 0 },
};

static int place_of(struct ctl_call *c, uint64_t *ret)
{
	struct p2m_entry e;
	struct domain *d;
	uint64_t gpa;

	if (ctl_has(c, "spa") == ctl_has(c, "dom") ||
	    ctl_has(c, "dom") != ctl_has(c, "gpa"))
		return ctl_refuse(c, EINVAL,
				  "say where: --spa, or --dom and --gpa");
	if (ctl_has(c, "spa")) {
		*ret = ctl_number(c, "spa", 0);
		return 0;
	}
	d = ctl_domain(c);
	if (!d)
		return -ESRCH;
	gpa = ctl_number(c, "gpa", 0);
	e.type = P2M_MMIO_DM;
	if (d->p2m)
		e = p2m_get(d->p2m, gpa >> 12);
	if (e.type == P2M_MMIO_DM)
		return ctl_refuse(c, ENXIO, "domain '%s' has nothing at %#llx",
				  d->conf.name, (unsigned long long)gpa);
	*ret = (e.mfn << 12) + (gpa & 4095);
	return 0;
}

static void report_make(struct ctl_call *c, struct nvdimm_mce_report *m)
{
	const char *name = ctl_text(c, "kind");
	uint64_t lsb = ctl_number(c, "lsb", 12) & 0x3f;
	const struct mce_kind *k = &kinds[0];
	size_t i;

	for (i = 0; name && i < NV_ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			k = &kinds[i];
	m->status = ctl_number(c, "status",
			       c->host->ops.amd ? k->amd : k->status);
	if (ctl_has(c, "no_addr"))
		m->status &= ~STATUS_ADDRV;
	m->mcg = ctl_number(c, "mcg", k->mcg);
	/* Address mode 2: a physical address; its low lsb bits mean nothing. */
	m->misc = ctl_number(c, "misc", 2u << 6 | lsb);
	m->flags = ctl_has(c, "in_guest") ? XEN_NVDIMM_EVENTF_GUEST : 0;
}

int ctl_mce(struct ctl_call *c)
{
	uint64_t count = ctl_number(c, "count", 1), i;
	uint64_t stride = ctl_number(c, "stride", 4096);
	uint64_t from = ctl_number(c, "from", 0);
	struct nvdimm_mce_report m = { 0 };
	uint64_t spa = 0;
	int r;

	r = place_of(c, &spa);
	if (r)
		return r;
	report_make(c, &m);
	for (i = from; i < count && i - from < PART; i++) {
		m.spa = spa + i * stride;
		if (ctl_has(c, "poison")) {
			r = pmem_poison(c->host->pmem,
					nv_align_down(m.spa, 4096), 4096, true);
			if (r)
				return ctl_refuse(c, -r,
						  "cannot poison %#llx: %s",
						  (unsigned long long)m.spa,
						  strerror(-r));
		}
		host_mce(c->host, &m);
	}
	ctl_out_hex(c->out, "spa", spa);
	ctl_out_hex(c->out, "status", m.status);
	ctl_out_hex(c->out, "misc", m.misc);
	ctl_out_hex(c->out, "mcg", m.mcg);
	ctl_out_number(c->out, "reports", i > from ? i - from : 0);
	if (i < count)
		ctl_out_number(c->out, "next", i);
	return 0;
}

int ctl_guest_mce(struct ctl_call *c)
{
	struct json_object *list = json_object_new_array(), *o;
	struct domain *d = ctl_domain(c);
	const struct domain_vmce *m;
	uint64_t i;

	json_object_object_add(c->out, "machine_checks", list);
	if (!d)
		return -ESRCH;
	ctl_out_number(c->out, "count", d->nr_vmces);
	ctl_out_flag(c->out, "mcip", d->mcip);
	i = d->nr_vmces > DOMAIN_VMCES ? d->nr_vmces - DOMAIN_VMCES : 0;
	for (; i < d->nr_vmces; i++) {
		m = &d->vmces[i % DOMAIN_VMCES];
		o = json_object_new_object();
		ctl_out_number(o, "nr", i + 1);
		ctl_out_number(o, "time_ns", m->time_ns);
		ctl_out_text(o, "kind", m->kind == XEN_NVDIMM_KIND_SRAR ?
						"srar" : "srao");
		ctl_out_number(o, "gpa", m->gpa);
		ctl_out_hex(o, "status", m->status);
		ctl_out_hex(o, "misc", m->misc);
		ctl_out_hex(o, "mcg", m->mcg);
		json_object_object_add(o, "vcpu",
				       json_object_new_int((int32_t)m->vcpu));
		json_object_array_add(list, o);
	}
	return 0;
}

int ctl_guest_mce_clear(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);

	if (!d)
		return -ESRCH;
	if (!d->mcip)
		return ctl_refuse(c, EALREADY,
				  "domain '%s' has no machine check in progress",
				  d->conf.name);
	domain_mcip_clear(d);
	ctl_out_flag(c->out, "mcip", d->mcip);
	return 0;
}

static int poison(struct ctl_call *c, bool on)
{
	uint64_t spa = ctl_number(c, "spa", 0);
	uint64_t len = ctl_number(c, "len", 4096);
	int r;

	r = pmem_poison(c->host->pmem, spa, len, on);
	if (r == -EINVAL)
		return ctl_refuse(c, EINVAL, "give whole 4 KiB frames");
	if (r == -ENXIO)
		return ctl_refuse(c, ENXIO, "%#llx is not persistent memory, "
				  "or the length goes over its region's end",
				  (unsigned long long)spa);
	if (!r)
		ctl_out_number(c->out, "frames", len / 4096);
	return r;
}

int ctl_poison_set(struct ctl_call *c)
{
	return poison(c, true);
}

int ctl_poison_clear(struct ctl_call *c)
{
	return poison(c, false);
}
