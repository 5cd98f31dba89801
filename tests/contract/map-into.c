/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * map-into.c - what is answered to whoever maps a volume into a domain of Xen by
 * its name: names are a real xenstored's, the rest is in memory.
 *
 *	map-into XENSTORED-SOCKET NAME DOMID...
 *
 * Xen has the domains DOMID: 0, the PV guest that it is, others HVM guests. The
 * answer is printed; who cannot be found within two seconds is not found.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

#include "adapter/bus_xenstore.h"
#include "adapter/dom_xenctrl.h"
#include "tests/lib/requests.h"

#define TRIES  100
#define TRY_NS 20000000

struct xc_interface_core {
	uint32_t domids[16]; /* ascending */
	unsigned int nr;
};

static struct xc_interface_core xen;

/* ---- what dom_xenctrl.c asks of libxenctrl ---- */

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
				unsigned int open_flags)
{
	return &xen;
}

int xc_interface_close(xc_interface *xch)
{
	return 0;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain, unsigned int max_domains, xc_domaininfo_t *info)
{
	unsigned int i, n = 0;
	struct nv_uuid uuid;

	for (i = 0; i < xch->nr && n < max_domains; i++) {
		if (xch->domids[i] < first_domain)
			continue;
		uuid = world_uuid(xch->domids[i]);
		info[n] = (xc_domaininfo_t){ .domain = (domid_t)xch->domids[i] };
		if (info[n].domain)
			info[n].flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
		memcpy(info[n].handle, uuid.b, sizeof(uuid.b));
		n++;
	}
	return (int)n;
}

/* ---- the question ---- */

static void must(struct world *w, int r)
{
	if (!r)
		return;
	fprintf(stderr, "%d: %s\n", r, w->why.text);
	exit(2);
}

/* Names come when xenstored has been asked, which nobody waits for. */
static int map_into(struct world *w, const char *name)
{
	const struct timespec a_moment = { .tv_nsec = TRY_NS };
	struct req_map rq = { .volume = "v" };
	struct op *op;
	int r, i;

	snprintf(rq.domain, sizeof(rq.domain), "%s", name);
	for (i = 0; i < TRIES; i++) {
		r = op_map_begin(&w->nvd, &rq, &w->why, &op);
		if (r != NV_E_NO_DOMAIN)
			return r ? r : world_run(w, op);
		nanosleep(&a_moment, NULL);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct bus *bus;
	struct nv_uuid uuid;
	struct world w;
	int r, i;

	if (argc < 4 || (size_t)argc - 3 > NV_ARRAY_SIZE(xen.domids)) {
		fprintf(stderr, "usage: %s XENSTORED-SOCKET NAME DOMID...\n", argv[0]);
		return 2;
	}
	world_init(&w);
	for (i = 3; i < argc; i++) {
		xen.domids[xen.nr] = (uint32_t)strtoul(argv[i], NULL, 10);
		uuid = world_uuid(xen.domids[xen.nr]);
		hv_mem_domain(w.hv, xen.domids[xen.nr++], &uuid, true);
	}
	must(&w, bus_xenstore_new(argv[1], &bus));
	dom_freep(&w.dom);
	must(&w, dom_xenctrl_open(bus_xenstore_name, bus, &w.dom));
	must(&w, world_boot(&w));
	must(&w, request_pool(&w, "namespace0.0", "fast"));
	must(&w, request_volume(&w, "v", 2 << 20));
	r = map_into(&w, argv[2]);
	printf("%s\n", r ? w.why.text : "mapped");
	world_deinit(&w);
	bus_freep(&bus);
	return 0;
}
