/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_ndctl_read.c - from libndctl's objects to a topology.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <daxctl/libdaxctl.h>
#include <linux/ndctl.h>

#include "adapter/sysfs.h"
#include "adapter/topo_ndctl_int.h"

static void quiet(struct ndctl_ctx *ctx, int priority, const char *file,
                  int line, const char *fn, const char *format, va_list args)
{
}

static void dax_quiet(struct daxctl_ctx *ctx, int priority, const char *file,
                      int line, const char *fn, const char *format,
                      va_list args)
{
}

int topo_ndctl_open(struct ndctl_ctx **ret)
{
	struct ndctl_ctx *ctx;
	int r;

	r = ndctl_new(&ctx);
	if (r < 0)
		return r;
	/* It would write to stderr; what matters comes back as a result. */
	ndctl_set_log_fn(ctx, quiet);
	daxctl_set_log_fn(ndctl_get_daxctl_ctx(ctx), dax_quiet);
	*ret = ctx;
	return 0;
}

void topo_ndctl_closep(struct ndctl_ctx **ctx)
{
	if (*ctx)
		ndctl_unref(*ctx);
	*ctx = NULL;
}

static void copy_name(char *to, const char *from)
{
	snprintf(to, TOPO_NAME, "%s", from ? from : "");
}

static uint32_t dimm_health(struct ndctl_dimm *dimm)
{
	const struct {
		int is;
		uint32_t bit;
	} says[] = {
		{ndctl_dimm_smart_pending(dimm), TOPO_HEALTH_SMART_EVENT},
		{ndctl_dimm_failed_save(dimm), TOPO_HEALTH_FAILED_SAVE},
		{ndctl_dimm_failed_restore(dimm), TOPO_HEALTH_FAILED_RESTORE},
		{ndctl_dimm_failed_flush(dimm), TOPO_HEALTH_FAILED_FLUSH},
		{ndctl_dimm_failed_arm(dimm), TOPO_HEALTH_FAILED_ARM},
		{ndctl_dimm_failed_map(dimm), TOPO_HEALTH_FAILED_MAP},
		{!ndctl_dimm_is_enabled(dimm), TOPO_HEALTH_DISABLED},
		{ndctl_dimm_get_security(dimm) == NDCTL_SECURITY_LOCKED,
	         TOPO_HEALTH_LOCKED},
	};
	uint32_t health = 0;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(says); i++)
		if (says[i].is > 0)
			health |= says[i].bit;
	return health;
}

static uint32_t dimm_smart(struct ndctl_dimm *dimm)
{
	struct ndctl_cmd *cmd = ndctl_dimm_cmd_new_smart(dimm);
	uint32_t health = 0;
	unsigned int says;

	if (!cmd)
		return 0;
	if (ndctl_cmd_submit_xlat(cmd) >= 0 &&
	    (ndctl_cmd_smart_get_flags(cmd) & ND_SMART_HEALTH_VALID)) {
		says = ndctl_cmd_smart_get_health(cmd);
		if (says & ND_SMART_NON_CRITICAL_HEALTH)
			health |= TOPO_HEALTH_NON_CRITICAL;
		if (says & ND_SMART_CRITICAL_HEALTH)
			health |= TOPO_HEALTH_CRITICAL;
		if (says & ND_SMART_FATAL_HEALTH)
			health |= TOPO_HEALTH_FATAL;
	}
	ndctl_cmd_unref(cmd);
	return health;
}

static int read_dimms(struct ndctl_region *from, struct topo_region *to)
{
	struct ndctl_dimm *dimm;

	ndctl_dimm_foreach_in_region(from, dimm)
	{
		struct topo_dimm *d = topo_add_dimm(to);

		if (!d)
			return -ENOMEM;
		copy_name(d->name, ndctl_dimm_get_devname(dimm));
		copy_name(d->id, ndctl_dimm_get_unique_id(dimm));
		d->handle = ndctl_dimm_get_handle(dimm);
		d->serial = ndctl_dimm_get_serial(dimm);
		d->health = dimm_health(dimm) | dimm_smart(dimm);
	}
	return 0;
}

static enum topo_mode mode_of(enum ndctl_namespace_mode mode)
{
	switch (mode) {
	case NDCTL_NS_MODE_RAW:
		return TOPO_MODE_RAW;
	case NDCTL_NS_MODE_SECTOR:
		return TOPO_MODE_SECTOR;
	case NDCTL_NS_MODE_FSDAX:
		return TOPO_MODE_FSDAX;
	case NDCTL_NS_MODE_DEVDAX:
		return TOPO_MODE_DEVDAX;
	case NDCTL_NS_MODE_UNKNOWN:
		break;
	}
	return TOPO_MODE_UNKNOWN;
}

/*
 * Whom the label claims the namespace for ("enforce mode") outweighs what the
 * kernel does with it now: raw is also what it says of a disabled namespace
 * of any mode.
 */
static void read_mode(struct ndctl_namespace *from, struct topo_ns *ns)
{
	enum topo_mode claimed =
		mode_of(ndctl_namespace_get_enforce_mode(from));

	ns->mode = mode_of(ndctl_namespace_get_mode(from));
	if (ns->mode == TOPO_MODE_RAW && claimed != TOPO_MODE_UNKNOWN)
		ns->mode = claimed;
}

static int read_dax(struct ndctl_dax *dax, struct topo_ns *ns)
{
	struct daxctl_region *region = ndctl_dax_get_daxctl_region(dax);
	struct daxctl_dev *dev;

	if (!region)
		return 0;
	daxctl_dev_foreach(region, dev)
	{
		const char *name = daxctl_dev_get_devname(dev);

		if (!daxctl_dev_get_size(dev))
			continue;
		copy_name(ns->chardev, name);
		if (daxctl_dev_has_online_memory(dev) > 0 &&
		    topo_add_user(ns, TOPO_USE_SYSTEM_RAM, name, 0))
			return -ENOMEM;
	}
	return 0;
}

/* Where the device's bad blocks count from; @ret_base UINT64_MAX: nowhere. */
static int read_device(struct ndctl_namespace *from, struct topo_ns *ns,
                       uint64_t *ret_base)
{
	struct ndctl_btt *btt = ndctl_namespace_get_btt(from);
	struct ndctl_pfn *pfn = ndctl_namespace_get_pfn(from);
	struct ndctl_dax *dax = ndctl_namespace_get_dax(from);

	if (btt) {
		copy_name(ns->block, ndctl_btt_get_block_device(btt));
		*ret_base = UINT64_MAX;
		return 0;
	}
	if (pfn) {
		copy_name(ns->block, ndctl_pfn_get_block_device(pfn));
		*ret_base = ndctl_pfn_get_resource(pfn);
		return 0;
	}
	if (dax) {
		*ret_base = UINT64_MAX;
		return read_dax(dax, ns);
	}
	copy_name(ns->block, ndctl_namespace_get_block_device(from));
	*ret_base = ns->spa;
	return 0;
}

static int read_identity(struct topo *t, struct ndctl_namespace *from,
                         struct topo_region *r, struct topo_ns *ns,
                         bool *ret_known)
{
	uuid_t uuid;

	*ret_known = true;
	ndctl_namespace_get_uuid(from, uuid);
	memcpy(ns->id.b, uuid, sizeof(ns->id.b));
	if (!nv_uuid_is_zero(&ns->id))
		return 0;
	if (!r->labelled && r->cookie) {
		ns->id = topo_id_from_cookie(r->cookie);
		ns->id_derived = true;
		return 0;
	}
	*ret_known = false;
	return topo_add_problem(
		t,
		"%s was left out: it has no UUID and its region no cookie, so "
	        "nothing tells it apart from "
		"others; labels on its DIMMs would ('ndctl init-labels')",
		ns->name);
}

static int read_namespace(struct topo *t, struct ndctl_namespace *from,
                          struct topo_region *r)
{
	struct topo_ns ns = {.spa = ndctl_namespace_get_resource(from),
	                     .size = ndctl_namespace_get_size(from)};
	struct topo_ns *slot;
	uint64_t base;
	bool known;

	/* The seed: a place for the next namespace, without memory. */
	if (!ns.size)
		return 0;
	copy_name(ns.name, ndctl_namespace_get_devname(from));
	if (ns.spa == ULLONG_MAX)
		return topo_add_problem(
			t, "%s was left out: its address cannot be read",
			ns.name);
	copy_name(ns.label, ndctl_namespace_get_alt_name(from));
	if (read_identity(t, from, r, &ns, &known))
		return -ENOMEM;
	if (!known)
		return 0;
	ns.enabled = ndctl_namespace_is_active(from);
	ns.read_only = r->read_only;
	read_mode(from, &ns);
	slot = topo_add_ns(r);
	if (!slot)
		return -ENOMEM;
	*slot = ns;
	if (read_device(from, slot, &base))
		return -ENOMEM;
	return topo_ndctl_disk_bad(slot, base, r);
}

static enum topo_persistence persistence_of(enum ndctl_persistence_domain pd)
{
	switch (pd) {
	case PERSISTENCE_NONE:
		return TOPO_PERSISTENCE_NONE;
	case PERSISTENCE_MEM_CTRL:
		return TOPO_PERSISTENCE_MEM_CTRL;
	case PERSISTENCE_CPU_CACHE:
		return TOPO_PERSISTENCE_CPU_CACHE;
	case PERSISTENCE_UNKNOWN:
		break;
	}
	return TOPO_PERSISTENCE_UNKNOWN;
}

static int read_region(struct topo *t, struct ndctl_region *from)
{
	struct ndctl_namespace *ns;
	struct topo_region *r;
	char path[PATH_MAX];

	if (ndctl_region_get_resource(from) == ULLONG_MAX)
		return topo_add_problem(
			t, "%s was left out: its address cannot be read",
			ndctl_region_get_devname(from));
	r = topo_add_region(t);
	if (!r)
		return -ENOMEM;
	copy_name(r->name, ndctl_region_get_devname(from));
	r->spa = ndctl_region_get_resource(from);
	r->size = ndctl_region_get_size(from);
	r->numa_node = NV_MAX(ndctl_region_get_numa_node(from), -1);
	r->persistence =
		persistence_of(ndctl_region_get_persistence_domain(from));
	r->read_only = ndctl_region_get_ro(from) != 0;
	r->enabled = ndctl_region_is_enabled(from) > 0;
	r->labelled = ndctl_region_get_nstype(from) == ND_DEVICE_NAMESPACE_PMEM;
	/* libndctl keeps the cookie of a region without labels to itself. */
	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/set_cookie",
	         r->name);
	if (sysfs_read_u64(AT_FDCWD, path, &r->cookie))
		r->cookie = 0;
	if (read_dimms(from, r) || topo_ndctl_region_bad(t, from, r))
		return -ENOMEM;
	ndctl_namespace_foreach(
		from, ns) if (read_namespace(t, ns, r)) return -ENOMEM;
	return 0;
}

/* Does libndctl have an object for this region or namespace? */
static bool is_known(struct ndctl_ctx *ctx, const char *name)
{
	struct ndctl_namespace *n;
	struct ndctl_region *region;
	struct ndctl_bus *bus;

	ndctl_bus_foreach(ctx, bus)
	{
		ndctl_region_foreach(bus, region)
		{
			if (!strcmp(ndctl_region_get_devname(region), name))
				return true;
			ndctl_namespace_foreach(region, n)
				if (!strcmp(ndctl_namespace_get_devname(n),
				            name))
					return true;
		}
	}
	return false;
}

/* libndctl passes over what it cannot parse without a word. */
static int read_passed_over(struct topo *t, struct ndctl_ctx *ctx)
{
	DIR *dir = opendir("/sys/bus/nd/devices");
	const struct dirent *e;
	int r = 0;

	while (!r && dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, "region", 6) &&
		    strncmp(e->d_name, "namespace", 9))
			continue;
		if (!is_known(ctx, e->d_name))
			r = topo_add_problem(
				t, "%s was left out: libndctl cannot read it",
				e->d_name);
	}
	if (dir)
		closedir(dir);
	return r;
}

int topo_ndctl_read(struct ndctl_ctx **ret_ctx, struct topo **ret)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct ndctl_region *region;
	struct ndctl_bus *bus;
	int r;

	r = topo_ndctl_open(&ctx);
	if (r < 0)
		return r;
	t = topo_new();
	if (!t)
		return -ENOMEM;
	ndctl_bus_foreach(ctx, bus)
		ndctl_region_foreach(bus, region)
			if (ndctl_region_get_type(region) ==
			            ND_DEVICE_REGION_PMEM &&
			    read_region(t, region))
				return -ENOMEM;
	if (read_passed_over(t, ctx) || topo_finish(t))
		return -ENOMEM;
	*ret_ctx = nv_steal(&ctx);
	*ret = nv_steal(&t);
	return 0;
}

struct ndctl_namespace *topo_ndctl_find(struct ndctl_ctx *ctx,
                                        const struct topo_ns *ns)
{
	struct ndctl_namespace *n;
	struct ndctl_region *region;
	struct ndctl_bus *bus;

	ndctl_bus_foreach(ctx, bus) ndctl_region_foreach(bus, region)
		ndctl_namespace_foreach(
			region, n) if (!strcmp(ndctl_namespace_get_devname(n),
	                                       ns->name)) return n;
	return NULL;
}
