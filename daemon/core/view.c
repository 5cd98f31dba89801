/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/view.c - growing and releasing the views, and their words.
 */
#include "core/view.h"

#include <string.h>

#define VIEW_X(NAME, word) word,
static const char *const pool_states[] = { VIEW_POOL_STATES(VIEW_X) };
static const char *const mapping_states[] = { VIEW_MAPPING_STATES(VIEW_X) };
static const char *const volume_states[] = { VIEW_VOLUME_STATES(VIEW_X) };
static const char *const severities[] = { VIEW_SEVERITIES(VIEW_X) };
static const char *const daemon_states[] = { VIEW_DAEMON_STATES(VIEW_X) };
static const char *const if_missing[] = { VIEW_IF_MISSING(VIEW_X) };
static const char *const guest_states[] = { VIEW_GUEST_STATES(VIEW_X) };
#undef VIEW_X

const char *view_if_missing_word(enum view_if_missing s)
{
	return if_missing[s];
}

const char *view_guest_state_word(enum view_guest_state s)
{
	return guest_states[s];
}

const char *view_pool_state_word(enum view_pool_state s)
{
	return pool_states[s];
}

const char *view_mapping_state_word(enum view_mapping_state s)
{
	return mapping_states[s];
}

const char *view_volume_state_word(enum view_volume_state s)
{
	return volume_states[s];
}

const char *view_severity_word(enum view_severity s)
{
	return severities[s];
}

const char *view_daemon_state_word(enum view_daemon_state s)
{
	return daemon_states[s];
}

void view_text_set(char *to, size_t size, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= size) {
		len = size - 1;
		/* 10xxxxxx continues a character: go back to where it begins */
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	if (len)
		memcpy(to, text, len);
	memset(to + len, 0, size - len);
}

/*
 * The array *@v of @n elements of @size bytes with a zeroed one appended.
 * Capacity is the next power of two, so it needs no field of its own.
 * Return: the new element or NULL.
 */
static void *grow(void *v, size_t *n, size_t size)
{
	void **array = v;
	size_t cap = *n ? 2 * *n : 1;
	char *more, *last;

	if ((*n & (*n - 1)) == 0) {
		more = reallocarray(*array, cap, size);
		if (!more)
			return NULL;
		*array = more;
	}
	last = (char *)*array + *n * size;
	memset(last, 0, size);
	(*n)++;
	return last;
}

struct view_pool *view_pools_add(struct view_pools *p)
{
	return grow(&p->v, &p->n, sizeof(*p->v));
}

struct view_candidate *view_candidates_add(struct view_candidates *c)
{
	return grow(&c->v, &c->n, sizeof(*c->v));
}

struct view_volume *view_volumes_add(struct view_volumes *v)
{
	return grow(&v->v, &v->n, sizeof(*v->v));
}

struct view_mapping *view_mappings_add(struct view_mappings *m)
{
	return grow(&m->v, &m->n, sizeof(*m->v));
}

struct view_guest_device *view_guests_add(struct view_guests *g)
{
	return grow(&g->v, &g->n, sizeof(*g->v));
}

struct view_event *view_events_add(struct view_events *e)
{
	return grow(&e->v, &e->n, sizeof(*e->v));
}

struct view_extent *view_volume_add_extent(struct view_volume *v)
{
	return grow(&v->extents, &v->n_extents, sizeof(*v->extents));
}

struct view_alarm *view_status_add_alarm(struct view_status *s)
{
	return grow(&s->alarms, &s->n_alarms, sizeof(*s->alarms));
}

struct view_hold *view_status_add_hold(struct view_status *s)
{
	return grow(&s->holds, &s->n_holds, sizeof(*s->holds));
}

struct view_counter *view_status_add_counter(struct view_status *s)
{
	return grow(&s->counters, &s->n_counters, sizeof(*s->counters));
}

int view_mapping_add_id(struct view_mapping *m, uint64_t map_id)
{
	uint64_t *id = grow(&m->map_ids, &m->n_map_ids, sizeof(*id));

	if (!id)
		return -ENOMEM;
	*id = map_id;
	return 0;
}

void view_mapping_deinit(struct view_mapping *m)
{
	free(m->map_ids);
	memset(m, 0, sizeof(*m));
}

void view_volume_deinit(struct view_volume *v)
{
	free(v->extents);
	view_mapping_deinit(&v->mapping);
	memset(v, 0, sizeof(*v));
}

void view_pools_deinit(struct view_pools *p)
{
	free(p->v);
	memset(p, 0, sizeof(*p));
}

void view_candidates_deinit(struct view_candidates *c)
{
	free(c->v);
	memset(c, 0, sizeof(*c));
}

void view_volumes_deinit(struct view_volumes *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		view_volume_deinit(&v->v[i]);
	free(v->v);
	memset(v, 0, sizeof(*v));
}

void view_mappings_deinit(struct view_mappings *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		view_mapping_deinit(&m->v[i]);
	free(m->v);
	memset(m, 0, sizeof(*m));
}

void view_guests_deinit(struct view_guests *g)
{
	free(g->v);
	memset(g, 0, sizeof(*g));
}

void view_events_deinit(struct view_events *e)
{
	free(e->v);
	memset(e, 0, sizeof(*e));
}

void view_status_deinit(struct view_status *s)
{
	free(s->alarms);
	view_pools_deinit(&s->pools);
	view_mappings_deinit(&s->mappings);
	free(s->holds);
	free(s->counters);
	memset(s, 0, sizeof(*s));
}
