/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_detach.c - a device leaves its guest.
 *
 *	bus     the guest is asked to give the memory up, by number (unless forced)
 *	bus     it answers with the number; or not in time, or no: all stays as it was
 *	bus     Closing
 *	hv,book unmap, as any
 *	bus     the nodes go
 *
 * Dying anywhere: who wanted the device to go wrote so in xenstore, and the next
 * start begins anew; a person types it again.
 */
#include <stdio.h>
#include <string.h>

#include "ops/device_desk.h"
#include "ops/op_unmap.h"

enum leave_phase {
	LEAVE_BEGIN,
	LEAVE_ASKED,
	LEAVE_UNMAP, /* begin to */
	LEAVE_UNMAPPING,
};

struct op_leave {
	struct op op;
	struct device *dev;
	struct op *inner; /* the unmap */
	enum leave_phase phase;
	uint64_t ask, deadline_ns;
	bool force;
};

/* It stays as it is, and who wanted it otherwise reads why. */
static int leave_fail(struct op_leave *o, int r, const struct nv_why *sentence)
{
	struct device *dev = o->dev;
	struct nvd *nvd = o->op.nvd;
	struct event_fact e;

	dev->report.ask = 0;
	dev->report.state = DEVICE_CONNECTED;
	view_text_set(dev->report.error, sizeof(dev->report.error), sentence->text);
	dev->stays = true;
	dev->busy = false;
	device_tell(nvd, dev);
	e = history_event(EVENT_WARNING, "device-stays", "%s", sentence->text);
	e.domid = dev->key.domid;
	history_note(nvd, &e);
	device_wake(nvd->devices, dev);
	return r;
}

static int leave_done(struct op_leave *o)
{
	o->dev->busy = false;
	device_remove(o->op.nvd, o->dev);
	return 0;
}

static struct mapping *leave_mapping(struct op_leave *o)
{
	struct dom_info d;

	if (dom_get(o->op.nvd->dom, o->dev->key.domid, &d))
		return NULL;
	return device_mapping(o->op.nvd, o->dev, &d);
}

static int leave_ask(struct op_leave *o, const struct mapping *m)
{
	struct nvd *nvd = o->op.nvd;
	uint64_t now = clock_mono_ns(nvd->clock);

	/* Never one that an earlier life used. */
	o->ask = NV_MAX(now, nvd->devices->asks + 1);
	nvd->devices->asks = o->ask;
	o->deadline_ns = now + nvd->set.unmap_timeout_ms * 1000000ull;
	device_fill(o->dev, m);
	o->dev->report.ask = o->ask;
	device_tell(nvd, o->dev);
	o->phase = LEAVE_ASKED;
	o->op.waits = true;
	return OP_MORE;
}

static int leave_listen(struct op_leave *o, struct nv_why *why)
{
	const struct device_front *f = &o->dev->front;
	char name[DEVICE_PRINT];
	struct nvd *nvd = o->op.nvd;

	device_print(nvd, o->dev, name, sizeof(name));
	if (f->asked == o->ask && !f->can_unmap)
		return leave_fail(o, nv_refuse(why, NV_E_NO_CONSENT,
					       "%s has no frontend that can give memory up (feature-unmap)", name), why);
	if (f->asked == o->ask && f->answered == o->ask) {
		if (f->busy)
			return leave_fail(o, nv_refuse(why, NV_E_NO_CONSENT, "the guest uses the memory of %s", name),
					  why);
		o->phase = LEAVE_UNMAP;
		return OP_MORE;
	}
	if (clock_mono_ns(nvd->clock) >= o->deadline_ns)
		return leave_fail(o, nv_refuse(why, NV_E_TIMEOUT, "%s was asked for its memory and gave no answer within %u s",
					       name, nvd->set.unmap_timeout_ms / 1000), why);
	o->op.waits = true;
	return OP_MORE;
}

static int leave_unmap(struct op_leave *o, struct mapping *m, struct nv_why *why)
{
	int r;

	r = op_unmap_mapping_begin(o->op.nvd, m, why, &o->inner);
	if (r)
		return leave_fail(o, r, why);
	o->dev->report.ask = 0;
	o->dev->report.state = DEVICE_CLOSING;
	device_tell(o->op.nvd, o->dev);
	o->phase = LEAVE_UNMAPPING;
	return OP_MORE;
}

static int leave_unmapping(struct op_leave *o, struct nv_why *why)
{
	int r = op_step(o->inner, why);

	o->op.progress = o->inner->progress;
	if (r == OP_MORE)
		return r;
	return r ? leave_fail(o, r, why) : leave_done(o);
}

static int leave_step(struct op *op, struct nv_why *why)
{
	struct op_leave *o = nv_container_of(op, struct op_leave, op);
	struct nv_why local = { "" };
	struct mapping *m;

	why = why ? why : &local;
	op->waits = false;
	if (o->phase == LEAVE_UNMAPPING)
		return leave_unmapping(o, why);
	m = leave_mapping(o);
	if (!m)
		return leave_done(o);
	switch (o->phase) {
	case LEAVE_BEGIN:
		if (!o->force)
			return leave_ask(o, m);
		return leave_unmap(o, m, why);
	case LEAVE_ASKED:
		return leave_listen(o, why);
	default:
		return leave_unmap(o, m, why);
	}
}

static void leave_free(struct op *op)
{
	struct op_leave *o = nv_container_of(op, struct op_leave, op);

	op_free(o->inner);
	free(o);
}

static const struct op_ops leave_ops = { .name = "detach", .step = leave_step, .free = leave_free };

int device_leave_begin(struct nvd *nvd, struct device *dev, bool force, struct nv_why *why, struct op **ret)
{
	struct op_leave *o = calloc(1, sizeof(*o));

	if (!o)
		return nv_refuse(why, -ENOMEM, "no memory");
	dev->busy = true;
	dev->stays = false;
	o->op.ops = &leave_ops;
	o->op.nvd = nvd;
	view_text_set(o->op.progress.step, sizeof(o->op.progress.step), "detach");
	o->dev = dev;
	o->force = force;
	*ret = &o->op;
	return 0;
}
