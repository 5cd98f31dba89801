/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-topo-conf.c - a topology file of any bytes: refused with a sentence, or
 * what comes out is what core/topo.h promises.
 */
#include "codec/topo_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_region(const struct topo_region *r)
{
	uint64_t end = 0;
	size_t i;

	check(r->size && r->name[0]);
	for (i = 0; i < r->nr_namespaces; i++) {
		const struct topo_ns *ns = &r->namespaces[i];

		check(ns->spa >= r->spa + end);
		end = ns->spa - r->spa + ns->size;
		check(ns->size && end <= r->size);
		check(!nv_uuid_is_zero(&ns->id));
	}
	for (i = 0; i < r->nr_bad; i++)
		check(r->bad[i].offset / TOPO_FRAME + r->bad[i].nr <=
		      r->size / TOPO_FRAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct topo *t = NULL;
	struct nv_why why;
	size_t i;
	int r;

	r = topo_conf_parse("fuzz", (const char *)data, size, &t, &why);
	if (r) {
		check(r == NV_E_BAD_CONFIG && why.text[0] && !t);
		return 0;
	}
	for (i = 0; i < t->nr_regions; i++)
		check_region(&t->regions[i]);
	topo_free(t);
	return 0;
}
