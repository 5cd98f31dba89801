/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/leftover.c - what was begun and not ended, by this or an earlier life.
 *
 * The book and the ledger say which way each of them was going; here they are
 * sent on their way again.
 */
#include "ops/op_boot.h"
#include "ops/op_unmap.h"
#include "ops/op_volume.h"

/* Promised to nobody: its frames were free and are again. */
static int drop_volume(struct nvd *nvd, struct volume *v, struct nv_why *why)
{
	int r = nvd_book(nvd, store_volume_del(nvd->store, &v->fact.uuid), why);

	if (!r)
		ledger_volume_abort(nvd->ledger, v);
	return r;
}

int op_leftover_begin(struct nvd *nvd, struct nv_why *why, struct op **ret)
{
	struct volume *v, *next;
	struct mapping *m;
	int r;

	for (m = ledger_mapping_next(nvd->ledger, NULL); m; m = ledger_mapping_next(nvd->ledger, m))
		if (m->fact.state == MAPPING_UNMAPPING && !m->busy)
			return op_unmap_mapping_begin(nvd, m, why, ret);
	for (v = ledger_volume_next(nvd->ledger, NULL); v; v = next) {
		next = ledger_volume_next(nvd->ledger, v);
		if (v->busy || ledger_volume_missing(v))
			continue;
		if (v->fact.state == VOLUME_DELETING && !ledger_volume_unknown(nvd->ledger, v))
			return op_delete_volume_begin(nvd, v, false, why, ret);
		if (v->fact.state != VOLUME_CREATING)
			continue;
		r = drop_volume(nvd, v, why);
		if (r)
			return r;
	}
	*ret = NULL;
	return 0;
}
