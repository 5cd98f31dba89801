/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/measure.c - what the benchmarks ask Xen itself.
 *
 * domctl and sysctl are tied to one version of Xen, but what is used of them
 * here has the same layout from 4.17 to 4.20: only the number in front differs.
 */
#include "labtool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xencall.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/platform.h>
#include <xen/sysctl.h>
#include <public/nvdimm.h>
#include <unistd.h>

/* What Debian's 4.17 and 4.20 want in front of a domctl. */
static const uint32_t domctl_versions[] = { 0x15, 0x17 };

static xencall_handle *xen_open(void)
{
	static xencall_handle *xen;

	if (!xen)
		xen = xencall_open(NULL, 0);
	if (!xen)
		exit(failed("xencall_open"));
	return xen;
}

/* Return: what Xen returns, or -1 with errno. */
static int domctl(struct xen_domctl *d)
{
	static unsigned int known;
	struct xen_domctl *buf = xencall_alloc_buffer(xen_open(), sizeof(*buf));
	unsigned int i;
	int r = -1;

	for (i = known; i < sizeof(domctl_versions) / sizeof(*domctl_versions); i++) {
		*buf = *d;
		buf->interface_version = domctl_versions[i];
		r = xencall1(xen_open(), __HYPERVISOR_domctl, (unsigned long)buf);
		if (r >= 0 || errno != EACCES) {
			known = i;
			break;
		}
	}
	*d = *buf;
	xencall_free_buffer(xen_open(), buf);
	return r;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The pages that Xen has to give: whatever it allocates comes out of them. */
int do_heap(int argc, char **argv)
{
	struct xen_sysctl *s = xencall_alloc_buffer(xen_open(), sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->cmd = XEN_SYSCTL_physinfo;
	s->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (xencall1(xen_open(), __HYPERVISOR_sysctl, (unsigned long)s) < 0)
		return failed("physinfo");
	printf("free=%lu\n", s->u.physinfo.free_pages);
	return 0;
}

/*
 * Let a domain's pool for page tables have that many MiB. Whatever is not in
 * use above that goes back to the heap.
 */
int do_pool(int argc, char **argv)
{
	struct xen_domctl d = {
		.cmd = XEN_DOMCTL_shadow_op, .domain = (domid_t)number(argv[0]),
		.u.shadow_op = {
			.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION,
			.mb = (uint32_t)number(argv[1]),
		},
	};

	return domctl(&d) < 0 ? failed("set_allocation") : 0;
}

/* What iomem= does first: the domain may have these frames, or may not. */
int do_permit(int argc, char **argv)
{
	struct xen_domctl d = {
		.cmd = XEN_DOMCTL_iomem_permission, .domain = (domid_t)number(argv[0]),
		.u.iomem_permission = {
			.first_mfn = number(argv[1]), .nr_mfns = number(argv[2]),
			.allow_access = (uint8_t)number(argv[3]),
		},
	};

	return domctl(&d) < 0 ? failed("iomem_permission") : 0;
}

/* What it does then, call by call as xc_domain_memory_mapping() does. */
int do_mmio(int argc, char **argv)
{
	uint64_t gfn = number(argv[1]), mfn = number(argv[2]), nr = number(argv[3]), done = 0;
	uint64_t calls = 0, began = now_ns();

	while (done < nr) {
		struct xen_domctl d = {
			.cmd = XEN_DOMCTL_memory_mapping, .domain = (domid_t)number(argv[0]),
			.u.memory_mapping = {
				.first_gfn = gfn + done, .first_mfn = mfn + done,
				.nr_mfns = nr - done,
				.add_mapping = (uint32_t)number(argv[4]),
			},
		};
		int r = domctl(&d);

		if (r < 0)
			return failed("memory_mapping");
		calls++;
		done += r ? (uint64_t)r : nr - done;
	}
	printf("calls=%lu ns=%lu\n", calls, now_ns() - began);
	return 0;
}

/* Xen's system time, which events carry, and Dom0's clock just before and after. */
int do_clock(int argc, char **argv)
{
	struct xen_platform_op *p = xencall_alloc_buffer(xen_open(), sizeof(*p));
	uint64_t before, after, best = ~0ull;
	int i, r;

	for (i = 0; i < 200; i++) {
		memset(p, 0, sizeof(*p));
		p->cmd = XENPF_getidletime;
		p->interface_version = XENPF_INTERFACE_VERSION;
		before = now_ns();
		r = xencall1(xen_open(), __HYPERVISOR_platform_op, (unsigned long)p);
		after = now_ns();
		if (r < 0)
			return failed("getidletime");
		if (after - before >= best)
			continue;
		best = after - before;
		printf("xen=%lu dom0=%lu within=%lu\n", p->u.getidletime.now,
		       before + best / 2, best);
	}
	return 0;
}

/* Are there events that nobody has acknowledged? */
static bool events_wait(void)
{
	struct xen_nvdimm_events *e = xencall_alloc_buffer(xen_open(), sizeof(*e));
	bool wait;

	memset(e, 0, sizeof(*e));
	wait = xencall3(xen_open(), __HYPERVISOR_nvdimm_op, XEN_NVDIMM_get_events,
			(unsigned long)e, sizeof(*e)) || e->waiting;
	xencall_free_buffer(xen_open(), e);
	return wait;
}

/* Machine checks one by one, each raised when all about the one before is settled. */
int do_faults(int argc, char **argv)
{
	uint64_t spa = number(argv[0]), stride = number(argv[1]), count = number(argv[2]), i;
	char where[32], *regs[] = { "0", argv[4], "1", argv[3], where, argv[5] };
	uint64_t sent, end;

	for (i = 0; i < count; i++) {
		snprintf(where, sizeof(where), "%#lx", spa + i * stride);
		if (mca_prepare(regs))
			return 1;
		sent = now_ns();
		if (mca_raise(0))
			return 1;
		printf("spa=%s sent=%lu back=%lu\n", where, sent, now_ns());
		end = now_ns() + 30000000000ull;
		do
			usleep(20000);
		while (events_wait() && now_ns() < end);
		usleep(50000);
	}
	return 0;
}
