/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/dieat.c - preloaded into nvdimmd: kill -9 at a step of a fault's way.
 *
 * The way begins when GET_EVENTS hands over an event and ends when it has none
 * left. Before and after each call on it that changes the world (a commit to
 * the disk, RESOLVE, the GET_EVENTS that acknowledges) is a step. The file
 * /lab/die holds the number of the step at which to die, once; /lab/steps is
 * where the steps are written down. /lab/slow makes each commit take a second.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xencall.h>
#include <public/nvdimm.h>

static unsigned int count;
static bool under_way;

static void step(const char *name)
{
	FILE *f;
	int at = -1;

	f = fopen("/lab/steps", "ae");
	if (f) {
		fprintf(f, "%u %s\n", count, name);
		fclose(f);
	}
	f = fopen("/lab/die", "re");
	if (f) {
		if (fscanf(f, "%d", &at) != 1)
			at = -1;
		fclose(f);
	}
	if (at == (int)count++) {
		unlink("/lab/die");
		kill(getpid(), SIGKILL);
	}
}

int xencall3(xencall_handle *x, unsigned int nr, uint64_t cmd, uint64_t arg, uint64_t len)
{
	int (*real)(xencall_handle *, unsigned int, uint64_t, uint64_t, uint64_t) =
		dlsym(RTLD_NEXT, "xencall3");
	struct xen_nvdimm_events *e = (void *)(uintptr_t)arg;
	bool events = nr == __HYPERVISOR_nvdimm_op && cmd == XEN_NVDIMM_get_events;
	bool resolve = nr == __HYPERVISOR_nvdimm_op && cmd == XEN_NVDIMM_resolve;
	int r;

	if (under_way && (events || resolve))
		step(events ? "acknowledge" : "resolve");
	r = real(x, nr, cmd, arg, len);
	if (under_way && resolve)
		step("resolved");
	if (events && under_way)
		step("acknowledged");
	if (events && r == 0) {
		if (e->nr && !under_way) {
			under_way = true;
			step("fetched");
		} else if (!e->nr) {
			under_way = false;
			count = 0;
		}
	}
	return r;
}

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
	int r;

	if (!access("/lab/slow", F_OK))
		sleep(1);
	if (under_way)
		step("commit");
	r = real(fd);
	if (under_way)
		step("committed");
	return r;
}
