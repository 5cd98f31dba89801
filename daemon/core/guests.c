/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/guests.c - the lists of what guests are to get.
 */
#include <stdio.h>
#include <string.h>

#include "core/ledger-int.h"

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* One form for each guest, so that equal guests are equal texts. */
int ledger_guest_parse(const char *text, struct nv_why *why,
		       char ret[NV_OWNER_TEXT])
{
	bool by_uuid = !strncmp(text, "uuid:", 5);
	bool by_name = !strncmp(text, "name:", 5);
	char owner[NV_OWNER_TEXT], canonical[NV_UUID_TEXT];
	struct nv_uuid uuid;
	int r;

	if (is_number(text))
		return nv_refuse(why, NV_E_BAD_NAME,
				 "%s is the number of a domain, which its guest does not keep: give its name or UUID, or name:%s if it is called that",
				 text, text);
	if (!*text || strlen(text) >= sizeof(owner) - sizeof("uuid:"))
		return nv_refuse(why, NV_E_BAD_NAME,
				 "a guest is a name or a UUID of at most %zu bytes",
				 sizeof(owner) - sizeof("uuid:") - 1);
	if (by_uuid || by_name)
		text_set(owner, sizeof(owner), text);
	else
		snprintf(owner, sizeof(owner), "%s:%s",
			 nv_uuid_parse(text, &uuid) ? "name" : "uuid", text);
	r = ledger_owner_check(owner, why);
	if (r)
		return r;
	if (!nv_uuid_parse(owner + 5, &uuid) && owner[0] == 'u')
		text_set(owner + 5, sizeof(owner) - 5,
			 nv_uuid_print(&uuid, canonical));
	text_set(ret, NV_OWNER_TEXT, owner);
	return 0;
}

static int guest_order(const struct guest_device *a, const struct guest_fact *b)
{
	int c = strcmp(a->fact.guest, b->guest);

	if (c)
		return c;
	return a->fact.device < b->device ? -1 : a->fact.device > b->device;
}

/* From the end: the book gives them in their order. */
static struct guest_device *guest_before(struct ledger *l,
					 const struct guest_fact *fact)
{
	struct guest_device *g = l->last_guest;

	while (g && guest_order(g, fact) > 0)
		g = g->prev;
	return g;
}

static struct guest_device *guest_make(struct ledger *l,
				       const struct guest_fact *fact,
				       struct volume *v)
{
	struct guest_device *g = calloc(1, sizeof(*g)), *before;

	if (!g)
		return NULL;
	before = guest_before(l, fact);
	g->fact = *fact;
	g->volume = v;
	g->prev = before;
	g->next = before ? before->next : l->guests;
	*(before ? &before->next : &l->guests) = g;
	*(g->next ? &g->next->prev : &l->last_guest) = g;
	return g;
}

void ledger_guest_del(struct ledger *l, struct guest_device *g)
{
	*(g->prev ? &g->prev->next : &l->guests) = g->next;
	*(g->next ? &g->next->prev : &l->last_guest) = g->prev;
	free(g);
}

struct guest_device *ledger_guest_next(struct ledger *l, struct guest_device *g)
{
	return g ? g->next : l->guests;
}

/* The next device of the same list after @g; the first after NULL. */
static struct guest_device *list_next(struct ledger *l, const char *guest,
				      struct guest_device *g)
{
	for (g = ledger_guest_next(l, g); g; g = g->next)
		if (!strcmp(g->fact.guest, guest))
			return g;
	return NULL;
}

static bool is_shadowed(struct ledger *l, const char *by_uuid,
			const struct guest_device *named)
{
	struct guest_device *g = NULL;

	while ((g = list_next(l, by_uuid, g)))
		if (g->fact.device == named->fact.device ||
		    g->volume == named->volume)
			return true;
	return false;
}

struct guest_device *ledger_guest_of(struct ledger *l,
				     const struct nv_uuid *uuid,
				     const char *name, struct guest_device *g)
{
	char by_uuid[NV_UUID_TEXT + 5] = "uuid:";
	const char *guest;

	nv_uuid_print(uuid, by_uuid + 5);
	for (g = ledger_guest_next(l, g); g; g = g->next) {
		guest = g->fact.guest;
		if (!strcmp(guest, by_uuid))
			return g;
		if (!strncmp(guest, "name:", 5) && *name &&
		    !strcmp(guest + 5, name) && !is_shadowed(l, by_uuid, g))
			return g;
	}
	return NULL;
}

int guests_check_unlisted(struct ledger *l, const struct volume *v,
			  struct nv_why *why)
{
	const struct guest_device *g;

	for (g = l->guests; g; g = g->next)
		if (g->volume == v)
			return nv_refuse(why, NV_E_LISTED,
					 "the guest %s is to get the volume %s as device %u, so it cannot be deleted",
					 g->fact.guest, v->fact.name,
					 g->fact.device);
	return 0;
}

/* A UUID and a name may be the same guest's: that is for the map to find out. */
static int check_owner(const struct volume *v, const char *guest,
		       struct nv_why *why)
{
	char owner[NV_OWNER_TEXT];

	if (!v->fact.owner[0] || ledger_guest_parse(v->fact.owner, NULL, owner))
		return 0;
	if (strncmp(owner, guest, 5) || !strcmp(owner, guest))
		return 0;
	return nv_refuse(why, NV_E_NOT_OWNER,
			 "the volume %s belongs to %s and would be refused to %s",
			 v->fact.name, owner, guest);
}

static int check_volume(struct ledger *l, const char *guest,
			const struct volume *v, struct nv_why *why)
{
	struct guest_device *g = NULL;

	if (v->fact.state != VOLUME_READY)
		return nv_refuse(why, NV_E_VOLUME_BUSY,
				 "the volume %s is being %s", v->fact.name,
				 v->fact.state == VOLUME_CREATING ? "created" :
								    "deleted");
	while ((g = list_next(l, guest, g)))
		if (g->volume == v)
			return nv_refuse(why, NV_E_LISTED,
					 "the volume %s is device %u of the guest %s already",
					 v->fact.name, g->fact.device, guest);
	return check_owner(v, guest, why);
}

/* The number asked for, or the lowest that is free: the list is in order. */
static int choose_device(struct ledger *l, const struct guest_request *req,
			 const char *guest, struct nv_why *why, uint32_t *ret)
{
	struct guest_device *g = NULL;
	const struct guest_device *taken = NULL;
	uint32_t lowest = 0;

	while ((g = list_next(l, guest, g))) {
		if (g->fact.device == lowest)
			lowest++;
		if (req->has_device && g->fact.device == req->device)
			taken = g;
	}
	if (taken && lowest < GUEST_DEVICES)
		return nv_refuse(why, NV_E_DEVICE_TAKEN,
				 "device %u of the guest %s is the volume %s; the lowest free number is %u",
				 req->device, guest, taken->volume->fact.name,
				 lowest);
	if (req->has_device && req->device >= GUEST_DEVICES)
		return nv_refuse(why, NV_E_LIMIT,
				 "device %u: the numbers are 0 to %u",
				 req->device, GUEST_DEVICES - 1);
	if (taken || lowest >= GUEST_DEVICES)
		return nv_refuse(why, NV_E_LIMIT,
				 "the guest %s has %u devices already, the most that fit",
				 guest, GUEST_DEVICES);
	*ret = req->has_device ? req->device : lowest;
	return 0;
}

static int check_gpa(struct ledger *l, const struct guest_request *req,
		     const char *guest, struct nv_why *why)
{
	uint64_t nr = req->volume->fact.nr;
	struct guest_device *g = NULL;
	int r;

	r = map_check_gpa(req->volume, req->gpa, nr, why);
	if (r)
		return r;
	while ((g = list_next(l, guest, g)))
		if (g->fact.gfn != NV_NO_FRAME &&
		    frames_overlap(frames_from_bytes(req->gpa), nr, g->fact.gfn,
				   g->volume->fact.nr))
			return nv_refuse(why, NV_E_GFN_OCCUPIED,
					 "device %u of the guest %s, the volume %s, is at guest addresses 0x%llx to 0x%llx",
					 g->fact.device, guest,
					 g->volume->fact.name,
					 (unsigned long long)frames_to_bytes(
						 g->fact.gfn),
					 (unsigned long long)frames_to_bytes(
						 g->fact.gfn +
						 g->volume->fact.nr) - 1);
	return 0;
}

int ledger_guest_add(struct ledger *l, const struct guest_request *req,
		     struct nv_why *why, struct guest_device **ret)
{
	struct guest_fact fact = { .if_missing = req->if_missing,
				   .volume = req->volume->fact.uuid,
				   .gfn = NV_NO_FRAME };
	struct guest_device *g;
	int r;

	r = ledger_guest_parse(req->guest, why, fact.guest);
	if (!r)
		r = check_volume(l, fact.guest, req->volume, why);
	if (!r)
		r = choose_device(l, req, fact.guest, why, &fact.device);
	if (!r && req->has_gpa) {
		r = check_gpa(l, req, fact.guest, why);
		fact.gfn = frames_from_bytes(req->gpa);
	}
	if (r)
		return r;
	g = guest_make(l, &fact, req->volume);
	if (!g)
		return nv_refuse(why, -ENOMEM, "no memory");
	*ret = g;
	return 0;
}

int ledger_guest_load(struct ledger *l, const struct guest_fact *fact,
		      struct nv_why *why)
{
	struct volume *v = ledger_volume_by_uuid(l, &fact->volume);
	char canonical[NV_OWNER_TEXT] = "";
	const struct guest_device *before;

	before = guest_before(l, fact);
	if (!v || fact->device >= GUEST_DEVICES ||
	    (fact->if_missing != GUEST_WAIT && fact->if_missing != GUEST_RUN) ||
	    ledger_guest_parse(fact->guest, NULL, canonical) ||
	    strcmp(canonical, fact->guest) ||
	    (before && !guest_order(before, fact)))
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "the list of the guest '%s' makes no sense at device %u",
				 fact->guest, fact->device);
	return guest_make(l, fact, v) ? 0 : -ENOMEM;
}

int ledger_guest_find(struct ledger *l, const char *guest, const char *volume,
		      uint32_t device, struct nv_why *why,
		      struct guest_device **ret)
{
	char kept[NV_OWNER_TEXT];
	struct guest_device *g = NULL;
	struct volume *v = NULL;
	int r;

	r = ledger_guest_parse(guest, why, kept);
	if (!r && volume && *volume)
		r = ledger_volume_find(l, volume, why, &v);
	if (r)
		return r;
	while ((g = list_next(l, kept, g))) {
		if (v ? g->volume != v : g->fact.device != device)
			continue;
		*ret = g;
		return 0;
	}
	if (v)
		return nv_refuse(why, NV_E_NO_DEVICE,
				 "the volume %s is not on the list of the guest %s",
				 v->fact.name, kept);
	return nv_refuse(why, NV_E_NO_DEVICE,
			 "the guest %s has no device %u on its list", kept,
			 device);
}

int guests_check(struct ledger *l, struct nv_why *why)
{
	const struct guest_device *g, *prev = NULL;

	for (g = l->guests; g; prev = g, g = g->next) {
		if (g->prev != prev || (prev && guest_order(prev, &g->fact) >= 0))
			return nv_refuse(why, -EUCLEAN,
					 "the lists of guests are not in order at %s",
					 g->fact.guest);
		if (ledger_volume_by_uuid(l, &g->fact.volume) != g->volume)
			return nv_refuse(why, -EUCLEAN,
					 "a device of %s has a volume that is not there",
					 g->fact.guest);
	}
	if (l->last_guest != prev)
		return nv_refuse(why, -EUCLEAN, "the last guest is not the last");
	return 0;
}
