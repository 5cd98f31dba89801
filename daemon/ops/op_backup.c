/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_backup.c - the book into a file, and a file as the book.
 */
#include <string.h>

#include "ops/op_boot.h"
#include "ops/op_guest.h"

struct op_backup {
	struct op op;
	struct store_backup *backup;
};

static int backup_step(struct op *op, struct nv_why *why)
{
	struct op_backup *o = nv_container_of(op, struct op_backup, op);
	int r;

	r = store_backup_step(op->nvd->store, o->backup, &op->progress.done, &op->progress.total);
	if (r == STORE_MORE)
		return OP_MORE;
	return r ? nv_refuse(why, r, "the backup failed: %s", store_why(op->nvd->store)) : 0;
}

static void backup_free(struct op *op)
{
	struct op_backup *o = nv_container_of(op, struct op_backup, op);

	store_backup_free(op->nvd->store, o->backup);
	free(o);
}

static const struct op_ops backup_ops = { .name = "backup", .step = backup_step, .free = backup_free };

int op_backup_begin(struct nvd *nvd, const char *path, struct nv_why *why, struct op **ret)
{
	nv_cleanup(nv_freep) struct op_backup *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	r = store_backup_begin(nvd->store, path, &o->backup);
	if (r)
		return nv_refuse(why, r, "the backup failed: %s", store_why(nvd->store));
	o->op.ops = &backup_ops;
	o->op.nvd = nvd;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), "backup");
	*ret = &nv_steal(&o)->op;
	return 0;
}

/*
 * With another book every record may change under what is mapped now, so it
 * is taken only while nothing is mapped and no flow is under way.
 */
static int restore_check(struct nvd *nvd, struct nv_why *why)
{
	struct mapping *m = ledger_mapping_next(nvd->ledger, NULL);
	struct volume *v;
	struct pool *p;

	if (m)
		return nv_refuse(why, NV_E_VOLUME_BUSY,
				 "%s%s is mapped: a backup is restored only while nothing is",
				 m->volume ? "volume " : "a range", m->volume ? m->volume->fact.name : "");
	for (v = ledger_volume_next(nvd->ledger, NULL); v; v = ledger_volume_next(nvd->ledger, v))
		if (v->busy)
			return nv_refuse(why, NV_E_BUSY, "something is being done with the volume %s", v->fact.name);
	for (p = ledger_pool_next(nvd->ledger, NULL); p; p = ledger_pool_next(nvd->ledger, p))
		if (p->busy)
			return nv_refuse(why, NV_E_BUSY, "the pool %s is just being added or released", p->fact.name);
	return 0;
}

int op_restore(struct nvd *nvd, const char *path, struct nv_why *why)
{
	struct ledger *fresh;
	struct event_fact e;
	int r;

	r = restore_check(nvd, why);
	if (r)
		return r;
	r = ledger_new(&fresh);
	if (r)
		return nv_refuse(why, r, "no memory");
	r = store_restore(nvd->store, path);
	if (r) {
		ledger_free(fresh);
		return nv_refuse(why, r, "%s", store_why(nvd->store));
	}
	ledger_free(nvd->ledger);
	nvd->ledger = fresh;
	r = op_boot(nvd, why);
	if (r)
		return r;
	e = history_event(EVENT_NOTICE, "restored", "the database was replaced by a backup");
	history_next(&e, "nvctl status");
	history_note(nvd, &e);
	guest_list_changed(nvd);
	return 0;
}
