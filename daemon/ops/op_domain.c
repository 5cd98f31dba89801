/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/op_domain.c - domains: who is meant, and what remains when one is gone.
 */
#include "ops/op_domain.h"

#include <stdio.h>
#include <string.h>

#include "ops/op_unmap.h"

const char *domain_print(uint32_t domid, const char *name, char *buf, size_t len)
{
	if (name && name[0])
		snprintf(buf, len, "%s (domain %u)", name, domid);
	else
		snprintf(buf, len, "domain %u", domid);
	return buf;
}

static bool text_is_domid(const char *text, uint32_t *ret)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoull(text, &end, 10);
	if (*end || n >= NV_NO_DOMID)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* A name that looks like a number or a UUID is taken for what it looks like. */
int domain_find(struct nvd *nvd, const char *text, struct nv_why *why, struct dom_info *ret)
{
	struct dom_info d, found;
	struct nv_uuid uuid;
	bool by_uuid = !nv_uuid_parse(text, &uuid);
	uint32_t from = 0, nr = 0, domid;
	int r;

	if (!nvd->dom)
		return nv_refuse(why, -ENOTCONN, "the list of domains is not available");
	if (text_is_domid(text, &domid)) {
		r = dom_get(nvd->dom, domid, ret);
		if (r == -ESRCH)
			return nv_refuse(why, NV_E_NO_DOMAIN, "there is no domain %u", domid);
		return r ? nv_refuse(why, r, "cannot read domain %u: %s", domid, strerror(-r)) : 0;
	}
	for (;;) {
		r = dom_next(nvd->dom, from, &d);
		if (r == -ESRCH)
			break;
		if (r)
			return nv_refuse(why, r, "cannot list the domains: %s", strerror(-r));
		if (by_uuid ? nv_uuid_equal(&d.uuid, &uuid) : !strcmp(d.name, text)) {
			/* One that dies may still be listed beside its successor. */
			if (!nr || found.dying) {
				found = d;
				nr = nr && !d.dying ? nr : 1;
			} else if (!d.dying) {
				nr++;
			}
		}
		from = d.domid + 1;
	}
	if (!nr)
		return nv_refuse(why, NV_E_NO_DOMAIN, "there is no domain \"%s\"", text);
	if (nr > 1)
		return nv_refuse(why, NV_E_BAD_REQUEST, "%u domains are called \"%s\": give the domid", nr, text);
	*ret = found;
	return 0;
}

static void alarm_unknown(struct nvd *nvd)
{
	struct mapping *m;

	for (m = ledger_mapping_next(nvd->ledger, NULL); m; m = ledger_mapping_next(nvd->ledger, m))
		if (m->fact.state == MAPPING_UNKNOWN)
			return;
	nvd_alarm(nvd, ALARM_UNKNOWN, NULL);
}

int op_domain_released(struct nvd *nvd, const struct hv_event *ev, struct nv_why *why)
{
	struct extent *x = ledger_extent_by_map_id(nvd->ledger, ev->map_id);
	struct mapping *gone;
	struct event_fact e;
	char dom[DOMAIN_PRINT];
	int r;

	/* A flow that is at it meets -ESRCH or -ENOENT itself, and ends it. */
	if (!x || !x->mapping || x->mapping->busy)
		return 0;
	r = ledger_released(nvd->ledger, ev->map_id, &gone);
	if (r || !gone)
		return 0;
	e = history_event(EVENT_INFO, "released", "%s is gone and %s%s with it",
			  domain_print(gone->fact.domid, gone->fact.domain, dom, sizeof(dom)),
			  gone->volume ? "its mapping of volume " : "a mapped range",
			  gone->volume ? gone->volume->fact.name : "");
	history_at_mapping(&e, gone);
	if (gone->fact.state == MAPPING_UNKNOWN) {
		/* The book never had it. */
		ledger_unmap_done(nvd->ledger, gone);
		alarm_unknown(nvd);
		history_note(nvd, &e);
		return 0;
	}
	r = unmap_finish(nvd, gone, &e, why);
	if (!r)
		nvd->count.releases++;
	return r;
}
