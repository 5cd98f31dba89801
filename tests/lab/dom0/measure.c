/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/measure.c - what the benchmarks ask Xen itself.
 */
#include "labtool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xencall.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <public/nvdimm.h>

/* The pages that Xen has to give: whatever it allocates comes out of them. And the TSC's pace. */
int do_heap(int argc, char **argv)
{
	struct xen_sysctl *s = xencall_alloc_buffer(xen_open(), sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->cmd = XEN_SYSCTL_physinfo;
	s->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (xencall1(xen_open(), __HYPERVISOR_sysctl, (unsigned long)s) < 0)
		return failed("physinfo");
	printf("free=%lu khz=%u\n", s->u.physinfo.free_pages, s->u.physinfo.cpu_khz);
	return 0;
}

/*
 * Let a domain's pool for page tables have that many MiB. Whatever is not in
 * use above that goes back to the heap.
 */
int do_pool(int argc, char **argv)
{
	int r = domctl_pool((uint32_t)number(argv[0]), (uint32_t)number(argv[1]));

	return r < 0 ? failed("set_allocation") : 0;
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
	uint64_t calls = 0, began = ticks();

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
	printf("calls=%lu ticks=%lu\n", calls, ticks() - began);
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

/* Is there still a frame in the guest's p2m? */
static bool present(uint32_t domid, uint64_t gfn)
{
	struct xen_nvdimm_query *q = xencall_alloc_buffer(xen_open(), sizeof(*q));
	bool yes;

	memset(q, 0, sizeof(*q));
	q->domid = domid;
	q->gfn = gfn;
	yes = xencall3(xen_open(), __HYPERVISOR_nvdimm_op, XEN_NVDIMM_query, (unsigned long)q,
		       sizeof(*q)) || q->cache != XEN_NVDIMM_CACHE_NONE;
	xencall_free_buffer(xen_open(), q);
	return yes;
}

/* Machine checks one by one, each raised when all about the one before is settled. */
int do_faults(int argc, char **argv)
{
	uint32_t domid = (uint32_t)number(argv[0]);
	uint64_t spa = number(argv[1]), gpa = number(argv[2]), stride = number(argv[3]);
	uint64_t count = number(argv[4]), i, sent, back;
	char where[32], *regs[] = { "0", argv[6], "1", argv[5], where, argv[7] };
	int tries;

	for (i = 0; i < count; i++) {
		snprintf(where, sizeof(where), "%#lx", spa + i * stride);
		if (mca_prepare(regs))
			return 1;
		sent = ticks();
		if (mca_raise(0))
			return 1;
		back = ticks();
		printf("sent=%lu back=%lu present=%d\n", sent, back,
		       present(domid, (gpa + i * stride) >> 12));
		for (tries = 0; events_wait() && tries < 1000; tries++)
			usleep(20000);
		usleep(50000);
	}
	return 0;
}

/*
 * How far the guest's TSC is from Dom0's: both look at one page of pmem, the
 * guest answers with its TSC ("tsc" of tests/lab/guest), and no answer may be
 * older than its question nor newer than its arrival.
 */
int do_tsc(int argc, char **argv)
{
	uint64_t count = number(argv[1]), least = 0, most = ~0ull, i, before, after;
	int fd = open("/dev/mem", O_RDWR | O_SYNC);
	volatile uint64_t *p;

	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)number(argv[0]));
	if (p == MAP_FAILED)
		return failed("/dev/mem");
	for (i = 1; i <= count; i++) {
		before = ticks();
		p[0] = i;
		while (p[2] != i && ticks() - before < 30000000000ull)
			;
		after = ticks();
		if (p[2] != i)
			return failed("the guest is silent");
		/* In this order a guest that is behind makes no number negative. */
		if (before - p[1] > least)
			least = before - p[1];
		if (after - p[1] < most)
			most = after - p[1];
	}
	printf("least=%lu most=%lu\n", least, most);
	return 0;
}
