/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ctl_domain.c - the verbs about domains and their page tables.
 */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"

#define P2M_PART 1000 /* runs in one answer */

static enum domain_action action_of(const struct ctl_call *c, const char *key,
				    enum domain_action otherwise)
{
	const char *text = ctl_text(c, key);
	int a;

	for (a = DOMAIN_DESTROY; text && a <= DOMAIN_PRESERVE; a++)
		if (!strcmp(text, domain_action_name((enum domain_action)a)))
			return (enum domain_action)a;
	return otherwise;
}

static int name_copy(struct ctl_call *c, const char *name, char *to)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";

	if (strspn(name, ok) != strlen(name) || !*name ||
	    strlen(name) >= DOMAIN_NAME)
		return ctl_refuse(c, EINVAL,
				  "'%.70s' is not a name: 1 to %d letters, "
				  "digits, '.', '_', '-', '+'",
				  name, DOMAIN_NAME - 1);
	memcpy(to, name, strlen(name) + 1);
	return 0;
}

static int conf_read(struct ctl_call *c, struct domain_conf *conf)
{
	const char *text;
	int r;

	r = name_copy(c, ctl_text(c, "name"), conf->name);
	if (r)
		return r;
	text = ctl_text(c, "uuid");
	if (text && nv_uuid_parse(text, &conf->uuid))
		return -EINVAL;
	text = ctl_text(c, "type");
	if (text)
		conf->type = !strcmp(text, "pv")  ? DOMAIN_PV :
			     !strcmp(text, "hvm") ? DOMAIN_HVM :
						    DOMAIN_PVH;
	conf->hap = !ctl_has(c, "no_hap");
	conf->paused = ctl_has(c, "paused");
	conf->mcip_sticks = ctl_has(c, "mcip_sticks");
	conf->memory = ctl_number(c, "memory", conf->memory);
	conf->vcpus = (uint32_t)NV_MIN(ctl_number(c, "vcpus", 1), 4096u);
	conf->address_bits = (uint32_t)NV_MIN(
		ctl_number(c, "address_bits", conf->address_bits), 64u);
	conf->domid = (uint32_t)NV_MIN(ctl_number(c, "domid", 0),
				       (uint64_t)UINT32_MAX);
	conf->on_poweroff = action_of(c, "on_poweroff", conf->on_poweroff);
	conf->on_reboot = action_of(c, "on_reboot", conf->on_reboot);
	conf->on_crash = action_of(c, "on_crash", conf->on_crash);
	return 0;
}

static void domain_out(struct json_object *o, const struct domain *d)
{
	char uuid[NV_UUID_TEXT];

	ctl_out_number(o, "domid", d->domid);
	ctl_out_text(o, "name", d->conf.name);
	ctl_out_text(o, "uuid", nv_uuid_print(&d->conf.uuid, uuid));
	ctl_out_text(o, "type", domain_type_name(d->conf.type));
	ctl_out_text(o, "state", domain_state_name(d));
	ctl_out_text(o, "reason", d->stopped ? domain_reason_name(d->reason) :
						    "");
	ctl_out_flag(o, "paused", d->paused);
	ctl_out_flag(o, "held", d->holds);
	ctl_out_flag(o, "ran", d->ran);
	ctl_out_flag(o, "hap", d->conf.hap && d->conf.type != DOMAIN_PV);
	ctl_out_number(o, "memory", d->conf.memory);
	ctl_out_number(o, "vcpus", d->conf.vcpus);
	ctl_out_number(o, "address_bits", d->conf.address_bits);
}

static const char *create_refusal(int r)
{
	if (r == -EEXIST)
		return "its name or number is in use";
	if (r == -EINVAL)
		return "memory must be whole frames, at most 1 TiB, and fit "
		       "below 2^address-bits (32 to 48)";
	return strerror(-r);
}

int ctl_domain_create(struct ctl_call *c)
{
	struct domain_conf conf = domain_conf_default();
	struct domain *d;
	int r;

	r = conf_read(c, &conf);
	if (r)
		return r;
	r = domain_create(c->host, &conf, &d);
	if (r)
		return ctl_refuse(c, -r, "cannot create domain '%s': %s",
				  conf.name, create_refusal(r));
	domain_out(c->out, d);
	return 0;
}

int ctl_domain_list(struct ctl_call *c)
{
	struct json_object *list = json_object_new_array(), *o;
	uint32_t i;

	json_object_object_add(c->out, "domains", list);
	for (i = 0; i < c->host->domains.end; i++) {
		if (!c->host->domains.by_id[i])
			continue;
		o = json_object_new_object();
		domain_out(o, c->host->domains.by_id[i]);
		json_object_array_add(list, o);
	}
	return 0;
}

int ctl_domain_show(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);

	if (!d)
		return -ESRCH;
	domain_out(c->out, d);
	ctl_out_flag(c->out, "has_pmem", d->has_extents);
	ctl_out_flag(c->out, "log_dirty", d->log_dirty);
	ctl_out_flag(c->out, "mcip", d->mcip);
	ctl_out_number(c->out, "machine_checks", d->nr_vmces);
	ctl_out_number(c->out, "tables", d->p2m ? p2m_tables(d->p2m) : 0);
	ctl_out_number(c->out, "p2m_writes", d->p2m ? p2m_writes(d->p2m) : 0);
	return 0;
}

/* What a verb that changes a domain's state answers. */
static int changed(struct ctl_call *c, const struct domain *d, int r)
{
	if (r == -ESRCH || r == -EALREADY || r == -EINVAL)
		return ctl_refuse(c, -r, "domain '%s' is %s", d->conf.name,
				  domain_state_name(d));
	if (r == -EPERM)
		return ctl_refuse(c, -r, "Domain-0 is the control domain");
	if (!r)
		domain_out(c->out, d);
	return r;
}

int ctl_domain_pause(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);

	return d ? changed(c, d, domain_pause(d, true)) : -ESRCH;
}

int ctl_domain_unpause(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);

	return d ? changed(c, d, domain_pause(d, false)) : -ESRCH;
}

int ctl_domain_shutdown(struct ctl_call *c)
{
	const char *text = ctl_text(c, "reason");
	struct domain *d = ctl_domain(c);
	int i, reason = DOMAIN_POWEROFF;

	if (!d)
		return -ESRCH;
	for (i = DOMAIN_POWEROFF; text && i <= DOMAIN_CRASH; i++)
		if (!strcmp(text, domain_reason_name((enum domain_reason)i)))
			reason = i;
	return changed(c, d, domain_shutdown(d, (enum domain_reason)reason));
}

int ctl_domain_reboot(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);

	return d ? changed(c, d, domain_shutdown(d, DOMAIN_REBOOT)) : -ESRCH;
}

int ctl_domain_destroy(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);

	if (!d)
		return -ESRCH;
	return changed(c, d, domain_destroy(d, ctl_has(c, "stepwise") ?
						       0 : DOMAIN_RUN_ALL));
}

int ctl_domain_release(struct ctl_call *c)
{
	uint64_t steps = ctl_number(c, "steps", DOMAIN_RUN_ALL);
	struct domain *d = ctl_domain(c);

	if (!d)
		return -ESRCH;
	steps = NV_MIN(steps, (uint64_t)DOMAIN_RUN_ALL);
	return changed(c, d, domain_release(d, (uint32_t)steps));
}

int ctl_domain_rename(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);
	char name[DOMAIN_NAME];
	int r;

	if (!d)
		return -ESRCH;
	r = name_copy(c, ctl_text(c, "name"), name);
	if (r)
		return r;
	if (domain_lookup(c->host, name))
		return ctl_refuse(c, EEXIST, "there is a domain '%s' already",
				  name);
	memcpy(d->conf.name, name, sizeof(name));
	host_domains_changed(c->host);
	return changed(c, d, 0);
}

int ctl_domain_occupy(struct ctl_call *c)
{
	uint64_t gpa = ctl_number(c, "gpa", 0), size = ctl_number(c, "size", 0);
	struct domain *d = ctl_domain(c);
	int r;

	if (!d)
		return -ESRCH;
	if (!nv_is_aligned(gpa | size, 4096) || !size || size > 1ull << 30)
		return ctl_refuse(c, EINVAL,
				  "give whole 4 KiB frames, at most 1 GiB");
	r = domain_occupy(d, gpa >> 12, size >> 12);
	if (r)
		return ctl_refuse(c, -r, "cannot put a device at %#llx: %s",
				  (unsigned long long)gpa,
				  r == -EEXIST ? "something is there already" :
						 strerror(-r));
	return changed(c, d, 0);
}

int ctl_domain_log_dirty(struct ctl_call *c)
{
	struct domain *d = ctl_domain(c);
	int r;

	if (!d)
		return -ESRCH;
	r = domain_log_dirty(d, !strcmp(ctl_text(c, "on_off"), "on"));
	if (r == -EBUSY)
		return ctl_refuse(c, EBUSY, "domain '%s' has persistent memory",
				  d->conf.name);
	return changed(c, d, r);
}

static const char *p2m_type_name(enum p2m_type t)
{
	return t == P2M_RAM ? "ram" : "mmio_direct";
}

int ctl_p2m(struct ctl_call *c)
{
	uint64_t from = ctl_number(c, "from", 0);
	struct json_object *list = json_object_new_array(), *o;
	struct domain *d = ctl_domain(c);
	struct p2m_run run;
	uint64_t gfn = from >> 12;
	int i;

	json_object_object_add(c->out, "pages", list);
	if (!d)
		return -ESRCH;
	if (!d->p2m)
		return ctl_refuse(c, EOPNOTSUPP, "domain '%s' has no p2m",
				  d->conf.name);
	for (i = 0; p2m_next(d->p2m, gfn, &run); i++) {
		if (i == P2M_PART) {
			ctl_out_number(c->out, "next", run.gfn << 12);
			break;
		}
		o = json_object_new_object();
		ctl_out_number(o, "gpa", run.gfn << 12);
		ctl_out_number(o, "size", run.nr << 12);
		ctl_out_number(o, "spa", run.mfn << 12);
		ctl_out_number(o, "order", run.order);
		ctl_out_text(o, "type", p2m_type_name(run.type));
		ctl_out_text(o, "cache", run.uncached ? "uc" : "wb");
		json_object_array_add(list, o);
		gfn = run.gfn + run.nr;
	}
	return 0;
}
