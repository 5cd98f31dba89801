/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_attach.c - devices that a person attaches and detaches: what a
 * toolstack would write in xenstore, written by nvdimmd.
 */
#include <string.h>

#include "ops/device_desk.h"

static int check_bus(const struct nvd *nvd, struct nv_why *why)
{
	if (!nvd->bus || !nvd->devices)
		return nv_refuse(why, NV_E_UNSUPPORTED, "nvdimmd is configured without xenstore: use 'nvctl map'");
	if (!nvd->devices->synced)
		return nv_refuse(why, NV_E_UNSUPPORTED, "guests' devices are not followed: %s",
				 nvd->devices->lost[0] ? nvd->devices->lost : "xenstored did not answer yet");
	return 0;
}

static int choose_key(struct nvd *nvd, const struct req_attach *rq, uint32_t domid, struct nv_why *why,
		      struct device_key *ret)
{
	struct device_key key = { .domid = domid, .devid = rq->has_device ? rq->device : 0 };

	while (!rq->has_device && device_find(nvd->devices, key))
		key.devid++;
	if (device_find(nvd->devices, key))
		return nv_refuse(why, NV_E_DEVICE_TAKEN, "domain %u has a device %u already", domid, key.devid);
	*ret = key;
	return 0;
}

int op_attach_begin(struct nvd *nvd, const struct req_attach *rq, struct nv_why *why, struct op **ret)
{
	struct device_key key;
	struct device *dev;
	struct dom_info d;
	int r;

	r = check_bus(nvd, why);
	if (!r)
		r = domain_find(nvd, rq->domain, why, &d);
	if (!r)
		r = choose_key(nvd, rq, d.domid, why, &key);
	if (r)
		return r;
	dev = device_add(nvd->devices, key);
	if (!dev)
		return nv_refuse(why, -ENOMEM, "no memory");
	dev->here = true;
	dev->wish = (struct device_wish){
		.state = DEVICE_INITIALISING,
		.online = true,
		.has_gpa = rq->has_gpa,
		.gpa = rq->gpa,
	};
	view_text_set(dev->wish.volume, sizeof(dev->wish.volume), rq->volume);
	/* Refusals come before anything stands in xenstore. */
	r = device_map_begin(nvd, dev, true, why, ret);
	if (r) {
		device_del(nvd->devices, dev);
		return r;
	}
	(void)bus_attach(nvd->bus, key, &dev->wish);
	return 0;
}

static int find_by_volume(struct nvd *nvd, const char *volume, struct nv_why *why, struct device **ret)
{
	struct device *dev = NULL;
	struct dom_info d;
	struct volume *v;
	int r;

	r = ledger_volume_find(nvd->ledger, volume, why, &v);
	if (r)
		return r;
	if (!v->mapping)
		return nv_refuse(why, NV_E_NO_MAPPING, "the volume %s is not mapped", v->fact.name);
	r = dom_get(nvd->dom, v->mapping->fact.domid, &d);
	while (!r && (dev = device_of(nvd->devices, v->mapping->fact.domid, dev))) {
		if (device_mapping(nvd, dev, &d) != v->mapping)
			continue;
		*ret = dev;
		return 0;
	}
	return nv_refuse(why, NV_E_NO_DEVICE, "the volume %s is mapped without a device: use 'nvctl unmap'",
			 v->fact.name);
}

static int find_by_number(struct nvd *nvd, const struct req_detach *rq, struct nv_why *why, struct device **ret)
{
	struct dom_info d;
	int r;

	r = domain_find(nvd, rq->domain, why, &d);
	if (r)
		return r;
	*ret = device_find(nvd->devices, (struct device_key){ d.domid, rq->device });
	return *ret ? 0 : nv_refuse(why, NV_E_NO_DEVICE, "domain %u has no device %u", d.domid, rq->device);
}

int op_detach_begin(struct nvd *nvd, const struct req_detach *rq, struct nv_why *why, struct op **ret)
{
	struct device *dev = NULL;
	int r;

	r = check_bus(nvd, why);
	if (!r && rq->volume[0])
		r = find_by_volume(nvd, rq->volume, why, &dev);
	else if (!r)
		r = find_by_number(nvd, rq, why, &dev);
	if (r)
		return r;
	if (dev->busy)
		return nv_refuse(why, NV_E_BUSY, "device %u of domain %u is being attached or detached", dev->key.devid,
				 dev->key.domid);
	return device_leave_begin(nvd, dev, rq->force, why, ret);
}
