/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/topo_find.c - ask a topology: where, who, may I?
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/topo.h"

/* Where topo_id_from_cookie() puts things in the sixteen bytes. */
#define ID_VERSION    6 /* high nibble: version 8 */
#define ID_VARIANT    8
#define ID_COOKIE_TOP 7
#define ID_COOKIE     9

struct nv_uuid topo_id_from_cookie(uint64_t cookie)
{
	struct nv_uuid id = {{'n', 'v', 'p', 'o', 'o', 'l'}};
	size_t i;

	id.b[ID_VERSION] = 0x80;
	id.b[ID_VARIANT] = 0x80;
	id.b[ID_COOKIE_TOP] = (uint8_t)(cookie >> 56);
	for (i = 0; i < 7; i++)
		id.b[ID_COOKIE + i] = (uint8_t)(cookie >> (48 - 8 * i));
	return id;
}

bool topo_id_cookie(const struct nv_uuid *id, uint64_t *ret)
{
	uint64_t cookie = id->b[ID_COOKIE_TOP];
	struct nv_uuid made;
	size_t i;

	for (i = 0; i < 7; i++)
		cookie = cookie << 8 | id->b[ID_COOKIE + i];
	made = topo_id_from_cookie(cookie);
	if (!nv_uuid_equal(&made, id))
		return false;
	*ret = cookie;
	return true;
}

bool topo_find_id(const struct topo *t, const struct nv_uuid *id,
                  struct topo_place *ret)
{
	size_t i, j;

	for (i = 0; i < t->nr_regions; i++) {
		const struct topo_region *r = &t->regions[i];

		for (j = 0; j < r->nr_namespaces; j++) {
			if (!nv_uuid_equal(&r->namespaces[j].id, id))
				continue;
			*ret = (struct topo_place){r, &r->namespaces[j]};
			return true;
		}
	}
	return false;
}

bool topo_place_has(const struct topo_place *place, uint64_t offset,
                    uint64_t nr)
{
	return nr && nv_is_aligned(offset, TOPO_FRAME) &&
	       offset <= place->ns->size &&
	       nr <= (place->ns->size - offset) / TOPO_FRAME;
}

bool topo_find_spa(const struct topo *t, uint64_t spa, struct topo_place *ret)
{
	size_t i, j;

	for (i = 0; i < t->nr_regions; i++) {
		const struct topo_region *r = &t->regions[i];

		if (spa < r->spa || spa - r->spa >= r->size)
			continue;
		*ret = (struct topo_place){.region = r};
		for (j = 0; j < r->nr_namespaces; j++) {
			const struct topo_ns *ns = &r->namespaces[j];

			if (spa >= ns->spa && spa - ns->spa < ns->size)
				ret->ns = ns;
		}
		return true;
	}
	return false;
}

static bool ns_is_called(const struct topo_ns *ns, const char *text)
{
	const char *dev = strncmp(text, "/dev/", 5) ? text : text + 5;

	if (!*dev)
		return false;
	return !strcmp(ns->name, text) || !strcmp(ns->label, text) ||
	       !strcmp(ns->block, dev) || !strcmp(ns->chardev, dev);
}

/* The part of a sentence that lists what could have been meant. */
struct list {
	char text[256];
	size_t len;
	size_t nr;
};

static void list_add(struct list *l, const struct topo_ns *ns)
{
	char id[NV_UUID_TEXT];
	int n;

	n = snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%s (%s)",
	             l->nr ? ", " : "", ns->name, nv_uuid_print(&ns->id, id));
	if (n > 0)
		l->len = NV_MIN(l->len + (size_t)n, sizeof(l->text) - 1);
	l->nr++;
}

static int find_region(const struct topo_region *r, struct topo_place *ret,
                       struct nv_why *why)
{
	struct list list = {.nr = 0};
	size_t i;

	if (r->nr_namespaces == 1) {
		*ret = (struct topo_place){r, &r->namespaces[0]};
		return 0;
	}
	if (!r->nr_namespaces)
		return nv_refuse(why, NV_E_NO_REGION,
		                 "%s has no namespace; make one with 'ndctl "
		                 "create-namespace --mode=raw --region=%s'",
		                 r->name, r->name);
	for (i = 0; i < r->nr_namespaces; i++)
		list_add(&list, &r->namespaces[i]);
	return nv_refuse(why, NV_E_BAD_REQUEST,
	                 "%s has %zu namespaces, say which: %s", r->name,
	                 r->nr_namespaces, list.text);
}

int topo_find(const struct topo *t, const char *text, struct topo_place *ret,
              struct nv_why *why)
{
	struct list list = {.nr = 0};
	struct topo_place found = {0};
	struct nv_uuid id;
	size_t i, j;

	if (!nv_uuid_parse(text, &id) && topo_find_id(t, &id, ret))
		return 0;
	for (i = 0; i < t->nr_regions; i++) {
		const struct topo_region *r = &t->regions[i];

		for (j = 0; j < r->nr_namespaces; j++) {
			if (!ns_is_called(&r->namespaces[j], text))
				continue;
			found = (struct topo_place){r, &r->namespaces[j]};
			list_add(&list, found.ns);
		}
	}
	if (list.nr > 1)
		return nv_refuse(
			why, NV_E_BAD_REQUEST,
			"%zu namespaces are called '%.*s', say which: %s",
			list.nr, TOPO_NAME, text, list.text);
	if (list.nr == 1) {
		*ret = found;
		return 0;
	}
	for (i = 0; i < t->nr_regions; i++)
		if (!strcmp(t->regions[i].name, text))
			return find_region(&t->regions[i], ret, why);
	return nv_refuse(why, NV_E_NO_REGION,
	                 "this host has no namespace or region '%.*s'",
	                 TOPO_NAME, text);
}

int topo_check_pool(const struct topo_place *place, struct nv_why *why)
{
	const struct topo_ns *ns = place->ns;

	if (ns->mode != TOPO_MODE_RAW)
		return nv_refuse(
			why, NV_E_UNSUPPORTED,
			"%s is in %s mode, in which the kernel keeps data of "
			"its own in it; a pool must be raw: "
			"'ndctl create-namespace --force --reconfig=%s "
			"--mode=raw' (what it holds is lost)",
			ns->name, topo_mode_name(ns->mode), ns->name);
	if (ns->read_only || place->region->read_only)
		return nv_refuse(why, NV_E_UNSUPPORTED,
		                 "%s is read only: 'ndctl set-region --help' "
		                 "or the firmware can say why",
		                 ns->read_only ? ns->name
		                               : place->region->name);
	return 0;
}

int topo_check_idle(const struct topo_ns *ns, struct nv_why *why)
{
	char text[384], one[160];
	size_t i, len = 0;
	int n;

	if (!ns->nr_users)
		return 0;
	text[0] = '\0';
	for (i = 0; i < ns->nr_users; i++) {
		n = snprintf(text + len, sizeof(text) - len, "%s%s",
		             i ? ", " : "",
		             topo_user_print(&ns->users[i], one, sizeof(one)));
		if (n < 0 || len + (size_t)n >= sizeof(text)) {
			snprintf(text + len, sizeof(text) - len, "%s", "");
			break;
		}
		len += (size_t)n;
	}
	if (i < ns->nr_users)
		return nv_refuse(why, NV_E_POOL_BUSY,
		                 "%s is in use: %s and %zu more", ns->name,
		                 text, ns->nr_users - i);
	return nv_refuse(why, NV_E_POOL_BUSY, "%s is in use: %s", ns->name,
	                 text);
}

const char *topo_user_print(const struct topo_user *u, char *buf, size_t len)
{
	switch (u->use) {
	case TOPO_USE_MOUNT:
		snprintf(buf, len, "mounted on %s", u->name);
		break;
	case TOPO_USE_SWAP:
		snprintf(buf, len, "swap on %s", u->name);
		break;
	case TOPO_USE_HOLDER:
		snprintf(buf, len, "held by %s", u->name);
		break;
	case TOPO_USE_OPENER:
		snprintf(buf, len, "opened by %s (%d)", u->name, u->pid);
		break;
	case TOPO_USE_SYSTEM_RAM:
		snprintf(buf, len, "system memory through %s", u->name);
		break;
	}
	return buf;
}

static const char *const mode_names[] = {
	[TOPO_MODE_UNKNOWN] = "unknown", [TOPO_MODE_RAW] = "raw",
	[TOPO_MODE_SECTOR] = "sector",   [TOPO_MODE_FSDAX] = "fsdax",
	[TOPO_MODE_DEVDAX] = "devdax",
};

static const char *const persistence_names[] = {
	[TOPO_PERSISTENCE_UNKNOWN] = "unknown",
	[TOPO_PERSISTENCE_NONE] = "none",
	[TOPO_PERSISTENCE_MEM_CTRL] = "memory_controller",
	[TOPO_PERSISTENCE_CPU_CACHE] = "cpu_cache",
};

static const char *const use_names[] = {
	[TOPO_USE_MOUNT] = "mount",           [TOPO_USE_SWAP] = "swap",
	[TOPO_USE_HOLDER] = "holder",         [TOPO_USE_OPENER] = "opener",
	[TOPO_USE_SYSTEM_RAM] = "system-ram",
};

static const char *const health_names[] = {
	"smart_event", "failed_save", "failed_restore", "failed_flush",
	"failed_arm",  "failed_map",  "non_critical",   "critical",
	"fatal",       "disabled",    "locked",
};

static int lookup(const char *const *names, size_t nr, const char *text)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(names[i], text))
			return (int)i;
	return -EINVAL;
}

const char *topo_mode_name(enum topo_mode mode)
{
	return mode_names[mode];
}

const char *topo_persistence_name(enum topo_persistence p)
{
	return persistence_names[p];
}

const char *topo_use_name(enum topo_use use)
{
	return use_names[use];
}

int topo_mode_parse(const char *text, enum topo_mode *ret)
{
	int r = lookup(mode_names, NV_ARRAY_SIZE(mode_names), text);

	if (r < 0)
		return r;
	*ret = (enum topo_mode)r;
	return 0;
}

int topo_persistence_parse(const char *text, enum topo_persistence *ret)
{
	int r = lookup(persistence_names, NV_ARRAY_SIZE(persistence_names),
	               text);

	if (r < 0)
		return r;
	*ret = (enum topo_persistence)r;
	return 0;
}

int topo_use_parse(const char *text, enum topo_use *ret)
{
	int r = lookup(use_names, NV_ARRAY_SIZE(use_names), text);

	if (r < 0)
		return r;
	*ret = (enum topo_use)r;
	return 0;
}

const char *topo_health_name(uint32_t bit)
{
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(health_names); i++)
		if (bit == 1u << i)
			return health_names[i];
	return NULL;
}
