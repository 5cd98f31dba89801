/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/event_vars.c - an event as NAME=value strings.
 */
#include "svc/event_vars.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/frames.h"

void event_vars_add(struct event_vars *v, const char *fmt, ...)
{
	size_t room = sizeof(v->text) - v->used;
	va_list ap;
	int n;

	if (v->nr + 1 >= NV_ARRAY_SIZE(v->vars))
		return;
	va_start(ap, fmt);
	n = vsnprintf(v->text + v->used, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		return;
	v->vars[v->nr++] = v->text + v->used;
	v->vars[v->nr] = NULL;
	v->used += (size_t)n + 1;
}

static void add_text(struct event_vars *v, const char *name, const char *text)
{
	if (text[0])
		event_vars_add(v, "%s=%s", name, text);
}

static unsigned long long bytes(uint64_t frames)
{
	return frames_to_bytes(frames);
}

void event_vars_init(struct event_vars *v, const struct event_fact *e)
{
	char pool[NV_UUID_TEXT];

	*v = (struct event_vars){ .nr = 0 };
	event_vars_add(v, "NVDIMMD_EVENT=%llu", (unsigned long long)e->id);
	add_text(v, "NVDIMMD_KIND", e->kind);
	add_text(v, "NVDIMMD_NEXT", e->next);
	add_text(v, "NVDIMMD_ACTION", e->action);
	add_text(v, "NVDIMMD_STATUS", e->status);
	if (!nv_uuid_is_zero(&e->pool)) {
		event_vars_add(v, "NVDIMMD_POOL=%s", nv_uuid_print(&e->pool, pool));
		event_vars_add(v, "NVDIMMD_POOL_OFFSET=%llu", bytes(e->off));
	}
	if (e->nr)
		event_vars_add(v, "NVDIMMD_SIZE=%llu", bytes(e->nr));
	if (e->nr && e->mfn != NV_NO_FRAME)
		event_vars_add(v, "NVDIMMD_SPA=0x%llx", bytes(e->mfn));
	if (e->volume[0]) {
		event_vars_add(v, "NVDIMMD_VOLUME=%s", e->volume);
		event_vars_add(v, "NVDIMMD_VOLUME_OFFSET=%llu", bytes(e->volume_off));
	}
	if (e->domid != NV_NO_DOMID)
		event_vars_add(v, "NVDIMMD_DOMID=%u", e->domid);
	add_text(v, "NVDIMMD_DOMAIN", e->domain);
	if (e->gfn != NV_NO_FRAME)
		event_vars_add(v, "NVDIMMD_GPA=0x%llx", bytes(e->gfn));
}
