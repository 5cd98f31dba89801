/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/tables.c - from a guest's list to its file.
 */
#include "ops/tables.h"

#include <string.h>

#include "core/guests.h"
#include "port/firmware.h"

/* The first device of the list after @g; the first one after NULL. */
static struct guest_device *list_next(struct nvd *nvd, const char *guest, struct guest_device *g)
{
	while ((g = ledger_guest_next(nvd->ledger, g)))
		if (!strcmp(g->fact.guest, guest))
			return g;
	return NULL;
}

/* The first device of each list; begin with NULL. */
static struct guest_device *first_next(struct nvd *nvd, struct guest_device *g)
{
	const char *last = g ? g->fact.guest : "";

	while ((g = ledger_guest_next(nvd->ledger, g)))
		if (strcmp(g->fact.guest, last))
			return g;
	return NULL;
}

/* What is said is true for all: the least that any pool keeps. */
static enum topo_persistence persistence_least(enum topo_persistence so_far, const struct volume *v)
{
	enum topo_persistence p = TOPO_PERSISTENCE_UNKNOWN;

	if (topo_persistence_parse(v->pool->site.persistence, &p))
		p = TOPO_PERSISTENCE_UNKNOWN;
	return NV_MIN(so_far, p);
}

static int collect(struct nvd *nvd, const char *guest, struct nv_why *why, struct firmware *ret)
{
	struct guest_device *g = NULL;

	ret->nr = 0;
	ret->persistence = TOPO_PERSISTENCE_CPU_CACHE;
	while ((g = list_next(nvd, guest, g))) {
		if (g->fact.gfn == NV_NO_FRAME)
			return nv_refuse(why, NV_E_BAD_ALIGNMENT, "device %u of the guest %s has no address yet",
					 g->fact.device, guest);
		if (ret->nr == FIRMWARE_DEVICES)
			return nv_refuse(why, NV_E_LIMIT, "the guest %s has more than %u devices", guest,
					 FIRMWARE_DEVICES);
		ret->persistence = persistence_least(ret->persistence, g->volume);
		ret->dev[ret->nr++] = (struct firmware_device){
			.devid = g->fact.device,
			.gpa = frames_to_bytes(g->fact.gfn),
			.size = frames_to_bytes(ledger_guest_size(g)),
			.volume = g->volume->fact.uuid,
		};
	}
	return ret->nr ? 0 : nv_refuse(why, NV_E_NO_DEVICE, "the guest %s has no device on its list", guest);
}

/* Return: 0; the refusal; -errno. The file is right, gone, or as it was. */
static int file_make(struct nvd *nvd, const char *guest, struct nv_why *why)
{
	struct firmware fw;
	int r, gone;

	r = collect(nvd, guest, why, &fw);
	if (!r)
		r = firmware_put(nvd->firmware, guest, &fw, why);
	if (r <= 0)
		return r;
	gone = firmware_del(nvd->firmware, guest);
	return gone ? nv_refuse(why, gone, "the file of the guest %s cannot be removed: %s", guest, strerror(-gone)) :
		      r;
}

int tables_of(struct nvd *nvd, const char *guest, struct nv_why *why, char *path)
{
	struct nv_why local = { "" };
	int r;

	if (!nvd->firmware)
		return nv_refuse(why, NV_E_UNSUPPORTED, "nvdimmd has no place for ACPI tables");
	r = file_make(nvd, guest, &local);
	if (!r && path)
		r = firmware_path(nvd->firmware, guest, path);
	if (r < 0)
		nvd_alarm(nvd, ALARM_TABLES, "the ACPI tables of the guest %s are not what its list says: %s", guest,
			  local.text[0] ? local.text : strerror(-r));
	if (r && why)
		*why = local;
	return r;
}

/* Whether it worked is in the alarms; that it cannot, in the guest's list. */
void tables_sync(struct nvd *nvd, const char *guest)
{
	if (nvd->alarm[ALARM_TABLES][0])
		tables_boot(nvd);
	else if (nvd->firmware)
		tables_of(nvd, guest, NULL, NULL);
}

void tables_sync_volume(struct nvd *nvd, const struct volume *v)
{
	struct guest_device *g = NULL;

	while ((g = ledger_guest_next(nvd->ledger, g)))
		if (g->volume == v)
			tables_sync(nvd, g->fact.guest);
}

static int keep_lists(struct nvd *nvd)
{
	nv_cleanup(nv_freep) const char **guests = NULL;
	struct guest_device *g = NULL;
	size_t nr = 0, i = 0;

	while ((g = first_next(nvd, g)))
		nr++;
	guests = calloc(nr + 1, sizeof(*guests));
	if (!guests)
		return -ENOMEM;
	while ((g = first_next(nvd, g)))
		guests[i++] = g->fact.guest;
	return firmware_keep(nvd->firmware, guests, nr);
}

void tables_boot(struct nvd *nvd)
{
	struct guest_device *g = NULL;
	int r;

	if (!nvd->firmware)
		return;
	nvd_alarm(nvd, ALARM_TABLES, NULL);
	r = keep_lists(nvd);
	if (r)
		nvd_alarm(nvd, ALARM_TABLES, "old ACPI tables of guests cannot be removed: %s", strerror(-r));
	while ((g = first_next(nvd, g)))
		if (tables_of(nvd, g->fact.guest, NULL, NULL) < 0)
			return;
}
