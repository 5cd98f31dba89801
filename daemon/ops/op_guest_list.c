/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_guest_list.c - the durable lists of what guests are to get.
 */
#include <stdio.h>
#include <string.h>

#include "ops/op_guest.h"
#include "ops/tables.h"

static void show_device(const struct guest_device *g, struct view_guest_device *ret)
{
	view_text_set(ret->guest, sizeof(ret->guest), g->fact.guest);
	ret->device = g->fact.device;
	view_text_set(ret->volume, sizeof(ret->volume), g->volume->fact.name);
	ret->size = frames_to_bytes(g->volume->fact.nr);
	ret->has_gpa = g->fact.gfn != NV_NO_FRAME;
	if (ret->has_gpa)
		ret->gpa = frames_to_bytes(g->fact.gfn);
	ret->if_missing = g->fact.if_missing == GUEST_RUN ? VIEW_IF_MISSING_RUN : VIEW_IF_MISSING_WAIT;
	ret->state = VIEW_GUEST_ABSENT;
}

static void show_in_domain(struct nvd *nvd, const struct guest_device *g, const struct dom_info *d,
			   struct view_guest_device *ret)
{
	const struct mapping *m = g->volume->mapping;
	struct nv_why why = { "" };
	bool refused = guest_refusal(nvd, g, d->domid, &why);

	ret->has_domid = true;
	ret->domid = d->domid;
	ret->state = refused ? VIEW_GUEST_REFUSED : VIEW_GUEST_WAITING;
	view_text_set(ret->reason, sizeof(ret->reason), refused ? why.text : NULL);
	if (m && m->fact.domid == d->domid && nv_uuid_equal(&m->fact.handle, &d->uuid) &&
	    m->fact.state == MAPPING_MAPPED) {
		ret->state = VIEW_GUEST_MAPPED;
		ret->reason[0] = '\0';
	}
}

static struct view_guest_device *find_device(struct view_guests *all, const struct guest_device *g)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->v[i].device == g->fact.device && !strcmp(all->v[i].guest, g->fact.guest))
			return &all->v[i];
	return NULL;
}

/* A list of domains that cannot be had leaves the guests absent. */
static void show_domains(struct nvd *nvd, struct view_guests *all)
{
	struct view_guest_device *v;
	struct guest_device *g;
	struct dom_info d;
	uint32_t from;

	for (from = 0; nvd->dom && !dom_next(nvd->dom, from, &d); from = d.domid + 1)
		for (g = d.dying ? NULL : ledger_guest_of(nvd->ledger, &d.uuid, d.name, NULL); g;
		     g = ledger_guest_of(nvd->ledger, &d.uuid, d.name, g)) {
			v = find_device(all, g);
			if (v)
				show_in_domain(nvd, g, &d, v);
		}
}

static void show_one(struct nvd *nvd, const struct guest_device *g, struct view_guest_device *ret)
{
	struct view_guests one = { .v = ret, .n = 1 };

	memset(ret, 0, sizeof(*ret));
	show_device(g, ret);
	show_domains(nvd, &one);
}

int op_show_guests(struct nvd *nvd, const struct req_list_guests *rq, struct nv_why *why, struct view_guests *ret)
{
	struct view_guest_device *v;
	char guest[NV_OWNER_TEXT] = "";
	struct guest_device *g = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (rq->guest[0]) {
		r = ledger_guest_parse(rq->guest, why, guest);
		if (r)
			return r;
	}
	while ((g = ledger_guest_next(nvd->ledger, g))) {
		if (guest[0] && strcmp(g->fact.guest, guest))
			continue;
		v = view_guests_add(ret);
		if (!v)
			return nv_refuse(why, -ENOMEM, "no memory");
		show_device(g, v);
	}
	if (ret->n)
		show_domains(nvd, ret);
	return 0;
}

int op_show_guest(struct nvd *nvd, const struct req_list_guests *rq, struct nv_why *why, struct view_guest *ret)
{
	struct nv_why no = { "" };
	int r;

	memset(ret, 0, sizeof(*ret));
	r = op_show_guests(nvd, rq, why, &ret->devices);
	if (r)
		return r;
	if (!ret->devices.n)
		return nv_refuse(why, NV_E_NO_DEVICE, "the guest %s has no device on its list", rq->guest);
	view_text_set(ret->guest, sizeof(ret->guest), ret->devices.v[0].guest);
	if (tables_of(nvd, ret->guest, &no, ret->acpi_firmware))
		view_text_set(ret->no_firmware, sizeof(ret->no_firmware), no.text);
	return 0;
}

/* Both or neither: the list and its line in the history. */
static int list_record(struct nvd *nvd, const struct guest_fact *fact, bool put, struct event_fact *e,
		       struct nv_why *why)
{
	int r;

	r = store_begin(nvd->store, STORE_DURABLE);
	if (!r)
		r = put ? store_guest_put(nvd->store, fact) : store_guest_del(nvd->store, fact->guest, fact->device);
	if (!r)
		r = history_write(nvd, e);
	if (!r)
		r = store_commit(nvd->store);
	return nvd_book(nvd, r, why);
}

/*
 * An address that nobody asked for is chosen here and not when the guest starts:
 * an HVM guest is told of it before.
 */
static int choose_gpa(struct nvd *nvd, struct guest_request *req, struct nv_why *why)
{
	uint32_t bits = nvd->set.address_bits;
	int r;

	if (req->has_gpa)
		return 0;
	if (nvd->dom && nvd->dom->address_bits)
		bits = NV_MIN(bits, nvd->dom->address_bits);
	r = ledger_guest_choose(nvd->ledger, req->guest, req->volume, 1ULL << bits, why, &req->gpa);
	req->has_gpa = !r;
	return r;
}

int op_guest_add(struct nvd *nvd, const struct req_add_guest_device *rq, struct nv_why *why, struct view_guest_device *ret)
{
	struct guest_request req = {
		.guest = rq->guest,
		.has_device = rq->has_device,
		.device = rq->device,
		.has_gpa = rq->has_gpa,
		.gpa = rq->gpa,
		.if_missing = rq->run_without ? GUEST_RUN : GUEST_WAIT,
	};
	struct guest_device *g;
	struct event_fact e;
	int r;

	r = ledger_volume_find(nvd->ledger, rq->volume, why, &req.volume);
	if (!r)
		r = choose_gpa(nvd, &req, why);
	if (!r)
		r = ledger_guest_add(nvd->ledger, &req, why, &g);
	if (r)
		return r;
	e = history_event(EVENT_INFO, "guest-added", "the guest %s gets volume %s as device %u whenever it starts%s",
			  g->fact.guest, g->volume->fact.name, g->fact.device,
			  rq->run_without ? ", and runs without if it cannot" : "");
	history_at_volume(&e, g->volume);
	r = list_record(nvd, &g->fact, true, &e, why);
	if (r) {
		/* If the book may have it, and cannot be told otherwise, it stays on the list. */
		if (!nvd_unsure(r) || !store_guest_del(nvd->store, g->fact.guest, g->fact.device))
			ledger_guest_del(nvd->ledger, g);
		return r;
	}
	tables_sync(nvd, g->fact.guest);
	history_tell(nvd, &e);
	guest_list_changed(nvd);
	show_one(nvd, g, ret);
	return 0;
}

int op_guest_remove(struct nvd *nvd, const struct req_remove_guest_device *rq, struct nv_why *why,
		    struct view_guest_device *ret)
{
	char guest[NV_OWNER_TEXT];
	struct guest_device *g;
	struct event_fact e;
	int r;

	r = ledger_guest_find(nvd->ledger, rq->guest, rq->volume, rq->device, why, &g);
	if (r)
		return r;
	e = history_event(EVENT_INFO, "guest-removed", "the guest %s does not get volume %s any more when it starts",
			  g->fact.guest, g->volume->fact.name);
	history_at_volume(&e, g->volume);
	show_one(nvd, g, ret);
	r = list_record(nvd, &g->fact, false, &e, why);
	if (r) {
		/* It is on the list in any case; that the book says so, too, is tried. */
		if (nvd_unsure(r))
			nvd_book(nvd, store_guest_put(nvd->store, &g->fact), NULL);
		return r;
	}
	view_text_set(guest, sizeof(guest), g->fact.guest);
	guest_row_goes(nvd, g);
	ledger_guest_del(nvd->ledger, g);
	tables_sync(nvd, guest);
	history_tell(nvd, &e);
	guest_list_changed(nvd);
	return 0;
}
