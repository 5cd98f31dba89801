/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/mca.c - a machine check with these registers, through Xen's injector.
 *
 * Unlike xen-mceinj this can say SRAR, and any address: MC_MSRINJ_F_INTERPOSE
 * makes Xen believe the registers without anything being written to them.
 */
#include "labtool.h"

#include <stdio.h>
#include <string.h>
#include <xencall.h>
#include <xen/xen.h>
#include <xen/arch-x86/xen-mca.h>

#define MSR_MCG_STATUS 0x17a
#define MSR_MC0_STATUS 0x401

static int mca(xencall_handle *x, struct xen_mc *arg)
{
	struct xen_mc *p = xencall_alloc_buffer(x, sizeof(*p));
	int r;

	*p = *arg;
	p->interface_version = XEN_MCA_INTERFACE_VERSION;
	r = xencall1(x, __HYPERVISOR_mca, (unsigned long)p);
	xencall_free_buffer(x, p);
	return r;
}

int mca_prepare(char **argv)
{
	uint32_t bank = MSR_MC0_STATUS + 4 * (uint32_t)number(argv[2]);
	struct xen_mc msrs = { .cmd = XEN_MC_msrinject };
	struct xen_mc_msrinject *m = &msrs.u.mc_msrinject;

	if (!xen_open())
		return failed("xencall_open");
	m->mcinj_cpunr = (uint32_t)number(argv[0]);
	m->mcinj_flags = MC_MSRINJ_F_INTERPOSE;
	m->mcinj_domid = DOMID_XEN;
	m->mcinj_count = 4;
	m->mcinj_msr[0] = (struct mcinfo_msr){ MSR_MCG_STATUS, number(argv[1]) };
	m->mcinj_msr[1] = (struct mcinfo_msr){ bank, number(argv[3]) };
	m->mcinj_msr[2] = (struct mcinfo_msr){ bank + 1, number(argv[4]) };
	m->mcinj_msr[3] = (struct mcinfo_msr){ bank + 2, number(argv[5]) };
	return mca(xen_open(), &msrs) < 0 ? failed("msrinject") : 0;
}

int mca_raise(uint32_t cpu)
{
	struct xen_mc raise = { .cmd = XEN_MC_mceinject };

	raise.u.mc_mceinject.mceinj_cpunr = cpu;
	return mca(xen_open(), &raise) < 0 ? failed("mceinject") : 0;
}

int do_mca(int argc, char **argv)
{
	return mca_prepare(argv) ? 1 : mca_raise((uint32_t)number(argv[0]));
}
