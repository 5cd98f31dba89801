/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/pin.c - hold on to a guest's page.
 *
 * A domain that is destroyed meanwhile cannot go: it stays, dying.
 */
#include "labtool.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenforeignmemory.h>

int do_pin(int argc, char **argv)
{
	xenforeignmemory_handle *f = xenforeignmemory_open(NULL, 0);
	xen_pfn_t gfn = number(argv[1]);
	int error = 0;

	if (!f)
		return failed("xenforeignmemory_open");
	if (!xenforeignmemory_map(f, (uint32_t)number(argv[0]), PROT_READ, 1, &gfn, &error) || error)
		return failed("xenforeignmemory_map");
	printf("pinned\n");
	sleep((unsigned int)number(argv[2]));
	return 0;
}
