/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/domain.c - domctls, and with them domains that are made in an instant.
 *
 * domctl is tied to one version of Xen, but what is used of it here has, with
 * one exception, the same layout from 4.17 to 4.20: only the number in front
 * differs.
 */
#include "labtool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xencall.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/memory.h>

#define XEN_417 0x15
#define XEN_420 0x17
#define MIB_2M_PAGE 2
#define ORDER_2M 9
#define MAX_2M_PAGES 64

xencall_handle *xen_open(void)
{
	static xencall_handle *xen;

	if (!xen)
		xen = xencall_open(NULL, 0);
	if (!xen)
		exit(failed("xencall_open"));
	return xen;
}

static int call(struct xen_domctl *d, uint32_t version)
{
	struct xen_domctl *buf = xencall_alloc_buffer(xen_open(), sizeof(*buf));
	int r;

	*buf = *d;
	buf->interface_version = version;
	r = xencall1(xen_open(), __HYPERVISOR_domctl, (unsigned long)buf);
	*d = *buf;
	xencall_free_buffer(xen_open(), buf);
	return r;
}

/* What this Xen wants in front of a domctl. */
static uint32_t version(void)
{
	static uint32_t known;
	struct xen_domctl d = { .cmd = XEN_DOMCTL_getdomaininfo };

	if (!known)
		known = call(&d, XEN_417) < 0 && errno == EACCES ? XEN_420 : XEN_417;
	return known;
}

int domctl(struct xen_domctl *d)
{
	return call(d, version());
}

int domctl_pool(uint32_t domid, uint32_t mib)
{
	struct xen_domctl d = {
		.cmd = XEN_DOMCTL_shadow_op, .domain = (domid_t)domid,
		.u.shadow_op = { .op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION, .mb = mib },
	};

	return domctl(&d);
}

/* A paused PVH domain with nothing inside; Return: its number, -1 with errno */
static int create(const char *uuid)
{
	struct xen_domctl d;
	struct xen_domctl_createdomain *c = &d.u.createdomain;

	memset(&d, 0, sizeof(d));
	d.cmd = XEN_DOMCTL_createdomain;
	c->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
	c->max_vcpus = 1;
	c->max_evtchn_port = 1023;
	c->max_grant_frames = -1;
	c->max_maptrack_frames = -1;
	c->grant_opts = XEN_DOMCTL_GRANT_version(1);
	handle_parse(uuid, c->handle);
	/* The exception: 4.20 has altp2m_opts before "arch". */
	if (version() == XEN_417)
		c->arch.emulation_flags = XEN_X86_EMU_LAPIC;
	else
		c->arch.misc_flags = XEN_X86_EMU_LAPIC;
	return domctl(&d) < 0 ? -1 : d.domain;
}

static int give_vcpu(domid_t domid)
{
	struct xen_domctl d = {
		.cmd = XEN_DOMCTL_max_vcpus, .domain = domid, .u.max_vcpus.max = 1,
	};

	return domctl(&d);
}

/* RAM in 2 MiB pages from 0 on; Return: 0, or -1 with errno */
static int give_ram(domid_t domid, uint32_t mib)
{
	struct xen_domctl d = {
		.cmd = XEN_DOMCTL_max_mem, .domain = domid,
		.u.max_mem.max_memkb = (uint64_t)(mib + 1) << 10,
	};
	uint32_t nr = mib / MIB_2M_PAGE, i;
	struct {
		struct xen_memory_reservation r;
		xen_pfn_t gfns[MAX_2M_PAGES];
	} *m;
	long done;

	if (nr > MAX_2M_PAGES) {
		errno = E2BIG;
		return -1;
	}
	if (domctl(&d) < 0)
		return -1;
	m = xencall_alloc_buffer(xen_open(), sizeof(*m));
	memset(m, 0, sizeof(*m));
	for (i = 0; i < nr; i++)
		m->gfns[i] = (xen_pfn_t)i << ORDER_2M;
	set_xen_guest_handle(m->r.extent_start, m->gfns);
	m->r.nr_extents = nr;
	m->r.extent_order = ORDER_2M;
	m->r.domid = domid;
	done = xencall2(xen_open(), __HYPERVISOR_memory_op, XENMEM_populate_physmap,
			(unsigned long)m);
	xencall_free_buffer(xen_open(), m);
	if (done >= 0 && done < nr)
		errno = ENOMEM;
	return done == nr ? 0 : -1;
}

int do_make(int argc, char **argv)
{
	int domid = create(argv[0]);

	if (domid < 0)
		return failed("createdomain");
	printf("domid=%d\n", domid);
	if (give_vcpu((domid_t)domid))
		return failed("max_vcpus");
	if (domctl_pool((uint32_t)domid, 1) < 0)
		return failed("set_allocation");
	if (give_ram((domid_t)domid, (uint32_t)number(argv[1])))
		return failed("populate_physmap");
	return 0;
}

int do_end(int argc, char **argv)
{
	struct xen_domctl d = {
		.cmd = XEN_DOMCTL_destroydomain, .domain = (domid_t)number(argv[0]),
	};

	return domctl(&d) < 0 ? failed("destroydomain") : 0;
}
