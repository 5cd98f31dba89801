/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/run.c - verbs that are more than one call and its answer.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "cli/verbs.h"

/* Between two attempts to reach a daemon that went away. */
#define RETRY_USEC 1000000

bool ctl_may_go_on(struct ctl *x, const char *question)
{
	char answer[16] = "";

	if (x->yes || x->json || !isatty(STDIN_FILENO) ||
	    !isatty(fileno(x->err)))
		return true;
	fprintf(x->err, "%s [y/N] ", question);
	fflush(x->err);
	if (!fgets(answer, sizeof(answer), stdin))
		fputc('\n', x->err);
	return answer[0] == 'y' || answer[0] == 'Y';
}

int ctl_not_done(struct ctl *x)
{
	snprintf(x->why.text, sizeof(x->why.text), "nothing was done");
	return 1;
}

/* The volume that the verb's first word names, before it is changed. */
static int look_at(struct ctl *x, struct wire_volume *ret)
{
	const struct verb *verb = x->verb;
	struct verb show = *verb;
	union wire_request rq = {};
	bool continues;
	int r;

	show.method = WIRE_GET_VOLUME;
	r = ask_volume(x, &rq);
	x->verb = &show;
	if (!r)
		r = ctl_call(x, &rq, false);
	if (!r)
		r = ctl_reply(x, ret, &continues);
	x->verb = verb;
	return r;
}

int run_delete(struct ctl *x)
{
	struct wire_volume v = {};
	char question[VIEW_TEXT], size[NV_SIZE_TEXT];
	bool go_on = true;
	int r;

	r = look_at(x, &v);
	if (!r) {
		snprintf(question, sizeof(question),
			 "%s %s of volume %s, owned by %s, for good?",
			 ctl_option(x, "no-scrub") ? "Forget" : "Zero",
			 nv_size_print(v.volume.size, size), v.volume.name,
			 v.volume.owner[0] ? v.volume.owner : "nobody");
		go_on = ctl_may_go_on(x, question);
	}
	view_volume_deinit(&v.volume);
	if (r)
		return r;
	return go_on ? verb_call(x) : ctl_not_done(x);
}

int run_resize(struct ctl *x)
{
	char question[VIEW_TEXT], size[NV_SIZE_TEXT];
	struct wire_volume v = {};
	union wire_request rq = {};
	bool go_on = true;
	int r;

	r = ask_resize(x, &rq);
	if (!r)
		r = look_at(x, &v);
	if (!r && rq.resize_volume.size < v.volume.size) {
		snprintf(question, sizeof(question),
			 "Zero the last %s of volume %s, for good?",
			 nv_size_print(v.volume.size - rq.resize_volume.size,
				       size),
			 v.volume.name);
		go_on = ctl_may_go_on(x, question);
	}
	view_volume_deinit(&v.volume);
	if (r)
		return r;
	return go_on ? verb_call(x) : ctl_not_done(x);
}

int run_offline(struct ctl *x)
{
	union wire_request rq = {};
	int r = ask_why(x, &rq);

	if (!r)
		r = ctl_connect(x);
	if (r)
		return r;
	if (!ctl_may_go_on(x, "Take it out of use: what is stored there is lost?"))
		return ctl_not_done(x);
	return verb_call(x);
}

/* The list comes in pieces; it is shown as one. */
int run_volume_list(struct ctl *x)
{
	const struct fields *t = wire_method(x->verb->method)->reply;
	struct wire_volumes all = {}, part;
	const union wire_request rq = {};
	struct view_volume *to;
	bool continues = true;
	size_t i;
	int r;

	r = ctl_call(x, &rq, true);
	while (!r && continues) {
		part = (struct wire_volumes){};
		continues = false;
		r = ctl_reply(x, &part, &continues);
		for (i = 0; !r && i < part.volumes.n; i++) {
			to = view_volumes_add(&all.volumes);
			if (to)
				*to = part.volumes.v[i];
			else
				view_volume_deinit(&part.volumes.v[i]);
			r = to ? 0 : -ENOMEM;
			/* moved, arrays and all */
			memset(&part.volumes.v[i], 0,
			       sizeof(part.volumes.v[i]));
		}
		fields_release(t, &part);
	}
	if (!r)
		x->output->result(x, t, &all);
	fields_release(t, &all);
	return r;
}

/* One connection's worth of events. */
static int monitor_once(struct ctl *x, struct wire_monitor *from)
{
	const struct fields *t = wire_method(x->verb->method)->reply;
	union wire_request rq = { .monitor = *from };
	struct wire_event reply;
	bool continues = true;
	int r;

	r = ctl_call(x, &rq, true);
	while (!r && continues) {
		reply = (struct wire_event){};
		continues = false;
		r = ctl_reply(x, &reply, &continues);
		if (r)
			break;
		from->has_after = true;
		from->after = reply.event.id;
		x->output->result(x, t, &reply);
		fflush(x->out);
	}
	x->conn = conn_free(x->conn);
	return r;
}

int run_monitor(struct ctl *x)
{
	union wire_request first = {};
	struct wire_monitor from = {};
	bool waiting = false;
	int r;

	if (ctl_option(x, "after")) {
		r = ask_after(x, &first);
		if (r)
			return r;
		from = first.monitor;
	}
	r = ctl_connect(x);
	if (r)
		return r;
	if (isatty(fileno(x->err)) && !x->json)
		fprintf(x->err, "Waiting for events; Ctrl-C ends it.\n");
	for (;;) {
		r = monitor_once(x, &from);
		if (r != NV_E_NOT_RUNNING)
			return r;
		if (!waiting)
			fprintf(x->err, "nvctl: %s; waiting for it\n",
				x->why.text);
		waiting = true;
		while (ctl_connect(x) == NV_E_NOT_RUNNING)
			usleep(RETRY_USEC);
		waiting = false;
	}
}

struct version {
	char nvctl[VIEW_NAME], nvdimmd[VIEW_NAME];
	uint32_t api;
};

int run_version(struct ctl *x)
{
	static const struct field version_fields[] = {
		{ "nvctl", FIELD_TEXT, FIELD_OF(version, nvctl) },
		{ "nvdimmd", FIELD_TEXT, FIELD_OF(version, nvdimmd) },
		{ "api", FIELD_U32, FIELD_AT(version, api) },
	};
	static const struct fields table = {
		.type = "version",
		.size = sizeof(struct version),
		.field = version_fields,
		.n = NV_ARRAY_SIZE(version_fields),
	};
	struct version v = { .nvctl = PACKAGE_VERSION };
	const union wire_request rq = {};
	struct wire_status reply = {};
	bool continues;
	int r;

	r = ctl_call(x, &rq, false);
	if (!r)
		r = ctl_reply(x, &reply, &continues);
	if (!r) {
		view_text_set(v.nvdimmd, sizeof(v.nvdimmd),
			      reply.status.version);
		v.api = reply.status.api;
		x->output->result(x, &table, &v);
	} else if (!x->json) {
		fprintf(x->out, "nvctl %s\n", PACKAGE_VERSION);
	}
	view_status_deinit(&reply.status);
	return r;
}

void show_version(struct ctl *x, FILE *f, const void *reply)
{
	const struct version *v = reply;

	fprintf(f, "nvctl %s\nnvdimmd %s, interface " WIRE_INTERFACE " %u\n",
		v->nvctl, v->nvdimmd, v->api);
}

int run_help(struct ctl *x)
{
	char *words[] = { (char *)x->arg[0], (char *)x->arg[1] };
	const struct verb *v;
	int used;

	if (!x->n_args) {
		help_all(x->out);
		return 0;
	}
	v = verb_find(words, (int)x->n_args, &used);
	if (!v || used != (int)x->n_args)
		return ctl_usage(x, "there is no verb '%.64s%s%.64s'",
				 x->arg[0], x->n_args > 1 ? " " : "",
				 x->n_args > 1 ? x->arg[1] : "");
	help_verb(x->out, v);
	return 0;
}
