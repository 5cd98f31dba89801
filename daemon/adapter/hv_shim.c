/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/hv_shim.c - the port's calls as nvdimm_op calls.
 */
#include "adapter/hv_shim.h"

#include <string.h>

#include "codec/hvwire.h"
#include "shim-hypercall/lib/nvshim.h"

struct hv_shim {
	struct hv hv;
	struct nvshim *shim;
	struct xen_nvdimm_info info;
	/* Room for the longest argument, so that no call needs memory. */
	union {
		struct xen_nvdimm_list list;
		struct xen_nvdimm_broken broken;
		struct xen_nvdimm_events events;
		uint8_t bytes[XEN_NVDIMM_MAX_ARG];
	} arg;
};

static struct hv_shim *hv_shim(struct hv *hv)
{
	return nv_container_of(hv, struct hv_shim, hv);
}

static int shim_op(struct hv *hv, uint32_t cmd, void *arg, size_t len)
{
	long r = nvshim_op(hv_shim(hv)->shim, cmd, arg, (uint32_t)len);

	if (r == XEN_NVDIMM_MORE)
		return HV_MORE;
	return r > 0 || r < -4095 ? -EPROTO : (int)r;
}

static int shim_info(struct hv *hv, struct hv_info *ret)
{
	struct hv_shim *s = hv_shim(hv);
	int r;

	r = shim_op(hv, XEN_NVDIMM_get_info, &s->info, sizeof(s->info));
	return r ? r : hvwire_info(&s->info, ret);
}

static int shim_range(struct hv *hv, uint32_t cmd, uint64_t mfn, uint64_t nr)
{
	struct xen_nvdimm_range a = { .mfn = mfn, .nr = nr };
	int r;

	do
		r = shim_op(hv, cmd, &a, sizeof(a));
	while (r == HV_MORE);
	return r;
}

static int shim_enrol(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	return shim_range(hv, XEN_NVDIMM_register, mfn, nr);
}

static int shim_dismiss(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	return shim_range(hv, XEN_NVDIMM_unregister, mfn, nr);
}

static int shim_arm(struct hv *hv, uint64_t mfn, uint64_t nr)
{
	return shim_range(hv, XEN_NVDIMM_arm, mfn, nr);
}

static int shim_map(struct hv *hv, struct hv_map *m)
{
	struct xen_nvdimm_map a;
	int r;

	hvwire_map(m, &a);
	r = shim_op(hv, XEN_NVDIMM_map, &a, sizeof(a));
	if (r == HV_MORE || !r) {
		if (!a.map_id || a.done > m->nr)
			return -EPROTO;
		m->map_id = a.map_id;
		m->done = a.done;
	} else if (r == -EEXIST) {
		m->gfn = a.gfn;
	}
	return r;
}

static int shim_unmap(struct hv *hv, uint64_t map_id, uint64_t *done)
{
	struct xen_nvdimm_unmap a = { .map_id = map_id };
	int r;

	r = shim_op(hv, XEN_NVDIMM_unmap, &a, sizeof(a));
	if (r == HV_MORE || !r)
		*done = a.done;
	return r;
}

static int shim_list(struct hv *hv, enum hv_list kind, uint64_t *cursor, struct hv_record *rec, uint32_t *nr)
{
	struct xen_nvdimm_list *a = &hv_shim(hv)->arg.list;
	const struct xen_nvdimm_record *in = (const void *)(a + 1);
	uint32_t i, room = NV_MIN(*nr, (uint32_t)HV_LIST_MAX);
	int r;

	*a = (struct xen_nvdimm_list){ .kind = hvwire_list_kind(kind), .nr = room, .cursor = *cursor };
	memset(a + 1, 0, room * sizeof(*in));
	r = shim_op(hv, XEN_NVDIMM_list, a, sizeof(*a) + room * sizeof(*in));
	if (r && r != HV_MORE)
		return r;
	/* A list that neither moves nor fills would be read for ever. */
	if (a->nr > room || (a->cursor == *cursor && !a->nr && r != HV_MORE))
		return -EPROTO;
	for (i = 0; i < a->nr; i++) {
		r = hvwire_record(kind, &in[i], &rec[i]);
		if (r)
			return r;
	}
	*nr = a->nr;
	*cursor = a->cursor;
	return 0;
}

/* What the hypervisor left of @range must be its end. */
static int shim_rest(const struct xen_nvdimm_range *rest, struct hv_range *range)
{
	uint64_t end = range->mfn + range->nr;

	if (rest->nr > range->nr || rest->mfn != end - rest->nr)
		return -EPROTO;
	*range = (struct hv_range){ .mfn = rest->mfn, .nr = rest->nr };
	return HV_MORE;
}

static int shim_broken(struct hv *hv, uint32_t cmd, struct hv_range *range, uint32_t nr, uint64_t *done)
{
	struct xen_nvdimm_broken *a = &hv_shim(hv)->arg.broken;
	struct xen_nvdimm_range *out = (void *)(a + 1);
	uint32_t i;
	int r;

	if (nr > HV_BROKEN_MAX)
		return -E2BIG;
	*a = (struct xen_nvdimm_broken){ .nr = nr, .done = *done };
	for (i = 0; i < nr; i++)
		out[i] = (struct xen_nvdimm_range){ .mfn = range[i].mfn, .nr = range[i].nr };
	r = shim_op(hv, cmd, a, sizeof(*a) + nr * sizeof(*out));
	if (a->done > nr || a->done < *done || (r == HV_MORE && a->done == nr))
		return -EPROTO;
	*done = a->done;
	return r == HV_MORE ? shim_rest(&out[*done], &range[*done]) : r;
}

static int shim_set_broken(struct hv *hv, struct hv_range *range, uint32_t nr, uint64_t *done)
{
	return shim_broken(hv, XEN_NVDIMM_set_broken, range, nr, done);
}

static int shim_clear_broken(struct hv *hv, struct hv_range *range, uint32_t nr, uint64_t *done)
{
	return shim_broken(hv, XEN_NVDIMM_clear_broken, range, nr, done);
}

static int shim_events(struct hv *hv, uint64_t ack_seq, struct hv_batch *ret)
{
	struct xen_nvdimm_events *a = &hv_shim(hv)->arg.events;
	size_t len = sizeof(*a) + HV_BATCH * sizeof(struct xen_nvdimm_event);
	int r;

	memset(a, 0, len);
	a->ack_seq = ack_seq;
	a->nr = HV_BATCH;
	r = shim_op(hv, XEN_NVDIMM_get_events, a, len);
	return r ? r : hvwire_events(a, HV_BATCH, ret);
}

static int shim_resolve(struct hv *hv, const struct hv_resolve *in)
{
	struct xen_nvdimm_resolve a;

	hvwire_resolve(in, &a);
	return shim_op(hv, XEN_NVDIMM_resolve, &a, sizeof(a));
}

static int shim_set_deadline(struct hv *hv, uint32_t *ms)
{
	struct xen_nvdimm_policy a = { .deadline_ms = *ms };
	int r;

	r = shim_op(hv, XEN_NVDIMM_set_policy, &a, sizeof(a));
	if (!r)
		*ms = a.deadline_ms;
	return r;
}

static int shim_hold(struct hv *hv, uint32_t domid, const struct nv_uuid *uuid, bool on)
{
	struct xen_nvdimm_hold a = { .domid = domid, .on = on };

	memcpy(a.handle, uuid->b, sizeof(a.handle));
	return shim_op(hv, XEN_NVDIMM_hold, &a, sizeof(a));
}

static int shim_scrub(struct hv *hv, uint64_t mfn, uint64_t nr, uint64_t *done)
{
	struct xen_nvdimm_scrub a = { .mfn = mfn, .nr = nr, .done = *done };
	int r;

	r = shim_op(hv, XEN_NVDIMM_scrub, &a, sizeof(a));
	if (r == HV_MORE || !r) {
		if (a.done > nr)
			return -EPROTO;
		*done = a.done;
	}
	return r;
}

static int shim_fd(struct hv *hv)
{
	return nvshim_fd(hv_shim(hv)->shim);
}

static int shim_drain(struct hv *hv)
{
	int r = nvshim_event_clear(hv_shim(hv)->shim);

	return r < 0 ? r : 0;
}

static void shim_free(struct hv *hv)
{
	struct hv_shim *s = hv_shim(hv);

	nvshim_close(s->shim);
	free(s);
}

static const struct hv_ops shim_ops = {
	.info = shim_info,
	.enrol = shim_enrol,
	.dismiss = shim_dismiss,
	.arm = shim_arm,
	.map = shim_map,
	.unmap = shim_unmap,
	.list = shim_list,
	.set_broken = shim_set_broken,
	.clear_broken = shim_clear_broken,
	.events = shim_events,
	.resolve = shim_resolve,
	.set_deadline = shim_set_deadline,
	.hold = shim_hold,
	.scrub = shim_scrub,
	.fd = shim_fd,
	.drain = shim_drain,
	.free = shim_free,
};

static int refuse_open(const char *where, int r, struct nv_why *why)
{
	bool sim = !strncmp(where, "sim:", 4);

	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED:
		if (sim)
			return nv_refuse(why, NV_E_NO_HYPERVISOR, "no nvdimm-sim answers at %s", where + 4);
		return nv_refuse(why, NV_E_NO_HYPERVISOR, "this is not the control domain of a Xen host");
	case -EACCES:
	case -EPERM:
		return nv_refuse(why, NV_E_PERMISSION, "only root may talk to the hypervisor (%s)", where);
	case -EINVAL:
	case -ENAMETOOLONG:
		return nv_refuse(why, NV_E_BAD_CONFIG, "the hypervisor is \"xen\" or \"sim:PATH\", not \"%s\"", where);
	default:
		return nv_refuse(why, r, "cannot reach the hypervisor (%s): %s", where, strerror(-r));
	}
}

static int refuse_hello(int r, const char *sentence, struct nv_why *why)
{
	switch (r) {
	case -ENOSYS:
	case -EPROTO:
	case -EPROTONOSUPPORT:
		return nv_refuse(why, NV_E_NO_HYPERVISOR, "%s", sentence);
	case -EPERM:
		return nv_refuse(why, NV_E_PERMISSION, "%s", sentence);
	default:
		return nv_refuse(why, r, "%s", sentence);
	}
}

int hv_shim_open(const char *where, struct nv_why *why, struct hv **ret)
{
	nv_cleanup(nv_freep) struct hv_shim *s = NULL;
	nv_cleanup(nvshim_closep) struct nvshim *shim = NULL;
	char sentence[256] = "";
	int r;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	r = nvshim_open(where, &shim);
	if (r)
		return refuse_open(where, r, why);
	r = nvshim_hello(shim, &s->info, sentence, sizeof(sentence));
	if (r)
		return refuse_hello(r, sentence, why);
	r = nvshim_listen(shim);
	if (r == -EEXIST || r == -EBUSY)
		return nv_refuse(why, NV_E_BUSY, "another program listens to the hypervisor's events already");
	if (r)
		return nv_refuse(why, r, "cannot listen to the hypervisor's events: %s", strerror(-r));

	s->hv.ops = &shim_ops;
	s->shim = nv_steal(&shim);
	*ret = &nv_steal(&s)->hv;
	return 0;
}
