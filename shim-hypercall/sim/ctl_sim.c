/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ctl_sim.c - the verbs about the simulation itself.
 */
#include "ctl.h"

#include <string.h>

static const char *const op_names[] = {
	"get_info", "register", "unregister", "arm", "map", "unmap", "list",
	"set_broken", "clear_broken", "get_events", "resolve", "set_policy",
	"hold", "scrub", "query",
};

_Static_assert(NV_ARRAY_SIZE(op_names) == XEN_NVDIMM_query + 1,
	       "one name for each command of the ABI");

int ctl_stat(struct ctl_call *c)
{
	const struct host_stat *s = &c->host->stat;
	struct json_object *ops = json_object_new_object();
	size_t i;

	json_object_object_add(c->out, "ops", ops);
	for (i = 0; i < NV_ARRAY_SIZE(op_names); i++)
		ctl_out_number(ops, op_names[i], s->ops[i]);
	ctl_out_number(ops, "unknown", s->ops[NV_ARRAY_SIZE(s->ops) - 1]);
	ctl_out_number(c->out, "op_errors", s->op_errors);
	ctl_out_number(c->out, "virqs", s->virqs);
	ctl_out_number(c->out, "machine_checks", s->mces);
	ctl_out_number(c->out, "delivered", s->vmces);
	ctl_out_number(c->out, "touches", s->touches);
	ctl_out_number(c->out, "crashes", s->crashes);
	ctl_out_number(c->out, "flushes", s->flushes);
	ctl_out_number(c->out, "zero_errors", s->zero_errors);
	ctl_out_number(c->out, "core_bytes", s->allocated);
	ctl_out_number(c->out, "domains", c->host->domains.nr);
	ctl_out_number(c->out, "time_ns", host_now_ns(c->host));
	return 0;
}

int ctl_check(struct ctl_call *c)
{
	const char *wrong = host_check(c->host);

	if (wrong)
		return ctl_refuse(c, EUCLEAN, "%s", wrong);
	ctl_out_text(c->out, "check", "everything holds");
	return 0;
}

static int cmd_of(struct ctl_call *c, uint32_t *ret)
{
	const char *text = ctl_text(c, "op");
	uint32_t i;

	*ret = FAULT_ANY_CMD;
	if (!text)
		return 0;
	for (i = 0; i < NV_ARRAY_SIZE(op_names); i++)
		if (!strcmp(op_names[i], text))
			*ret = i;
	if (*ret == FAULT_ANY_CMD && strcmp(text, "any"))
		return ctl_refuse(c, EINVAL,
				  "there is no operation '%.40s'; they are "
				  "get_info to query, as in public/nvdimm.h",
				  text);
	return 0;
}

static void fault_out(struct json_object *o, const struct fault *f)
{
	ctl_out_number(o, "id", f->id);
	ctl_out_text(o, "where", fault_where_name(f->where));
	ctl_out_text(o, "what", fault_what_name(f->what));
	ctl_out_text(o, "op", f->where != FAULT_OP     ? "" :
			      f->cmd == FAULT_ANY_CMD ? "any" :
							op_names[f->cmd]);
	ctl_out_number(o, "error", (uint64_t)f->error);
	ctl_out_number(o, "after", f->after);
	ctl_out_number(o, "times", f->times);
	ctl_out_number(o, "fired", f->fired);
}

int ctl_fault_add(struct ctl_call *c)
{
	const char *where = ctl_text(c, "where"), *what = ctl_text(c, "what");
	struct fault f = { .error = EIO };
	uint64_t nth = ctl_number(c, "nth", 1);
	int r, i;

	for (i = 0; where && i < FAULT_WHERE_NR; i++)
		if (!strcmp(fault_where_name((enum fault_where)i), where))
			f.where = (enum fault_where)i;
	for (i = 0; what && i < FAULT_WHAT_NR; i++)
		if (!strcmp(fault_what_name((enum fault_what)i), what))
			f.what = (enum fault_what)i;
	r = cmd_of(c, &f.cmd);
	if (r)
		return r;
	if (!nth)
		return ctl_refuse(c, EINVAL, "--nth counts from 1");
	f.after = nth - 1;
	f.times = ctl_number(c, "times", 1);
	f.error = (int)NV_MIN(ctl_number(c, "error", EIO), 4095u);
	if (!f.times || !f.error)
		return ctl_refuse(c, EINVAL, "--times and --error are not 0");
	r = faults_add(&c->host->faults, &f);
	if (r < 0)
		return ctl_refuse(c, -r, "there are %d faults already",
				  FAULTS_MAX);
	f.id = (uint32_t)r;
	fault_out(c->out, &f);
	return 0;
}

int ctl_fault_list(struct ctl_call *c)
{
	struct json_object *list = json_object_new_array(), *o;
	size_t i;

	json_object_object_add(c->out, "faults", list);
	for (i = 0; i < c->host->faults.nr; i++) {
		o = json_object_new_object();
		fault_out(o, &c->host->faults.list[i]);
		json_object_array_add(list, o);
	}
	return 0;
}

int ctl_fault_clear(struct ctl_call *c)
{
	uint64_t id = ctl_number(c, "id", 0);

	if (id > UINT32_MAX || faults_clear(&c->host->faults, (uint32_t)id))
		return ctl_refuse(c, ENOENT, "there is no fault %llu",
				  (unsigned long long)id);
	return 0;
}

int ctl_clock_show(struct ctl_call *c)
{
	ctl_out_number(c->out, "time_ns", host_now_ns(c->host));
	ctl_out_flag(c->out, "stopped", c->host->stopped_at);
	return 0;
}

int ctl_clock_stop(struct ctl_call *c)
{
	host_clock_stop(c->host, true);
	return ctl_clock_show(c);
}

int ctl_clock_start(struct ctl_call *c)
{
	host_clock_stop(c->host, false);
	return ctl_clock_show(c);
}

int ctl_clock_advance(struct ctl_call *c)
{
	uint64_t ms = ctl_number(c, "ms", 0);

	if (ms > 86400000)
		return ctl_refuse(c, EINVAL, "at most a day at once");
	host_advance(c->host, ms * 1000000);
	return ctl_clock_show(c);
}

int ctl_host_reboot(struct ctl_call *c)
{
	c->ctl->reboot = true;
	return 0;
}

int ctl_stop(struct ctl_call *c)
{
	c->ctl->stop = true;
	return 0;
}
