/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/ctl.c - calling the daemon on behalf of a verb.
 */
#include "cli/ctl.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

const char *ctl_option(const struct ctl *x, const char *name)
{
	unsigned int i;

	for (i = 0; i < x->verb->n_options; i++)
		if (!strcmp(x->verb->options[i].name, name))
			return x->option[i];
	abort(); /* the verb's own table does not have it */
}

int ctl_usage(struct ctl *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(x->why.text, sizeof(x->why.text), fmt, ap);
	va_end(ap);
	if (x->verb)
		snprintf(x->hint, sizeof(x->hint), "See 'nvctl %s --help'.",
			 x->verb->name);
	else
		snprintf(x->hint, sizeof(x->hint), "See 'nvctl --help'.");
	return CTL_USAGE;
}

int ctl_size(struct ctl *x, const char *what, const char *text, uint64_t *ret)
{
	int r = nv_size_parse(text, ret);

	if (r == -ERANGE || (!r && *ret > INT64_MAX))
		return ctl_usage(x, "%s '%.64s' is too large", what, text);
	if (r)
		return ctl_usage(x, "%s '%.64s' is none: write it like 4G, 512MiB, 4096 or 0x200000",
				 what, text);
	return 0;
}

/* The advice that belongs to @r, where the daemon did not send its own. */
static int advise(struct ctl *x, int r)
{
	const char *hint = nv_refusal_hint(r);

	if (r == NV_E_PERMISSION)
		hint = "Run the command as root, or as a member of the group that the socket belongs to.";
	snprintf(x->hint, sizeof(x->hint), "%s", hint ? hint : "");
	return r;
}

static void on_silence(void *userdata)
{
	struct ctl *x = userdata;

	fprintf(x->err, "nvctl: no answer from nvdimmd yet; waiting (Ctrl-C ends only the waiting)\n");
}

int ctl_connect(struct ctl *x)
{
	int r;

	if (x->conn)
		return 0;
	r = conn_open(x->socket, &x->why, &x->conn);
	if (r)
		return advise(x, r);
	if (!x->json && x->verb->method != WIRE_MONITOR)
		conn_on_silence(x->conn, on_silence, x);
	return 0;
}

int ctl_call(struct ctl *x, const union wire_request *rq, bool more)
{
	const struct fields *t = wire_method(x->verb->method)->request;
	struct varlink_call call = { .more = more };
	int r;

	r = ctl_connect(x);
	if (r)
		return r;
	snprintf(call.method, sizeof(call.method), WIRE_INTERFACE ".%s",
		 t->type);
	if (fields_print(t, rq, &call.parameters))
		return -ENOMEM;
	r = conn_send(x->conn, &call, &x->why);
	varlink_call_deinit(&call);
	return r ? advise(x, r) : 0;
}

int ctl_reply(struct ctl *x, void *ret, bool *ret_continues)
{
	struct varlink_reply reply = {};
	int r;

	r = conn_next(x->conn, &x->why, &reply);
	if (r)
		return advise(x, r);
	if (reply.error[0]) {
		r = varlink_refusal_read(&reply, &x->why, x->hint);
	} else {
		r = fields_parse(wire_method(x->verb->method)->reply,
				 reply.parameters, FIELDS_REPLY, &x->why, ret);
		if (r > 0)
			r = advise(x, NV_E_UNSUPPORTED);
		*ret_continues = reply.continues;
	}
	varlink_reply_deinit(&reply);
	return r;
}

/* Every reply that can be one of several begins like this. */
_Static_assert(offsetof(struct wire_volume_done, progress) ==
		       offsetof(struct wire_done, progress) &&
	       offsetof(struct wire_mapping_done, progress) ==
		       offsetof(struct wire_done, progress),
	       "replies with progress look alike");

int verb_call(struct ctl *x)
{
	const struct fields *t = wire_method(x->verb->method)->reply;
	nv_cleanup(nv_freep) void *reply = calloc(1, t->size + 1);
	union wire_request rq = {};
	bool continues = true;
	int r = 0;

	if (!reply)
		return -ENOMEM;
	if (x->verb->ask)
		r = x->verb->ask(x, &rq);
	if (!r)
		r = ctl_call(x, &rq, true);
	while (!r && continues) {
		fields_release(t, reply);
		memset(reply, 0, t->size);
		continues = false;
		r = ctl_reply(x, reply, &continues);
		if (!r && continues)
			x->output->progress(x, &((struct wire_done *)reply)->progress);
	}
	if (!r)
		x->output->result(x, t, reply);
	fields_release(t, reply);
	return r;
}
